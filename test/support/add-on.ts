/** Makes this process's Node.js one without SQLite, so that the store takes the add-on. */
const { getBuiltinModule } = process;
process.getBuiltinModule = ((name: string) => (name === 'node:sqlite' ? undefined : getBuiltinModule(name))) as typeof getBuiltinModule;
