import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const BUNDLED_WORKER = new URL('./dist/bundle/worker.js', import.meta.url).href;

/** Tests run on the sources; a worker thread, which Node starts without vitest, runs its bundle. */
const bundledWorker = {
  name: 'bundled-worker',
  transform: (code: string, id: string) =>
    id.startsWith(at('src/'))
      ? code.replace(/new URL\((['"])\.\/worker\.js\1, import\.meta\.url\)/, () => `new URL(${JSON.stringify(BUNDLED_WORKER)})`)
      : undefined,
};

export default defineConfig({
  plugins: [bundledWorker],
  resolve: { alias: [{ find: /^#lpx\/(.*)\.js$/, replacement: at('src/$1.ts') }] },
  test: { include: ['test/**/*.test.ts'], testTimeout: 1_800_000 },
});
