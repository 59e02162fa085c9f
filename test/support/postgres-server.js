/**
 * Runs a PostgreSQL server for the tests of one run, and ends it when that run's process or its folder is gone, however it went.
 * While there is a file `stop` in its folder, the server is stopped.
 * `node postgres-server.js <folder of its own> <folder of its programs> <process id of the run> <port>`
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [folder, programs, run, port] = process.argv.slice(2);
const data = join(folder, 'data');
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

function start() {
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

const isReady = () => spawnSync(join(programs, 'pg_isready'), ['-h', '127.0.0.1', '-p', port, '-q']).status === 0;

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

const isOver = () => !isRunning(Number(run)) || !existsSync(folder);
const isToStop = () => existsSync(join(folder, 'stop'));

let server;
try {
  initialise();
  while (!isOver()) {
    server = await started();
    announce('ready.json', { port: Number(port), folder });
    while (!isOver() && !isToStop()) await sleep(50);
    rmSync(join(folder, 'ready.json'), { force: true });
    await stop(server);
    while (!isOver() && isToStop()) await sleep(50);
  }
} catch (error) {
  if (existsSync(folder)) announce('failed.json', { error: `${error}` });
  while (!isOver()) await sleep(200);
} finally {
  await stop(server);
  rmSync(folder, { recursive: true, force: true });
}

async function started() {
  const process = start();
  for (let tries = 0; process.exitCode === null && tries < 3000; tries++) {
    if (existsSync(join(data, 'postmaster.pid')) && canConnect()) return process;
    await sleep(20);
  }
  throw new Error(`the server does not start: ${process.exitCode}`);
}

/** At once, as a machine does that loses its power. */
async function stop(process) {
  if (!process || process.exitCode !== null || process.signalCode !== null) return;
  const gone = new Promise((resolve) => process.once('exit', resolve));
  process.kill('SIGQUIT');
  await gone;
}

/** Debian's packages have pg_isready; where there is none, the server's own file says so. */
function canConnect() {
  if (existsSync(join(programs, 'pg_isready'))) return isReady();
  return /\n\s*ready\s*\n?$/.test(readFileSync(join(data, 'postmaster.pid'), 'utf8'));
}
