/** How long an HTML report takes: `node test/bench/report.js [records]` writes that of a student with so many, and says the times. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';

const records = Number(process.argv[2] ?? 300);
const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lpx-bench-'));
const lpx = (...words) => execaSync(process.execPath, [at('bin/lpx.js'), '--store', join(folder, 'store'), ...words]);
const ms = (work) => {
  const started = performance.now();
  work();
  return performance.now() - started;
};
const best = (work) => Math.round(Math.min(...Array.from({ length: 5 }, () => ms(work))));

try {
  const sample = at('samples/transfer');
  const document = readdirSync(sample).find((name) => name.endsWith('.json'));
  const [student] = JSON.parse(readFileSync(join(sample, document), 'utf8'));
  const [work] = student.多元表現.作品成果紀錄;
  const { 作品成果文件連結: _link, 作品成果文件MD5: _md5, ...plain } = work;
  student.多元表現 = { 作品成果紀錄: Array.from({ length: records }, (_, i) => ({ ...plain, 名稱: `作品 ${i + 1}` })) };
  student.課程學習成果紀錄 = [];
  mkdirSync(join(folder, 'platform'));
  writeFileSync(join(folder, 'platform', document), JSON.stringify([student]));
  lpx('init', '--school', '990001');
  lpx('load', join(folder, 'platform'));
  const id = student.基本資料['國民身分證統一編號(或居留證統一證號)'];
  const without = best(() => lpx('show', id));
  const html = join(folder, 'report.html');
  const withReport = best(() => lpx('show', id, '--html', html, '--overwrite'));
  const bytes = readFileSync(html).length;
  console.log(`${records} records: show ${without} ms, show --html ${withReport} ms, a report of ${Math.round(bytes / 1024)} KB`);
} finally {
  rmSync(folder, { recursive: true });
}
