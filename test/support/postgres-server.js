/**
 * Runs a PostgreSQL server for the tests of one run, and ends it when that run's process is gone, however it went.
 * `node postgres-server.js <folder of its own> <folder of its programs> <process id of the run>`
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [folder, programs, run] = process.argv.slice(2);
const data = join(folder, 'data');
const log = join(folder, 'log');
/** A server does not run as root: then it runs as somebody who is there already. */
const user = process.getuid?.() === 0 ? someoneElse() : {};
const environment = { ...process.env, LC_ALL: 'C', HOME: folder };

function someoneElse() {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

function initialise() {
  chmodSync(folder, 0o755);
  mkdirSync(data, { mode: 0o700 });
  if (user.uid !== undefined) for (const path of [data, folder]) chownSync(path, user.uid, user.gid);
  const { status, stdout, stderr } = spawnSync(
    join(programs, 'initdb'),
    [
      '--pgdata',
      data,
      '--username',
      'postgres',
      '--auth',
      'trust',
      '--encoding',
      'UTF8',
      '--no-sync',
      '--no-instructions',
      '--locale',
      'C',
    ],
    { ...user, env: environment, cwd: folder, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`initdb: ${stdout}${stderr}`);
  writeFileSync(join(data, 'pg_hba.conf'), 'local all all trust\nhost all postgres all trust\nhost all all all scram-sha-256\n');
}

const freePort = () =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

function start(port) {
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    fsync: 'off',
    full_page_writes: 'off',
    shared_buffers: '32MB',
    max_connections: 60,
    max_wal_size: '256MB',
    logging_collector: 'off',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return spawn(join(programs, 'postgres'), ['-D', data, ...options], {
    ...user,
    env: environment,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
}

const isReady = (port) => spawnSync(join(programs, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port), '-q']).status === 0;

/** What tests wait for, whole from its first moment. */
function announce(name, content) {
  writeFileSync(join(folder, `${name}.new`), JSON.stringify(content));
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

let server;
try {
  initialise();
  const port = await freePort();
  server = start(port);
  let ended = false;
  server.on('exit', () => {
    ended = true;
  });
  while (!ended && !existsSync(join(data, 'postmaster.pid'))) await sleep(20);
  for (let tries = 0; !ended && tries < 500 && !canConnect(port); tries++) await sleep(20);
  if (ended) throw new Error('the server ended');
  announce('ready.json', { port, folder });
  while (!ended && isRunning(Number(run)) && existsSync(folder)) await sleep(200);
} catch (error) {
  announce('failed.json', { error: `${error}`, log });
  while (isRunning(Number(run))) await sleep(200);
} finally {
  if (server && server.exitCode === null) {
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGQUIT');
    await gone;
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Debian's packages have pg_isready; where there is none, the server's own file says so. */
function canConnect(port) {
  if (existsSync(join(programs, 'pg_isready'))) return isReady(port);
  return /\n\s*ready\s*\n?$/.test(readFileSync(join(data, 'postmaster.pid'), 'utf8'));
}
