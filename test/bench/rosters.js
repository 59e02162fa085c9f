// Loads a list of many students, as CSV and as a workbook, and a register of a tenth of them: how long it takes, and how much memory.
// Usage: node test/bench/rosters.js [rows]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeXlsx } from 'hucre/xlsx';

const count = Number(process.argv[2] ?? 100_000);
const folder = mkdtempSync(join(tmpdir(), 'lpx-rosters-'));
const LPX = fileURLToPath(new URL('../../bin/lpx.js', import.meta.url));
/** Prints the most memory that the process had resident, in MB, when it ends. */
const MEASURE = `data:text/javascript,process.on('exit',()=>console.error('RSS',Math.round(process.resourceUsage().maxRSS/1024)))`;

const LETTERS = 'ABCDEFGHJKLMNPQRSTUVXYWZIO';

/** A made-up resident number whose checksum holds. */
function madeUpId(i) {
  const letter = 10 + (i % LETTERS.length);
  const start = `8${String(Math.floor(i / LETTERS.length)).padStart(7, '0')}`;
  const digits = [Math.floor(letter / 10), letter % 10, ...[...start].map(Number)];
  const sum = digits.reduce((total, digit, at) => total + digit * [1, 9, 8, 7, 6, 5, 4, 3, 2, 1][at], 0);
  return `${LETTERS[letter - 10]}${start}${(10 - (sum % 10)) % 10}`;
}

const SURNAMES = '王林陳李張黃吳劉蔡楊';
const rows = Array.from({ length: count }, (_, i) => [
  String(1_000_000 + i),
  madeUpId(i),
  `${SURNAMES[i % 10]}小${String.fromCharCode(0x4e00 + (i % 5000))}`,
  `09${3 + (i % 6)}${String(1 + (i % 12)).padStart(2, '0')}${String(1 + (i % 28)).padStart(2, '0')}`,
  `${1 + (i % 3)}${String(1 + (i % 20)).padStart(2, '0')}`,
  1 + (i % 40),
]);
/** Ten rows for each of a tenth of the students, not one after the other. */
const students = rows.slice(0, Math.ceil(count / 10));
const competitions = Array.from({ length: count }, (_, i) => [
  students[i % students.length][1],
  `第${i}屆程式競賽`,
  '全國',
  '優等',
  `1091${i % 2}${10 + (i % 20)}`,
  `與同學合作完成的作品${i}`,
]);
const titled = [['學號', '身分證號', '姓名', '生日', '班級', '座號'], ...rows];
const csv = join(folder, 'list.csv');
const xlsx = join(folder, 'list.xlsx');
writeFileSync(csv, titled.map((row) => row.join(',')).join('\r\n'));
writeFileSync(xlsx, await writeXlsx({ sheets: [{ name: '學生名單', rows: titled }] }));

const few = join(folder, 'few.csv');
writeFileSync(few, [titled[0], ...students].map((row) => row.join(',')).join('\r\n'));
const register = join(folder, 'register.csv');
const registerTitles = ['身分證號', '競賽名稱', '競賽等級', '獎項', '結果公布日期', '內容簡述'];
writeFileSync(register, [registerTitles, ...competitions].map((row) => row.join(',')).join('\r\n'));

const run = (...args) => {
  const start = performance.now();
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--import', MEASURE, LPX, '--lang', 'en', ...args], {
    encoding: 'utf8',
    maxBuffer: 1024 ** 3,
  });
  if (status !== 0) throw new Error(`${stdout}${stderr}`);
  const rss = /RSS (\d+)/.exec(stderr)?.[1];
  return { seconds: ((performance.now() - start) / 1000).toFixed(1), rss, said: stdout.split('\n')[0] };
};

try {
  for (const file of [csv, xlsx]) {
    const store = join(folder, `store-${file.endsWith('csv') ? 'csv' : 'xlsx'}`);
    run('--store', store, 'init', '--school', '990001');
    const mb = (statSync(file).size / 1024 / 1024).toFixed(1);
    for (const what of ['new', 'again']) {
      const { seconds, rss, said } = run('--store', store, 'load', file);
      console.log(`${file.endsWith('csv') ? 'CSV ' : 'XLSX'} ${mb} MB, ${what.padEnd(5)}  ${seconds} s, ${rss} MB  ${said}`);
    }
  }
  const store = join(folder, 'store-register');
  run('--store', store, 'init', '--school', '990001');
  run('--store', store, 'load', few);
  for (const what of ['new', 'again']) {
    const { seconds, rss, said } = run('--store', store, 'load', register);
    console.log(`register, ${what.padEnd(5)}  ${seconds} s, ${rss} MB  ${said}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
