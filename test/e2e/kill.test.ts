import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { BINARY, lpx } from '../support/cli.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, load, md5, PASSWORD, school, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const FILES = 60;
const KILLS = 20;

async function packageOf60Files(folder: string): Promise<string> {
  const records = Array.from({ length: FILES }, (_, i) =>
    courseResult(
      { createdAt: `2021-01-10 14:03:${String(i).padStart(2, '0')}` },
      { bytes: pdf(randomBytes(400_000)), type: 'pdf', name: `報告${i}.pdf` },
    ),
  );
  writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(records)]);
  const store = await school(folder, '990001');
  await load(store, join(folder, 'platform'));
  return (await exportFrom(store, join(folder, 'mail'))).zipFile;
}

/** `before`, `after`, or a word on what is half done. Every file that a record names has to be there, whole. */
async function stateOf(store: string): Promise<string> {
  return withStore(store, async (open) => {
    const student = await open.student(TRANSFER_STUDENT);
    const history = await open.history();
    if (!student) return history.length === 0 ? 'before' : 'a history without its student';
    if (student.records.length !== FILES || history.length !== 1) return `${student.records.length} records, ${history.length} imports`;
    const whole = student.records.every(
      ({ record }) => record.document && md5(readFileSync(open.attachments.pathOf(record.document.sha256))) === record.document.md5,
    );
    return whole ? 'after' : 'a record without its file';
  });
}

describe('an import that is killed', () => {
  it(`leaves the store exactly before or exactly after, ${KILLS} times, and completes when it is run again`, async () => {
    const folder = tempFolder();
    const zipFile = await packageOf60Files(folder);
    writeFileSync(join(folder, 'pw'), PASSWORD);
    const empty = await school(folder, '990002');
    const store = join(folder, 'store');
    const words = ['--store', store, 'import', zipFile, '--create-students', '--password-file', join(folder, 'pw')];

    cpSync(empty, store, { recursive: true });
    const started = performance.now();
    expect((await lpx(words)).code).toBe(0);
    const duration = performance.now() - started;

    const states: string[] = [];
    for (let i = 0; i < KILLS; i++) {
      rmSync(store, { recursive: true });
      cpSync(empty, store, { recursive: true });
      const child = spawn(process.execPath, [BINARY, ...words], { stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      // Spread over the whole run, each at a random moment of its own slice.
      await sleep(((i + Math.random()) / KILLS) * duration);
      child.kill('SIGKILL');
      await ended;

      const state = await stateOf(store);
      states.push(state);
      expect(['before', 'after']).toContain(state);
      expect((await lpx(words)).code).toBe(0);
      expect(await stateOf(store)).toBe('after');
      expect(readdirSync(join(store, 'attachments')).filter((name) => name.startsWith('staging-'))).toEqual([]);
    }
    expect(states).toContain('before');
  });
});
