/** How long an HTML report takes: `node test/bench/report.js [records]` writes that of a student with so many, and says the times. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  const platform = join(folder, 'platform');
  cpSync(at('samples/transfer'), platform, { recursive: true });
  const document = join(
    platform,
    readdirSync(platform).find((name) => name.endsWith('.json')),
  );
  const [student] = JSON.parse(readFileSync(document, 'utf8'));
  const [course] = student.課程學習成果紀錄;
  student.課程學習成果紀錄 = Array.from({ length: records }, (_, i) => ({ ...course, 科目名稱: `${course.科目名稱} ${i + 1}` }));
  writeFileSync(document, JSON.stringify([student]));
  lpx('init', '--school', '990001');
  lpx('load', platform);
  const id = student.基本資料['國民身分證統一編號(或居留證統一證號)'];
  const without = best(() => lpx('show', id));
  const html = join(folder, 'report.html');
  const withReport = best(() => lpx('show', id, '--html', html, '--overwrite'));
  const bytes = readFileSync(html).length;
  console.log(`${records} records: show ${without} ms, show --html ${withReport} ms, a report of ${Math.round(bytes / 1024)} KB`);
} finally {
  rmSync(folder, { recursive: true });
}
