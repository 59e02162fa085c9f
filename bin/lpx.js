#!/usr/bin/env node
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { start } from './start.js';

const { stdin, stdout, stderr } = process;
const env = { ...process.env };
// Taken out before anything else runs: no thread, child process or report of Node's ever has it.
delete process.env.LPX_PASSWORD;
const home = fileURLToPath(new URL('..', import.meta.url));
/** A user whom the system has no name for is nobody. */
function operator() {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}

// What lpx writes is its user's alone, whatever the user's umask says.
process.umask(0o077);
process.exitCode = await start().program.main(process.argv.slice(2), {
  stdin,
  stdout,
  stderr,
  env,
  cwd: process.cwd(),
  home,
  script: process.argv[1],
  now: () => new Date(),
  operator,
});

// Interrupted work that still waits, such as for who writes to a pipe, is not waited for.
if (process.exitCode === 9) process.exit();

// The command has said what it did: a signal that comes now does not change its exit code.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
