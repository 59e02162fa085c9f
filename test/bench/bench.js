/**
 * lpx against 7-Zip and md5sum, whole processes in alternating runs: 134 MB in 60 files that do not shrink. And what a
 * short command takes, against Node.js alone. Prints medians with their spread, the ratio, and lpx's peak memory; writes
 * them to bench-results/ as JSON and as a bar chart.
 * `--quick`: three runs of each instead of seven.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { barChart } from './chart.js';
import { defaultFields, writeFolder } from './folder.js';

const BINARY = fileURLToPath(new URL('../../bin/lpx.js', import.meta.url));
const PEAK_RSS = fileURLToPath(new URL('./peak-rss.mjs', import.meta.url));
const RUNS = process.argv.includes('--quick') ? 3 : 7;
const FILES = 60;
const FILE_BYTES = 2_236_667;
/** One student of an ordinary size. */
const FEW_FILES = 20;
const FEW_FILE_BYTES = 200_000;
const STUDENT = 'A800000014';
const PASSWORD = 'Sample-Pass-2021';

const work = mkdtempSync(join(tmpdir(), 'lpx-bench-'));
const at = (...parts) => join(work, ...parts);
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const env = { ...process.env, LC_ALL: 'C.UTF-8', LPX_PASSWORD: PASSWORD };
const run = (command, words, options = {}) => {
  const { status, stderr } = spawnSync(command, words, { stdio: ['ignore', 'ignore', 'pipe'], env, ...options });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}`);
};
const lpx = (words, options) => run(process.execPath, [BINARY, '--quiet', ...words], options);
const timed = (job) => {
  const started = process.hrtime.bigint();
  job();
  return Number(process.hrtime.bigint() - started) / 1e6;
};
/** 7-Zip leaves its writes to the system, and whoever syncs next would wait for them. */
const settle = () => run('sync', []);
const fresh = (folder) => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
};

/** The school, its store, and the same content as a plain folder for 7-Zip. */
function prepare() {
  for (const [platform, store, files, bytes] of [
    ['platform', 'from', FILES, FILE_BYTES],
    ['platform-few', 'from-few', FEW_FILES, FEW_FILE_BYTES],
  ]) {
    writeFolder(at(platform), { nationalId: STUDENT, schoolCode: '990001', records: recordsOf(files, bytes) });
    lpx(['--store', at(store), 'init', '--school', '990001']);
    lpx(['--store', at(store), 'load', at(platform)]);
  }
  lpx(['--store', at('empty'), 'init', '--school', '990002']);
}

const recordsOf = (files, fileBytes) =>
  Array.from({ length: files }, (_, i) => ({
    fields: {
      ...defaultFields('courseResults'),
      originSchoolCode: '990001',
      academicYear: 109,
      semester: 1,
      courseCode: '109990001H11101A1010101',
      subjectName: `科目${i}`,
      brief: '簡述',
      certification: '1',
      uploadTerm: '1091',
      createdAt: `2021-01-10 14:03:${String(i).padStart(2, '0')}`,
    },
    bytes: Buffer.concat([Buffer.from('%PDF-1.4\n'), randomBytes(fileBytes - 9)]),
  }));

const exportTo = (encryption, store = 'from') => [
  '--store',
  at(store),
  'export',
  STUDENT,
  '--reason',
  'transfer',
  '--left',
  '2021-01-22',
  '--encryption',
  encryption,
  '--out',
  at('ours'),
];
const zipIn = (folder) =>
  join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.zip')),
  );

function jobs(encryption) {
  const method = encryption === 'aes256' ? 'AES256' : 'ZipCrypto';
  const mail = at(`package-${encryption}`);
  fresh(mail);
  lpx([...exportTo(encryption).slice(0, -1), mail]);
  const zip = zipIn(mail);
  return [
    {
      name: `export, ${encryption}`,
      against: '7zz a -tzip -mx0 + md5sum',
      setUp: () => fresh(at('ours')),
      ours: () => lpx(exportTo(encryption)),
      setUpTheirs: () => fresh(at('theirs')),
      theirs: () =>
        run(
          'sh',
          [
            '-c',
            `7zz a -tzip -mx0 -mem=${method} -p${PASSWORD} ${at('theirs', 'p.zip')} . && md5sum ${at('theirs', 'p.zip')} > ${at('theirs', 'p.zip.md5')}`,
          ],
          { cwd: at('platform') },
        ),
    },
    {
      name: `verify, ${encryption}`,
      against: 'md5sum -c + 7zz t',
      setUp: () => {},
      ours: () => lpx(['verify', zip]),
      setUpTheirs: () => {},
      theirs: () => run('sh', ['-c', `md5sum -c ${basename(zip)}.md5 && 7zz t -p${PASSWORD} ${basename(zip)}`], { cwd: mail }),
    },
    {
      name: `import, ${encryption}`,
      against: 'md5sum -c + 7zz x',
      setUp: () => {
        rmSync(at('to'), { recursive: true, force: true });
        cpSync(at('empty'), at('to'), { recursive: true });
      },
      ours: () => lpx(['--store', at('to'), 'import', zip, '--create-students']),
      setUpTheirs: () => fresh(at('unpacked')),
      theirs: () =>
        run('sh', ['-c', `md5sum -c ${basename(zip)}.md5 && 7zz x -p${PASSWORD} -o${at('unpacked')} ${basename(zip)}`], { cwd: mail }),
    },
  ];
}

/** What a person waits for at every command. */
const shortJobs = () =>
  [
    ['export of one student, 20 files of 200 kB', () => lpx(exportTo('aes256', 'from-few')), () => fresh(at('ours'))],
    ['lpx --version', () => lpx(['--version']), () => {}],
    ['lpx --help', () => lpx(['--help']), () => {}],
  ].map(([name, ours, setUp]) => ({
    name,
    against: 'node -e 0',
    setUp,
    ours,
    setUpTheirs: () => {},
    theirs: () => run(process.execPath, ['-e', '0']),
  }));

function measure(job) {
  const ours = [];
  const theirs = [];
  for (let i = 0; i < RUNS; i++) {
    job.setUp();
    settle();
    ours.push(timed(job.ours));
    job.setUpTheirs();
    settle();
    theirs.push(timed(job.theirs));
  }
  job.setUp();
  const rssFile = at('rss');
  const before = env.NODE_OPTIONS;
  env.NODE_OPTIONS = `--import=${PEAK_RSS}`;
  env.LPX_BENCH_RSS = rssFile;
  job.ours();
  env.NODE_OPTIONS = before ?? '';
  const peakRssMiB = Math.round(Number(readFileSync(rssFile, 'utf8')) / 1024);
  return {
    job: job.name,
    against: job.against,
    oursMs: spread(ours),
    theirsMs: spread(theirs),
    ratio: median(ours) / median(theirs),
    peakRssMiB,
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const spread = (values) => ({
  median: Math.round(median(values)),
  min: Math.round(Math.min(...values)),
  max: Math.round(Math.max(...values)),
});
const shown = ({ median, min, max }) => `${median} (${min}–${max})`;

const version = (command, words, pattern) => pattern.exec(execFileSync(command, words, { encoding: 'utf8' }))?.[0] ?? '?';
const machine = {
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  node: process.version,
  sevenZip: version('7zz', ['i'], /7-Zip \(z\) [\d.]+/),
  bytes: FILES * FILE_BYTES,
  files: FILES,
  runs: RUNS,
};

console.log(
  `${machine.cpu}, ${machine.cores} cores; Node ${machine.node}; ${machine.sevenZip}; ${FILES} files, ${(machine.bytes / 1e6).toFixed(0)} MB; ${RUNS} alternating runs, ms: median (min–max)\n`,
);
prepare();
const results = [...['aes256', 'zipcrypto'].flatMap(jobs), ...shortJobs()].map(measure);
console.log('| job | lpx | the other | ratio | lpx peak RSS |\n|---|---|---|---|---|');
for (const one of results)
  console.log(
    `| ${one.job}, against ${one.against} | ${shown(one.oursMs)} | ${shown(one.theirsMs)} | ${one.ratio.toFixed(2)} | ${one.peakRssMiB} MiB |`,
  );

const resultsFolder = fileURLToPath(new URL('../../bench-results/', import.meta.url));
mkdirSync(resultsFolder, { recursive: true });
writeFileSync(join(resultsFolder, 'bench.json'), `${JSON.stringify({ machine, results }, null, 2)}\n`);
writeFileSync(
  join(resultsFolder, 'bench.svg'),
  barChart(
    machine,
    results.filter((one) => one.against !== 'node -e 0'),
  ),
);
