import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { verifyPackage } from '#lpx/exchange/verify.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { lpx } from '../support/cli.js';
import { madeBytes } from '../support/made-bytes.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, LEFT, load, md5, PASSWORD, school, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { durationOf, strike, strikesIn, within } from '../support/strikes.js';
import { tempFolder } from '../support/temp.js';

const FILES = 60;
/** A third of them in imports, the rest in exports. */
const KILLS = strikesIn(3);

async function packageOf60Files(folder: string): Promise<string> {
  const records = Array.from({ length: FILES }, (_, i) =>
    courseResult(
      { createdAt: `2021-01-10 14:03:${String(i).padStart(2, '0')}` },
      { bytes: pdf(madeBytes(400_000)), type: 'pdf', name: `報告${i}.pdf` },
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
    // Run again, an import of what is there already is an entry too: unchanged.
    const history = (await open.history({ kinds: ['import'] })).filter((entry) => entry.kind === 'import' && entry.state === 'done');
    if (!student) return history.length === 0 ? 'before' : 'a history without its student';
    if (student.records.length !== FILES || history.length !== 1) return `${student.records.length} records, ${history.length} imports`;
    const whole = student.records.every(
      ({ record }) => record.document && md5(readFileSync(open.attachments.locationOf(record.document.sha256))) === record.document.md5,
    );
    return whole ? 'after' : 'a record without its file';
  });
}

/** The files in a store's folder of attachments that no row names, what is staged among them. */
function orphansIn(store: string): string[] {
  const database = openSqlite(join(store, 'lpx.sqlite'));
  const named = new Set(
    database
      .prepare('select sha256 from attachments')
      .all([])
      .map((row) => (row as { sha256: string }).sha256),
  );
  database.close();
  const files = readdirSync(join(store, 'attachments'), { recursive: true, withFileTypes: true });
  return files.filter((entry) => entry.isFile() && !named.has(entry.name)).map(({ name }) => name);
}

describe('an import that is killed', () => {
  it(`leaves the store exactly before or exactly after, ${KILLS} times, no file that no record names, and completes when it is run again`, async () => {
    const folder = tempFolder();
    const zipFile = await packageOf60Files(folder);
    writeFileSync(join(folder, 'pw'), PASSWORD);
    const empty = await school(folder, '990002');
    const store = join(folder, 'store');
    const words = ['--store', store, 'import', zipFile, '--create-students', '--password-file', join(folder, 'pw')];

    cpSync(empty, store, { recursive: true });
    const duration = await durationOf(async () => expect((await lpx(words)).code).toBe(0));

    const states: string[] = [];
    for (let i = 0; i < KILLS; i++) {
      rmSync(store, { recursive: true });
      cpSync(empty, store, { recursive: true });
      await strike(words, 'SIGKILL', within(duration, i, KILLS));

      const state = await stateOf(store);
      states.push(state);
      expect(['before', 'after']).toContain(state);
      expect(orphansIn(store)).toEqual([]);
      expect((await lpx(words)).code).toBe(0);
      expect(await stateOf(store)).toBe('after');
      expect(orphansIn(store)).toEqual([]);
    }
    expect(states).toContain('before');
  });
});

describe('an export that is killed', () => {
  it(`leaves no package that the history does not know, none without its signature, and no part, ${2 * KILLS} times`, async () => {
    const folder = tempFolder();
    const from = await school(folder, '990001');
    for (const nationalId of ['A800000014', 'B800000015']) {
      const records = Array.from({ length: 20 }, (_, i) =>
        courseResult({ createdAt: `2021-01-10 14:03:${i + 10}` }, { bytes: pdf(madeBytes(100_000)), type: 'pdf', name: `${i}.pdf` }),
      );
      writeExchangeFolder(join(folder, nationalId), [smallPortfolio(records, { nationalId })]);
      await load(from, join(folder, nationalId));
    }
    const [store, mail] = [join(folder, 'store'), join(folder, 'mail')];
    const words = ['--store', store, 'export', '--all', '--include-left', '--reason', 'transfer', '--left', LEFT, '--out', mail];
    const password = ['--generate-password', '--password-out', join(mail, 'pw')];
    writeFileSync(join(folder, 'again'), PASSWORD);
    const afresh = () => {
      for (const path of [store, mail]) rmSync(path, { recursive: true, force: true });
      cpSync(from, store, { recursive: true });
      mkdirSync(mail);
    };

    afresh();
    const duration = await durationOf(async () => expect((await lpx([...words, ...password])).code).toBe(0));
    for (let i = 0; i < 2 * KILLS; i++) {
      afresh();
      await strike([...words, ...password], 'SIGKILL', within(duration, i, 2 * KILLS));
      const exports = (await withStore(store, (open) => open.history())).filter(({ kind }) => kind === 'export');
      const expected = exports.flatMap(({ file }) => [file, `${file}.md5`]);
      expect(readdirSync(mail).sort()).toEqual([...expected, ...(exports.length > 0 ? ['pw'] : [])].sort());
      expect(orphansIn(store)).toEqual([]);
      for (const { file } of exports)
        expect(
          (await verifyPackage({ zipFile: join(mail, file), password: Buffer.from(readFileSync(join(mail, 'pw'), 'utf8').trim()) })).ok,
        ).toBe(true);
      expect((await lpx([...words, '--password-file', join(folder, 'again')])).code).toBe(0);
    }
  });
});

describe('a verification of a package in another ZIP that is killed', () => {
  it('leaves nothing in the folder for temporary files that the next command does not sweep', async () => {
    const temporary = tempFolder();
    mkdirSync(join(temporary, 'lpx-unwrapped-dead'));
    writeFileSync(join(temporary, 'lpx-unwrapped-dead', 'a.zip'), 'left');
    writeFileSync(join(temporary, 'lpx-unwrapped-dead', 'in-use'), '');
    writeFileSync(join(temporary, 'another program’s'), '');
    const store = await school(tempFolder(), '990001');
    expect((await lpx(['--store', store, 'students'], { env: { TMPDIR: temporary } })).code).toBe(0);
    expect(readdirSync(temporary)).toEqual(['another program’s']);
  });
});
