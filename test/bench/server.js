/**
 * Whether a server keeps answering while the library works: an HTTP server that exports and imports 134 MB in its own
 * process, and a client in another one that asks it all the time. Prints how long the answers took, how late the server's
 * event loop was, and how long one turn of it held the processor at most, all in ms; and the same while nothing else
 * happens. On a busy machine the first two say how busy it is; the last, which Linux counts, is lpx's own.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createStore, exportPackage, importPackage, loadFolder } from 'lpx';
import { courseResults, writeFolder } from './folder.js';

const FILES = 60;
const FILE_BYTES = 2_236_667;
const STUDENT = 'A800000014';
const password = 'Sample-Pass-2021';

/** Asks one question after the other, and prints how long each answer took when it is asked to stop. */
const CLIENT = `
  const { get, Agent } = require('node:http');
  const agent = new Agent({ keepAlive: true });
  const times = [];
  const ask = () => {
    const asked = process.hrtime.bigint();
    get({ port: process.argv[1], agent }, (response) => {
      response.resume().on('end', () => {
        times.push(Number(process.hrtime.bigint() - asked) / 1e6);
        setTimeout(ask, 1);
      });
    });
  };
  ask();
  process.stdin.on('end', () => { process.stdout.write(JSON.stringify(times), () => process.exit()); }).resume();
`;

const work = mkdtempSync(join(tmpdir(), 'lpx-server-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const server = createServer((_request, response) => response.end('ok')).listen(0);
await once(server, 'listening');

/** How long this thread has run on a processor so far, in ms. */
function cpuTime() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
  } catch {
    return Number.NaN;
  }
}

/** The longest that one turn of the event loop held the processor, in ms, measured at every turn until it is stopped. */
function longestTurn() {
  let longest = 0;
  let before = cpuTime();
  const timer = setInterval(() => {
    const now = cpuTime();
    longest = Math.max(longest, now - before);
    before = now;
  }, 1);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

/** Measures the server while something else happens in its process. */
async function measure(name, happens) {
  const client = spawn(process.execPath, ['-e', CLIENT, String(server.address().port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let printed = '';
  client.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  await sleep(300);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const turns = longestTurn();
  const started = performance.now();
  await happens();
  const ms = performance.now() - started;
  const longest = turns();
  delay.disable();
  client.stdin.end();
  await once(client, 'close');
  const times = JSON.parse(printed).sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  const row = { 'took, ms': ms, answers: times.length, 'answer p99': at(0.99), 'answer max': at(1) };
  const loop = { 'loop p99': delay.percentile(99) / 1e6, 'loop max': delay.max / 1e6, 'longest turn': longest };
  return [name, Object.fromEntries(Object.entries({ ...row, ...loop }).map(([key, value]) => [key, Math.round(10 * value) / 10]))];
}

const records = courseResults(FILES, randomBytes(FILE_BYTES));
writeFolder(join(work, 'platform'), { schoolCode: '990001', students: [{ nationalId: STUDENT, records }] });

const rows = [await measure('nothing', () => sleep(2000))];
const from = await createStore(join(work, 'from'), { code: '990001' });
rows.push(await measure('load', () => loadFolder(from, { path: join(work, 'platform') })));
for (const encryption of ['aes256', 'zipcrypto']) {
  const student = { nationalIds: [STUDENT], reason: 'transfer', left: '2021-01-22' };
  let zipFile = '';
  const exporting = async () => {
    const { packages } = await exportPackage(from, { ...student, outFolder: join(work, encryption), password, encryption });
    zipFile = packages[0].zipFile;
  };
  rows.push(await measure(`export, ${encryption}`, exporting));
  const to = await createStore(join(work, `to-${encryption}`), { code: '990002' });
  rows.push(await measure(`import, ${encryption}`, () => importPackage(to, { zipFile, password, createStudents: true })));
  await to.close();
}
await from.close();
server.close();
console.table(Object.fromEntries(rows));
