/** Loads the bundled program from the compiled form that the build left beside it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const BUNDLE = fileURLToPath(new URL('../dist/bundle/main.cjs', import.meta.url));
export const COMPILED = `${BUNDLE}.compiled`;

/**
 * Half of a short command's time would go into parsing the bundle. V8 takes the compiled form only when it
 * is its own, of this very version; else it compiles the bundle anew.
 * @returns the program's exports, and the script for whoever makes the compiled form
 */
export function start() {
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${readFileSync(BUNDLE, 'latin1')}\n})`, {
    filename: BUNDLE,
    cachedData: compiled(),
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(BUNDLE), module, BUNDLE, dirname(BUNDLE));
  return { script, program: module.exports };
}

function compiled() {
  try {
    return readFileSync(COMPILED);
  } catch {
    return undefined;
  }
}
