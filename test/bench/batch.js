/**
 * A term's end: a package for each of many students, against shell loops over 7-Zip and md5sum, whole processes in
 * alternating runs; and the import of them, also into a store that holds many others. Prints medians with their spread and
 * the ratio, and writes them to bench-results/batch.json.
 * `--quick`: a fifth of the students, and a tenth of the others.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { courseResults, fillStore, nationalIds, writeFolder } from './folder.js';

const BINARY = fileURLToPath(new URL('../../bin/lpx.js', import.meta.url));
const QUICK = process.argv.includes('--quick');
const RUNS = QUICK ? 3 : 5;
const STUDENTS = QUICK ? 40 : 200;
const FILES = 20;
const FILE_BYTES = 200_000;
const OTHERS = QUICK ? 10_000 : 100_000;
const RECORDS = 3;
const PASSWORD = 'Sample-Pass-2021';

const work = mkdtempSync(join(tmpdir(), 'lpx-bench-'));
const at = (...parts) => join(work, ...parts);
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const env = { ...process.env, LC_ALL: 'C.UTF-8' };
delete env.NODE_EXTRA_CA_CERTS;
const run = (command, words, options = {}) => {
  const { status, stderr } = spawnSync(command, words, { stdio: ['ignore', 'ignore', 'pipe'], env, ...options });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}`);
};
const lpx = (...words) => run(process.execPath, [BINARY, '--quiet', ...words]);
const sh = (script, cwd) => run('sh', ['-c', script], { cwd });
const timed = (job) => {
  const started = process.hrtime.bigint();
  job();
  return Number(process.hrtime.bigint() - started) / 1e6;
};
const fresh = (...folders) => {
  for (const folder of folders) {
    rmSync(at(folder), { recursive: true, force: true });
    mkdirSync(at(folder), { recursive: true });
  }
};
const renew = (from, to) => {
  rmSync(at(to), { recursive: true, force: true });
  cpSync(at(from), at(to), { recursive: true });
};

/** One after the other: a process that holds all their files takes longer to start others. */
function* students() {
  const noise = randomBytes(FILE_BYTES);
  for (const nationalId of nationalIds(STUDENTS)) yield { nationalId, records: courseResults(FILES, noise, nationalId) };
}

async function prepare() {
  writeFolder(at('platform'), { schoolCode: '990001', students: students() });
  lpx('--store', at('loaded'), 'init', '--school', '990001');
  lpx('--store', at('loaded'), 'load', at('platform'));
  lpx('--store', at('empty'), 'init', '--school', '990002');
  await fillStore(at('full'), nationalIds(OTHERS, STUDENTS), RECORDS);
  const rows = nationalIds(STUDENTS).map((nationalId) => `${nationalId},transfer,2021-01-22,990002`);
  writeFileSync(at('list.csv'), ['nationalId,reason,left,to', ...rows, ''].join('\n'));
  renew('loaded', 'from');
  fresh('mail');
  exportTo('from', 'mail', 'secret');
}

const exportTo = (store, mail, secret) =>
  lpx('--store', at(store), 'batch', 'export', at('list.csv'), '--out', at(mail), '--passwords', at(secret));
const importTo = (store) => lpx('--store', at(store), 'batch', 'import', at('inbox'), '--passwords', at('secret'), '--create-students');
/** The packages as they arrive; an import moves them. */
const renewInbox = () => renew('mail/990002', 'inbox');

const exporting = {
  name: `export of ${STUDENTS} students in ${STUDENTS} packages, ${FILES} files of 200 kB each`,
  against: 'a shell loop of 7zz a + md5sum',
  setUp: () => {
    fresh('ours');
    rmSync(at('ours-secret'), { recursive: true, force: true });
    renew('loaded', 'store');
  },
  ours: () => exportTo('store', 'ours', 'ours-secret'),
  setUpTheirs: () => fresh('theirs'),
  theirs: () =>
    sh(
      `for one in A*; do 7zz a -tzip -mx0 -mem=AES256 -p${PASSWORD} ${at('theirs')}/$one.zip $one && md5sum ${at('theirs')}/$one.zip > ${at('theirs')}/$one.zip.md5 || exit 1; done`,
      at('platform'),
    ),
};

const importing = {
  name: `import of ${STUDENTS} packages`,
  against: 'a shell loop of md5sum -c + 7zz x',
  setUp: () => {
    renewInbox();
    renew('empty', 'to');
  },
  ours: () => importTo('to'),
  setUpTheirs: () => fresh('unpacked'),
  theirs: () =>
    sh(`for one in *.zip; do md5sum -c $one.md5 && 7zz x -p${PASSWORD} -o${at('unpacked')}/$one $one || exit 1; done`, at('theirs-signed')),
};

const intoFull = {
  name: `the same, into a store of ${OTHERS.toLocaleString('en')} students`,
  against: 'into an empty store',
  setUp: () => {
    renewInbox();
    renew('full', 'to');
  },
  ours: () => importTo('to'),
  setUpTheirs: importing.setUp,
  theirs: () => importTo('to'),
};

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const spread = (values) => ({ median: median(values), min: Math.min(...values), max: Math.max(...values) });
const shown = ({ median, min, max }) =>
  [median, `(${Math.round(min)}–${Math.round(max)})`].map((n) => (typeof n === 'number' ? Math.round(n) : n)).join(' ');

function measure(job) {
  const [ours, theirs] = [[], []];
  for (let i = 0; i < RUNS; i++) {
    job.setUp();
    run('sync', []);
    ours.push(timed(job.ours));
    job.setUpTheirs();
    run('sync', []);
    theirs.push(timed(job.theirs));
  }
  const result = {
    job: job.name,
    against: job.against,
    oursMs: spread(ours),
    theirsMs: spread(theirs),
    ratio: median(ours) / median(theirs),
  };
  console.log(`| ${job.name}, against ${job.against} | ${shown(result.oursMs)} | ${shown(result.theirsMs)} | ${result.ratio.toFixed(2)} |`);
  return result;
}

console.log(`${availableParallelism()} cores, Node ${process.version}; ${RUNS} alternating runs, ms: median (min–max)\n`);
await prepare();
console.log('| job | lpx | the other | ratio |\n|---|---|---|---|');
const results = [measure(exporting)];
if (process.argv.includes('--export')) process.exit();
// The loop's own packages, all under one password as its script has it.
renew('theirs', 'theirs-signed');
for (const name of readdirSync(at('theirs-signed')).filter((file) => file.endsWith('.md5')))
  sh(`md5sum ${name.slice(0, -4)} > ${name}`, at('theirs-signed'));
results.push(measure(importing), measure(intoFull));

const resultsFolder = fileURLToPath(new URL('../../bench-results/', import.meta.url));
mkdirSync(resultsFolder, { recursive: true });
writeFileSync(join(resultsFolder, 'batch.json'), `${JSON.stringify({ cores: availableParallelism(), runs: RUNS, results }, null, 2)}\n`);
