/**
 * What one computer does an hour through the queue: packages imported by one worker into a store in PostgreSQL, for docs/sizing.md.
 * `node test/bench/queue.js postgres://user@host/database [students] [jobs]`: an empty database, where the school 990002 is made.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { courseResults, nationalIds, writeFolder } from './folder.js';

const BINARY = fileURLToPath(new URL('../../bin/lpx.js', import.meta.url));
const [, , DATABASE = '', STUDENTS = '100', JOBS = '2'] = process.argv;
const FILES = 20;
const FILE_BYTES = 200_000;

const work = mkdtempSync(join(tmpdir(), 'lpx-bench-'));
const at = (...parts) => join(work, ...parts);
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const env = { ...process.env, LC_ALL: 'C.UTF-8' };
function lpx(...words) {
  const { status, stderr } = spawnSync(process.execPath, [BINARY, '--quiet', ...words], { stdio: ['ignore', 'ignore', 'pipe'], env });
  if (status !== 0) throw new Error(`lpx ${words.join(' ')}: ${stderr}`);
}

function* students(ids) {
  const noise = randomBytes(FILE_BYTES);
  for (const nationalId of ids) yield { nationalId, records: courseResults(FILES, noise, nationalId) };
}

const ids = nationalIds(Number(STUDENTS));
writeFolder(at('platform'), { schoolCode: '990001', students: students(ids) });
lpx('--store', at('sender'), 'init', '--school', '990001');
lpx('--store', at('sender'), 'load', at('platform'));
writeFileSync(at('list.csv'), ['nationalId,reason,left,to', ...ids.map((id) => `${id},transfer,2021-01-22,990002`), ''].join('\n'));
lpx('--store', at('sender'), 'batch', 'export', at('list.csv'), '--out', at('mail'), '--passwords', at('secret'));
lpx('--store', DATABASE, 'init', '--school', '990002', '--attachments', at('files'));

const words = ['--store', DATABASE, 'worker', '--jobs', JOBS, '--passwords', at('secret')];
const worker = spawn(process.execPath, [BINARY, ...words], { stdio: ['ignore', 'pipe', 'inherit'], env });
worker.stdout.resume();
const started = performance.now();
const importing = ['--store', DATABASE, '--quiet', 'batch', 'import', at('mail', '990002'), '--queue', '--create-students'];
const code = await new Promise((resolve) => spawn(process.execPath, [BINARY, ...importing], { stdio: 'ignore', env }).on('close', resolve));
const seconds = (performance.now() - started) / 1000;
worker.kill('SIGTERM');
await new Promise((resolve) => worker.on('close', resolve));
const hourly = Math.round((3600 * ids.length) / seconds);
console.log(
  `exit ${code}: ${ids.length} packages of ${FILES} files of ${FILE_BYTES / 1000} kB, ${JOBS} jobs: ${seconds.toFixed(1)} s, ${hourly} an hour`,
);
