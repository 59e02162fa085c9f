import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lpx } from '../support/cli.js';
import { SAMPLES } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

/** Notes what the main thread has in its environment at its end, and each other thread at its start. */
const WATCH = `
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
const note = (thread) => appendFileSync(process.env.SEEN, thread + ' ' + JSON.stringify(process.env) + '\\n');
if (isMainThread) process.on('exit', () => note('main'));
else note('thread');
`;

it('LPX_PASSWORD is in no environment once it was read, of the process or of its threads', async () => {
  const folder = tempFolder();
  const [watch, seen] = [join(folder, 'watch.mjs'), join(folder, 'seen')];
  writeFileSync(watch, WATCH);
  const sample = join(SAMPLES, 'package', '990001_2021_01_22_10_30_00.zip');
  const { code } = await lpx(['--debug', 'verify', sample], {
    env: { LPX_PASSWORD: 'Sample-Pass-2021', NODE_OPTIONS: `--import ${watch}`, SEEN: seen },
  });
  expect(code).toBe(0);
  const noted = readFileSync(seen, 'utf8');
  expect(noted).toMatch(/^main /m);
  expect(noted).not.toMatch(/Sample-Pass|LPX_PASSWORD/);
});
