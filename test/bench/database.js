/**
 * The import of a term's packages into a store in PostgreSQL that holds many other students, against that into an empty store: whole
 * processes in alternating runs, on a server of its own. Prints medians with their spread, and the ratio.
 * `node test/bench/database.js [--quick]`: a tenth of the others, and fewer packages and runs.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { postgresLocation } from '../../dist/store/location.js';
import { courseResults, fillStore, nationalIds, writeFolder } from './folder.js';

const BINARY = fileURLToPath(new URL('../../bin/lpx.js', import.meta.url));
const SERVER = fileURLToPath(new URL('../support/postgres-server.js', import.meta.url));
const DEBIAN = '/usr/lib/postgresql';
const QUICK = process.argv.includes('--quick');
const RUNS = QUICK ? 3 : 5;
const STUDENTS = QUICK ? 20 : 100;
const FILES = 5;
const FILE_BYTES = 200_000;
const OTHERS = QUICK ? 10_000 : 100_000;
const RECORDS = 3;

const work = mkdtempSync(join(tmpdir(), 'lpx-bench-'));
const at = (...parts) => join(work, ...parts);
// The server ends when its folder is gone.
const serverFolder = mkdtempSync(join(tmpdir(), 'lpx-bench-postgres-'));
process.on('exit', () => {
  for (const folder of [serverFolder, work]) rmSync(folder, { recursive: true, force: true });
});

async function startServer() {
  const [version] = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
  const words = [SERVER, serverFolder, join(DEBIAN, version, 'bin'), String(process.pid)];
  spawn(process.execPath, words, { detached: true, stdio: 'ignore', cwd: '/' }).unref();
  while (!existsSync(join(serverFolder, 'ready.json'))) await sleep(50);
  return JSON.parse(readFileSync(join(serverFolder, 'ready.json'), 'utf8')).port;
}

const port = await startServer();
const urlOf = (database) => `postgres://postgres@127.0.0.1:${port}/${database}`;

async function sql(database, ...statements) {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

function lpx(...words) {
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  const { status, stderr } = spawnSync(process.execPath, [BINARY, '--quiet', ...words], { stdio: ['ignore', 'ignore', 'pipe'], env });
  if (status !== 0) throw new Error(`lpx ${words.join(' ')}: ${stderr}`);
}

/** The packages, and the two databases that every run has a copy of. */
async function prepare() {
  const noise = randomBytes(FILE_BYTES);
  const students = nationalIds(STUDENTS).map((nationalId) => ({ nationalId, records: courseResults(FILES, noise, nationalId) }));
  writeFolder(at('platform'), { schoolCode: '990001', students });
  lpx('--store', at('sender'), 'init', '--school', '990001');
  lpx('--store', at('sender'), 'load', at('platform'));
  const rows = nationalIds(STUDENTS).map((nationalId) => `${nationalId},transfer,2021-01-22,990002`);
  writeFileSync(at('list.csv'), ['nationalId,reason,left,to', ...rows, ''].join('\n'));
  lpx('--store', at('sender'), 'batch', 'export', at('list.csv'), '--out', at('mail'), '--passwords', at('secret'));
  for (const [database, others] of [
    ['empty', 0],
    ['full', OTHERS],
  ]) {
    await sql('postgres', `create database "${database}" encoding 'UTF8' template template0`);
    await fillStore(postgresLocation(urlOf(database)), nationalIds(others, STUDENTS), RECORDS, at(`files-${database}`));
    // As the server does by itself in time.
    await sql(database, 'vacuum analyze');
    const [own] = readdirSync(at(`files-${database}`));
    cpSync(at(`files-${database}`, own), at(`none-${database}`), { recursive: true });
  }
}

async function timedImport(from) {
  await sql('postgres', 'drop database if exists "to" with (force)', `create database "to" template "${from}"`);
  const [own] = readdirSync(at(`files-${from}`));
  for (const [source, place] of [
    [at(`none-${from}`), at(`files-${from}`, own)],
    [at('mail', '990002'), at('inbox')],
  ]) {
    rmSync(place, { recursive: true, force: true });
    cpSync(source, place, { recursive: true });
  }
  spawnSync('sync');
  const started = performance.now();
  lpx('--store', urlOf('to'), 'batch', 'import', at('inbox'), '--passwords', at('secret'), '--create-students');
  return performance.now() - started;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const shown = (values) => `${Math.round(median(values))} (${Math.round(Math.min(...values))}–${Math.round(Math.max(...values))})`;

await prepare();
const [full, empty] = [[], []];
for (let run = 0; run < RUNS; run++) {
  full.push(await timedImport('full'));
  empty.push(await timedImport('empty'));
}
console.log(`import of ${STUDENTS} packages of ${FILES} files into PostgreSQL, ms: median (min–max) of ${RUNS} alternating runs`);
console.log(`a store of ${OTHERS.toLocaleString('en')} students: ${shown(full)}; an empty one: ${shown(empty)}`);
console.log(`ratio ${(median(full) / median(empty)).toFixed(2)}`);
process.exit();
