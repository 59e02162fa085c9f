/** Loads the bundled program, with its code compiled by an earlier run where there is one. */
import * as module from 'node:module';
import { fileURLToPath } from 'node:url';
import { loadCompiled } from './node-20.js';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
/** In lpx's own folder, so that no other user's code can get in. Where that may not be written to, nothing is kept. */
const COMPILED = at('../dist/compiled');

/** @returns the program's exports */
export function start() {
  if (!module.enableCompileCache) return { program: loadCompiled(at('../dist/bundle/'), COMPILED) };
  module.enableCompileCache(COMPILED);
  return { program: module.createRequire(import.meta.url)('../dist/bundle/main.js') };
}
