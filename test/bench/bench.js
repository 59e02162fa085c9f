/**
 * lpx against 7-Zip and md5sum, whole processes in alternating runs: 134 MB in 60 files that do not shrink, and many
 * students; and against all the tools that together do the same work. What a short command takes, against Node.js alone;
 * what a big store costs, against an empty one; how much memory a big package takes. Prints medians with their spread,
 * the ratio, and lpx's peak memory; writes them to bench-results/ as JSON and as a bar chart.
 * `--quick`: three runs of each instead of seven, and a tenth of the students and of the big package.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { barChart } from './chart.js';
import { courseResults, fillStore, nationalIds, writeFolder } from './folder.js';

const BINARY = fileURLToPath(new URL('../../bin/lpx.js', import.meta.url));
const PEAK_RSS = fileURLToPath(new URL('./peak-rss.mjs', import.meta.url));
const QUICK = process.argv.includes('--quick');
const RUNS = QUICK ? 3 : 7;
const FILES = 60;
const FILE_BYTES = 2_236_667;
/** One student of an ordinary size. */
const FEW_FILES = 20;
const FEW_FILE_BYTES = 200_000;
/** A school's worth of students, each of that size. */
const MANY_STUDENTS = QUICK ? 20 : 200;
/** What a store may hold before its size shows. */
const STORE_STUDENTS = QUICK ? 10_000 : 100_000;
const STORE_RECORDS = 3;
/** A package of 5 GB: files as big as the limits allow. */
const BIG_STUDENTS = QUICK ? 7 : 64;
const BIG_FILE_BYTES = 4_000_000;
const STUDENT = 'A800000014';
const PASSWORD = 'Sample-Pass-2021';

const work = mkdtempSync(join(tmpdir(), 'lpx-bench-'));
const at = (...parts) => join(work, ...parts);
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const env = { ...process.env, LC_ALL: 'C.UTF-8', LPX_PASSWORD: PASSWORD };
/** With it, Node.js reads certificates at every start before anything else, for 30 ms; lpx opens no connection. */
delete env.NODE_EXTRA_CA_CERTS;
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
const settle = () => {
  run('sync', []);
  // A student's packages have names a second apart: an export in the same second would wait for the next.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);
};
const fresh = (folder) => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
};

/** A school's students as its platform hands them over, which is what 7-Zip packs too, and its store. */
function prepareSchool(platform, store, students) {
  writeFolder(at(platform), { schoolCode: '990001', students });
  lpx(['--store', at(store), 'init', '--school', '990001']);
  lpx(['--store', at(store), 'load', at(platform)]);
}

function prepare() {
  prepareSchool('platform', 'from', [{ nationalId: STUDENT, records: recordsOf(FILES, FILE_BYTES) }]);
  prepareSchool('platform-few', 'from-few', [{ nationalId: STUDENT, records: recordsOf(FEW_FILES, FEW_FILE_BYTES) }]);
  lpx(['--store', at('empty'), 'init', '--school', '990002']);
  lpx(['--store', at('unloaded'), 'init', '--school', '990001']);
}

/** One after the other: a process that holds them all takes longer to start others. */
function* schoolOf(count, fileBytes) {
  for (const nationalId of nationalIds(count)) yield { nationalId, records: recordsOf(FEW_FILES, fileBytes) };
}

const recordsOf = (files, fileBytes) => courseResults(files, randomBytes(fileBytes));

/** The words of an export, and the folder it goes to. */
const exportTo = (folder, encryption, store = 'from', who = STUDENT) => [
  '--store',
  at(store),
  'export',
  // Again and again, also those who left by the export before.
  ...(who === '--all' ? ['--all', '--include-left'] : [who]),
  '--reason',
  'transfer',
  '--left',
  '2021-01-22',
  '--encryption',
  encryption,
  '--out',
  at(folder),
];
/** Puts a copy of a store where imports go to. */
const renewStore = (from) => {
  rmSync(at('to'), { recursive: true, force: true });
  cpSync(at(from), at('to'), { recursive: true });
};
const zipIn = (folder) =>
  join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.zip')),
  );

function jobs(encryption) {
  const method = encryption === 'aes256' ? 'AES256' : 'ZipCrypto';
  const mail = at(`package-${encryption}`);
  fresh(mail);
  lpx(exportTo(`package-${encryption}`, encryption));
  const zip = zipIn(mail);
  return [
    {
      name: `export, ${encryption}`,
      against: '7zz a -tzip -mx0 + md5sum',
      setUp: () => fresh(at('ours')),
      ours: () => lpx(exportTo('ours', encryption)),
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
      setUp: () => renewStore('empty'),
      ours: () => lpx(['--store', at('to'), 'import', zip, '--create-students']),
      setUpTheirs: () => fresh(at('unpacked')),
      theirs: () =>
        run('sh', ['-c', `md5sum -c ${basename(zip)}.md5 && 7zz x -p${PASSWORD} -o${at('unpacked')} ${basename(zip)}`], { cwd: mail }),
    },
  ];
}

/**
 * What lpx does, by the tools that do the same: every file hashed twice (the spec's MD5, the SHA-256 that a store finds it
 * by), kept, and brought to the disk.
 */
function sameWorkJobs() {
  const mail = at('package-aes256');
  const zip = zipIn(mail);
  const hashes = 'find . -type f -exec md5sum {} + > ../md5 && find . -type f -exec sha256sum {} + > ../sha256';
  return [
    {
      name: 'import, aes256, the same work',
      label: 'import, the same work',
      against: 'md5sum -c + 7zz x + md5sum and sha256sum of every file + sync',
      setUp: () => renewStore('empty'),
      ours: () => lpx(['--store', at('to'), 'import', zip, '--create-students']),
      setUpTheirs: () => fresh(at('unpacked')),
      theirs: () =>
        run(
          'sh',
          [
            '-c',
            `md5sum -c ${basename(zip)}.md5 && 7zz x -p${PASSWORD} -o${at('unpacked')} ${basename(zip)} && cd ${at('unpacked')} && ${hashes} && sync`,
          ],
          { cwd: mail },
        ),
    },
    {
      name: 'load and export, aes256, the same work',
      label: 'load and export, the same work',
      against: 'md5sum and sha256sum of every file + cp + 7zz a + md5sum + sync',
      setUp: () => {
        renewStore('unloaded');
        fresh(at('ours'));
      },
      ours: () => {
        lpx(['--store', at('to'), 'load', at('platform')]);
        lpx(exportTo('ours', 'aes256', 'to'));
      },
      setUpTheirs: () => {
        fresh(at('theirs'));
        rmSync(at('copy'), { recursive: true, force: true });
      },
      theirs: () =>
        run(
          'sh',
          [
            '-c',
            `${hashes} && cp -r . ${at('copy')} && cd ${at('copy')} && 7zz a -tzip -mx0 -mem=AES256 -p${PASSWORD} ${at('theirs', 'p.zip')} . && md5sum ${at('theirs', 'p.zip')} > ${at('theirs', 'p.zip.md5')} && sync`,
          ],
          { cwd: at('platform') },
        ),
    },
  ];
}

/** What a person waits for at every command. */
const shortJobs = () =>
  [
    ['export of one student, 20 files of 200 kB', () => lpx(exportTo('ours', 'aes256', 'from-few')), () => fresh(at('ours'))],
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

/** What a term's end brings: a package for each student by hand, or one for all. */
function manyJob() {
  prepareSchool('platform-many', 'from-many', schoolOf(MANY_STUDENTS, FEW_FILE_BYTES));
  return {
    name: `export of ${MANY_STUDENTS} students, 20 files of 200 kB each, per student`,
    label: `${MANY_STUDENTS} students, for each`,
    against: 'a shell loop of 7zz a + md5sum',
    per: MANY_STUDENTS,
    runs: 3,
    setUp: () => fresh(at('ours')),
    ours: () => lpx(exportTo('ours', 'aes256', 'from-many', '--all')),
    setUpTheirs: () => fresh(at('theirs')),
    theirs: () =>
      run(
        'sh',
        [
          '-c',
          `for one in A*; do 7zz a -tzip -mx0 -mem=AES256 -p${PASSWORD} ${at('theirs')}/$one.zip $one && md5sum ${at('theirs')}/$one.zip > ${at('theirs')}/$one.zip.md5 || exit 1; done`,
        ],
        { cwd: at('platform-many') },
      ),
  };
}

async function storeJob() {
  await fillStore(at('full'), nationalIds(STORE_STUDENTS, MANY_STUDENTS), STORE_RECORDS);
  const mail = at('package-few');
  fresh(mail);
  lpx(exportTo('package-few', 'aes256', 'from-few'));
  const importing = () => lpx(['--store', at('to'), 'import', zipIn(mail), '--create-students']);
  return {
    name: `import of one student into a store of ${STORE_STUDENTS.toLocaleString('en')}`,
    against: 'an empty store',
    setUp: () => renewStore('full'),
    ours: importing,
    setUpTheirs: () => renewStore('empty'),
    theirs: importing,
  };
}

function measure(job) {
  const ours = [];
  const theirs = [];
  const { per = 1, runs = RUNS } = job;
  for (let i = 0; i < runs; i++) {
    job.setUp();
    settle();
    ours.push(timed(job.ours) / per);
    job.setUpTheirs();
    settle();
    theirs.push(timed(job.theirs) / per);
  }
  job.setUp();
  return {
    job: job.name,
    label: job.label ?? job.name,
    against: job.against,
    oursMs: spread(ours),
    theirsMs: spread(theirs),
    ratio: median(ours) / median(theirs),
    peakRssMiB: peakRss(job.ours),
  };
}

/** The peak memory of an lpx that the job runs, in MiB. */
function peakRss(job) {
  const before = env.NODE_OPTIONS;
  env.NODE_OPTIONS = `--import=${PEAK_RSS}`;
  env.LPX_BENCH_RSS = at('rss');
  job();
  env.NODE_OPTIONS = before ?? '';
  return Math.round(Number(readFileSync(at('rss'), 'utf8')) / 1024);
}

/** The peak memory of all that is done with a big package. */
function measureMemory() {
  prepareSchool('platform-big', 'from-big', schoolOf(BIG_STUDENTS, BIG_FILE_BYTES));
  rmSync(at('platform-big'), { recursive: true });
  return ['aes256', 'zipcrypto'].map((encryption) => {
    const mail = at('package-big');
    fresh(mail);
    const exporting = peakRss(() => lpx(exportTo('package-big', encryption, 'from-big', '--all')));
    const verifying = peakRss(() => lpx(['verify', zipIn(mail)]));
    renewStore('empty');
    const importing = peakRss(() => lpx(['--store', at('to'), 'import', zipIn(mail), '--create-students']));
    rmSync(at('to'), { recursive: true });
    return { encryption, bytes: BIG_STUDENTS * FEW_FILES * BIG_FILE_BYTES, exporting, verifying, importing };
  });
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
const results = [...['aes256', 'zipcrypto'].flatMap(jobs), ...sameWorkJobs(), ...shortJobs()].map(measure);
results.push(measure(manyJob()), measure(await storeJob()));
console.log('| job | lpx | the other | ratio | lpx peak RSS |\n|---|---|---|---|---|');
for (const one of results)
  console.log(
    `| ${one.job}, against ${one.against} | ${shown(one.oursMs)} | ${shown(one.theirsMs)} | ${one.ratio.toFixed(2)} | ${one.peakRssMiB} MiB |`,
  );

const memory = measureMemory();
for (const { encryption, bytes, exporting, verifying, importing } of memory)
  console.log(
    `\nPeak RSS with a package of ${(bytes / 1e9).toFixed(1)} GB under ${encryption}: export ${exporting} MiB, verify ${verifying} MiB, import ${importing} MiB`,
  );

const resultsFolder = fileURLToPath(new URL('../../bench-results/', import.meta.url));
mkdirSync(resultsFolder, { recursive: true });
writeFileSync(join(resultsFolder, 'bench.json'), `${JSON.stringify({ machine, results, memory }, null, 2)}\n`);
writeFileSync(
  join(resultsFolder, 'bench.svg'),
  barChart(
    machine,
    results.filter((one) => /7zz/.test(one.against)),
  ),
);
