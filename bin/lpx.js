#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { start } from './start.js';

const { stdin, stdout, stderr, env } = process;
const home = fileURLToPath(new URL('..', import.meta.url));
process.exitCode = await start().program.main(process.argv.slice(2), {
  stdin,
  stdout,
  stderr,
  env,
  cwd: process.cwd(),
  home,
  now: () => new Date(),
});
