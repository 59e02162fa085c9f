/** For `node --require`: a Node.js without SQLite, where the add-on is not installed. */
const Module = require('node:module');

const { getBuiltinModule } = process;
process.getBuiltinModule = (name) => (name === 'node:sqlite' ? undefined : getBuiltinModule(name));
const { _resolveFilename: resolve } = Module;
Module._resolveFilename = (name, ...rest) => resolve(name === 'libsql' ? 'libsql-that-is-not-installed' : name, ...rest);
