/** A module of `src/` as one file that Node runs by itself, for tests that need it in another process. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url));
const MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/** @param module path below `src/`, `.ts` @returns the path of the bundle in `folder` */
export async function bundled(module: string, folder: string): Promise<string> {
  const bundle = await rolldown({
    input: join(SOURCE, module),
    platform: 'node',
    plugins: [
      {
        name: 'add-ons',
        transform: (code) => code.replaceAll('createRequire(import.meta.url)', `createRequire(${JSON.stringify(MODULES)})`),
      },
    ],
    logLevel: 'silent',
  });
  const file = join(folder, 'module.mjs');
  await bundle.write({ file, format: 'esm', codeSplitting: false });
  await bundle.close();
  return file;
}
