/** Only for Node.js before 22.1, which does not keep compiled code itself (`module.enableCompileCache`). Goes when Node.js 20 goes. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

const WRAPPER = '(function (exports, require, module, __filename, __dirname) {';

/**
 * Loads the program part by part, each from its compiled form in `compiledFolder`: a third of a short command's time would
 * go into compiling. What had none gets it when the process ends, with the functions that ran.
 * @returns the program's exports
 */
export function loadCompiled(bundleFolder, compiledFolder) {
  const requireLibrary = createRequire(bundleFolder);
  const modules = new Map();
  const uncompiled = new Map();
  const load = (name) => {
    const loaded = modules.get(name);
    if (loaded) return loaded.exports;
    const filename = join(bundleFolder, name);
    const source = `${WRAPPER}${readFileSync(filename, 'utf8')}\n})`;
    // V8 refuses what another version of it compiled, but of the source it only compares the length.
    const compiledForm = join(compiledFolder, `${process.version}-${crc32(source).toString(16)}-${name.slice('./'.length)}`);
    const script = new Script(source, { filename, columnOffset: -WRAPPER.length, cachedData: contentOf(compiledForm) });
    const module = { exports: {} };
    modules.set(name, module);
    if (script.cachedDataRejected !== false) uncompiled.set(compiledForm, script);
    script.runInThisContext()(module.exports, require, module, filename, bundleFolder);
    return module.exports;
  };
  const require = (name) => (name.startsWith('./') ? load(name) : requireLibrary(name));
  process.on('exit', () => keep(uncompiled, compiledFolder));
  return load('./main.js');
}

function contentOf(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Where nothing can be written, the next run compiles again. */
function keep(scripts, folder) {
  try {
    mkdirSync(folder, { recursive: true });
    for (const [file, script] of scripts) {
      writeFileSync(`${file}.${process.pid}`, script.createCachedData());
      renameSync(`${file}.${process.pid}`, file);
    }
  } catch {}
}
