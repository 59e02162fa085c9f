#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { run } from './run.js';
import { start } from './start.js';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

await run(() => start().program.main, {
  home: at('..'),
  script: process.argv[1],
  version: JSON.parse(readFileSync(at('../package.json'), 'utf8')).version,
  copySample: (folder) => cp(at('../samples/transfer'), folder, { recursive: true }),
});
