import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const bundleOf = (file: string) => new URL(file === 'worker.js' ? './dist/bundle/worker.js' : `./dist/lib/${file}`, import.meta.url).href;

/** Tests run on the sources; a worker thread, which Node starts without vitest, runs its bundle. */
const bundledWorker = {
  name: 'bundled-worker',
  transform: (code: string, id: string) =>
    id.startsWith(at('src/'))
      ? code.replace(
          /new URL\((['"])\.\/((?:[\w-]+-)?worker\.js)\1, import\.meta\.url\)/,
          (_match, _quote, file: string) => `new URL(${JSON.stringify(bundleOf(file))})`,
        )
      : undefined,
};

/** Where Node.js has SQLite itself, the store's tests run once more with the add-on, as on a Node.js without. */
const projects = [
  { extends: true as const, test: { name: 'lpx', include: ['test/**/*.test.{ts,tsx}'] } },
  { extends: true as const, test: { name: 'add-on', include: ['test/store/**/*.test.ts'], setupFiles: ['test/support/add-on.ts'] } },
];

export default defineConfig({
  plugins: [bundledWorker],
  resolve: { alias: [{ find: /^#lpx\/(.*)\.js$/, replacement: at('src/$1') }] },
  test: {
    projects: isBuiltin('node:sqlite') ? projects : projects.slice(0, 1),
    testTimeout: 900_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.{ts,tsx}'],
      exclude: ['src/**/generated/**', 'src/**/*.as.ts'],
      reporter: ['json-summary', 'html'],
      reportOnFailure: true,
    },
  },
});
