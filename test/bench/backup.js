// Backs a store up, adds news, backs it up again: how long it takes, what is written, and how much memory; then the doctor and a restore.
// Usage: node test/bench/backup.js [GB of files, 5] [MB of news, 10]. It needs room for the store, the platform's folder, the backup and the restore.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { courseResults, nationalIds, writeFolder } from './folder.js';

const [gigabytes, news] = [Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 10)];
const FILE_BYTES = 500_000;
const RECORDS = 50;
const folder = mkdtempSync(join(process.env.LPX_BENCH_FOLDER ?? tmpdir(), 'lpx-backup-'));
const LPX = fileURLToPath(new URL('../../bin/lpx.js', import.meta.url));
/** Prints the most memory that the process had resident, in MB, when it ends. */
const MEASURE = `data:text/javascript,process.on('exit',()=>console.error('RSS',Math.round(process.resourceUsage().maxRSS/1024)))`;

function lpx(...words) {
  const started = performance.now();
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', MEASURE, LPX, '--json', '--store', join(folder, 'store'), ...words],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  if (status !== 0) throw new Error(`${words.join(' ')}: ${status} ${stdout.slice(0, 2000)}`);
  const [, rss] = /RSS (\d+)/.exec(stderr) ?? [];
  const json = JSON.parse(stdout);
  const written = json.bytesWritten === undefined ? '' : `${(json.bytesWritten / 1e6).toFixed(1)} MB written in ${json.filesWritten} files`;
  console.log(
    `${words[0].padEnd(8)} ${((performance.now() - started) / 1000).toFixed(1).padStart(8)} s  ${String(rss).padStart(4)} MB RSS  ${written}`,
  );
  return json;
}

/** Loads so many bytes of files, of students from `from` on. */
function load(bytes, from) {
  const students = Math.max(1, Math.ceil(bytes / FILE_BYTES / RECORDS));
  for (let i = 0; i < students; i++) {
    const platform = join(folder, `platform-${from + i}`);
    const records = courseResults(Math.min(RECORDS, Math.ceil(bytes / FILE_BYTES)), randomBytes(FILE_BYTES), String(from + i));
    writeFolder(platform, { schoolCode: '990001', students: [{ nationalId: nationalIds(1, from + i)[0], records }] });
    const { status, stdout } = spawnSync(process.execPath, [LPX, '--json', '--store', join(folder, 'store'), 'load', platform], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stdout.slice(0, 2000));
    rmSync(platform, { recursive: true });
  }
}

try {
  lpx('init', '--school', '990001');
  load(gigabytes * 1e9, 0);
  const repository = join(folder, 'repository');
  lpx('backup', repository);
  load(news * 1e6, 1000);
  lpx('backup', repository);
  lpx('backup', repository, '--keep', '1');
  lpx('backup', repository, '--rehearse', '--scratch', folder);
  lpx('restore', repository, join(folder, 'restored'));
  lpx('doctor');
  lpx('doctor', '--quick');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
