/**
 * The import of a term's packages into a store that holds many other students, against that into an empty store, on both engines: whole
 * processes in alternating runs, PostgreSQL on a server of its own. Prints medians with their spread, and the ratio.
 * `node test/bench/database.js [--quick] [--only SQLite|PostgreSQL]`: `--quick` has a tenth of the others, and fewer packages and runs.
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
/** Nobody else’s, it is hoped, and none that a connection may get. */
const PORT = 15_432;
const QUICK = process.argv.includes('--quick');
const ONLY = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : '';
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
  const words = [SERVER, serverFolder, join(DEBIAN, version, 'bin'), String(process.pid), String(PORT)];
  spawn(process.execPath, words, { detached: true, stdio: 'ignore', cwd: '/' }).unref();
  while (!existsSync(join(serverFolder, 'ready.json'))) await sleep(50);
  return JSON.parse(readFileSync(join(serverFolder, 'ready.json'), 'utf8')).port;
}

const port = ONLY === 'SQLite' ? 0 : await startServer();
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

/** The two stores of each engine, of which every run has a copy. */
const ENGINES = {
  SQLite: {
    fill: (name, nationalIds) => fillStore(at(name), nationalIds, RECORDS),
    copy: (name) => {
      renew(at(name), at('to'));
      return at('to');
    },
  },
  PostgreSQL: {
    fill: async (name, nationalIds) => {
      await sql('postgres', `create database "${name}" encoding 'UTF8' template template0`);
      await fillStore(postgresLocation(urlOf(name)), nationalIds, RECORDS, at(`files-${name}`));
      // As the server does by itself in time.
      await sql(name, 'vacuum analyze');
      const [own] = readdirSync(at(`files-${name}`));
      cpSync(at(`files-${name}`, own), at(`none-${name}`), { recursive: true });
    },
    copy: async (name) => {
      await sql('postgres', 'drop database if exists "to" with (force)', `create database "to" template "${name}"`);
      const [own] = readdirSync(at(`files-${name}`));
      renew(at(`none-${name}`), at(`files-${name}`, own));
      return urlOf('to');
    },
  },
};

function renew(source, place) {
  rmSync(place, { recursive: true, force: true });
  cpSync(source, place, { recursive: true });
}

/** The packages. */
async function prepare() {
  const noise = randomBytes(FILE_BYTES);
  const students = nationalIds(STUDENTS).map((nationalId) => ({ nationalId, records: courseResults(FILES, noise, nationalId) }));
  writeFolder(at('platform'), { schoolCode: '990001', students });
  lpx('--store', at('sender'), 'init', '--school', '990001');
  lpx('--store', at('sender'), 'load', at('platform'));
  const rows = nationalIds(STUDENTS).map((nationalId) => `${nationalId},transfer,2021-01-22,990002`);
  writeFileSync(at('list.csv'), ['nationalId,reason,left,to', ...rows, ''].join('\n'));
  lpx('--store', at('sender'), 'batch', 'export', at('list.csv'), '--out', at('mail'), '--passwords', at('secret'));
}

async function timedImport(engine, name) {
  const store = await engine.copy(name);
  renew(at('mail', '990002'), at('inbox'));
  spawnSync('sync');
  const started = performance.now();
  lpx('--store', store, 'batch', 'import', at('inbox'), '--passwords', at('secret'), '--create-students');
  return performance.now() - started;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const shown = (values) => `${Math.round(median(values))} (${Math.round(Math.min(...values))}–${Math.round(Math.max(...values))})`;

await prepare();
for (const [name, engine] of Object.entries(ENGINES).filter(([name]) => ONLY === '' || name === ONLY)) {
  await engine.fill(`${name}-full`, nationalIds(OTHERS, STUDENTS));
  await engine.fill(`${name}-empty`, []);
  const [full, empty] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    full.push(await timedImport(engine, `${name}-full`));
    empty.push(await timedImport(engine, `${name}-empty`));
  }
  console.log(`import of ${STUDENTS} packages of ${FILES} files into ${name}, ms: median (min–max) of ${RUNS} alternating runs`);
  console.log(`a store of ${OTHERS.toLocaleString('en')} students: ${shown(full)}; an empty one: ${shown(empty)}`);
  console.log(`ratio ${(median(full) / median(empty)).toFixed(2)}`);
}
process.exit();
