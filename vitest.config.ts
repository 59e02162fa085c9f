import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Tests run on the sources; a worker thread, which Node starts without vitest, runs the built file. */
const builtWorkers = {
  name: 'built-workers',
  transform(code: string, id: string) {
    const folder = relative(at('src'), dirname(id));
    if (folder.startsWith('..')) return undefined;
    return code.replace(/new Worker\(new URL\((['"])(.*?)\1, import\.meta\.url\)/g, (_, _quote, file) => {
      const built = new URL(`./dist/${folder}/${file}`, import.meta.url).href;
      return `new Worker(new URL(${JSON.stringify(built)})`;
    });
  },
};

export default defineConfig({
  plugins: [builtWorkers],
  resolve: { alias: [{ find: /^#lpx\/(.*)\.js$/, replacement: at('src/$1.ts') }] },
  test: { include: ['test/**/*.test.ts'], testTimeout: 300_000 },
});
