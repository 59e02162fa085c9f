/** Prints what `vitest run --coverage` found, a line for each folder of `src/`: which share of its lines and branches tests run. */
import { readFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { total, ...files } = JSON.parse(readFileSync(`${ROOT}coverage/coverage-summary.json`, 'utf8'));

const folders = new Map();
for (const [file, { lines, branches }] of Object.entries(files)) {
  const folder = dirname(relative(ROOT, file));
  const sum = folders.get(folder) ?? { lines: { covered: 0, total: 0 }, branches: { covered: 0, total: 0 } };
  for (const [kind, count] of Object.entries({ lines, branches })) {
    sum[kind].covered += count.covered;
    sum[kind].total += count.total;
  }
  folders.set(folder, sum);
}

const percent = ({ covered, total }) => `${total === 0 ? '–' : ((100 * covered) / total).toFixed(1)} %`.padStart(9);
console.log(`${'folder'.padEnd(26)}    lines  branches`);
for (const [folder, { lines, branches }] of [...folders].sort()) console.log(`${folder.padEnd(26)}${percent(lines)} ${percent(branches)}`);
console.log(`${'all'.padEnd(26)}${percent(total.lines)} ${percent(total.branches)}`);
