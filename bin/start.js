/** Loads the bundled program, part by part, each from the compiled form that the build left beside it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const FOLDER = fileURLToPath(new URL('../dist/bundle/', import.meta.url));
const requireLibrary = createRequire(FOLDER);

/**
 * Half of a short command's time would go into parsing the bundle. V8 takes the compiled form only when it
 * is its own, of this very version; else it compiles the part anew.
 * @returns the program's exports, and the scripts loaded so far for whoever makes the compiled forms
 */
export function start() {
  const modules = new Map();
  const scripts = new Map();
  const load = (name) => {
    const loaded = modules.get(name);
    if (loaded) return loaded.exports;
    const file = join(FOLDER, name);
    const script = new Script(`(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`, {
      filename: file,
      cachedData: compiled(file),
    });
    const module = { exports: {} };
    modules.set(name, module);
    scripts.set(file, script);
    script.runInThisContext()(module.exports, require, module, file, FOLDER);
    return module.exports;
  };
  const require = (name) => (name.startsWith('./') ? load(name) : requireLibrary(name));
  return { program: load('./main.js'), scripts };
}

export const compiledFormOf = (file) => `${file}.compiled`;

function compiled(file) {
  try {
    return readFileSync(compiledFormOf(file));
  } catch {
    return undefined;
  }
}
