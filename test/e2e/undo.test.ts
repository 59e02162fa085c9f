import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { undoEntry } from '#lpx/exchange/undo.js';
import { lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { exportFrom, LEFT, NOW, OPERATOR, PASSWORD, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { killOnCopies, strikesIn } from '../support/strikes.js';
import { tempFolder } from '../support/temp.js';

const KILLS = strikesIn(6);
const STUDENTS = 800;

/** A national id of Taiwan's form by a number, with its check digit. */
function idOf(n: number): string {
  const digits = [1, 0, ...[...`8${String(n).padStart(7, '0')}`].map(Number)];
  const sum = digits.reduce((total, digit, i) => total + digit * ([1, 9, 8, 7, 6, 5, 4, 3, 2, 1][i] ?? 0), 0);
  return `A${digits.slice(2).join('')}${(10 - (sum % 10)) % 10}`;
}

/** A store with the list of a large school, loaded as its entry 2. */
async function largeSchool(parent: string): Promise<string> {
  const store = join(parent, 'large');
  const list = join(parent, 'list.csv');
  const rows = Array.from(
    { length: STUDENTS },
    (_, i) => `${idOf(i)},學生${'甲乙丙丁戊己庚辛壬癸'[i % 10]},2005/03/09,101,${(i % 40) + 1}`,
  );
  writeFileSync(list, ['身分證號,姓名,出生日期,班級,座號', ...rows].join('\n'));
  expect((await lpx(['--store', store, 'init', '--school', '990001'])).code).toBe(0);
  expect(await lpx(['--store', store, 'load', list])).toMatchObject({ code: 0 });
  return store;
}

/** `before`, `after`, or a word on what is half done. */
const stateOf = (store: string) =>
  withStore(store, async (open) => {
    const [students, [entry]] = [await open.students(), await open.history()];
    if (students.length === STUDENTS && entry?.kind === 'load') return 'before';
    return students.length === 0 && entry?.kind === 'undo' ? 'after' : `${students.length} students, last ${entry?.kind}`;
  });

describe('the commands undo and remove', () => {
  it('answer in JSON as their schemas say, with the exit codes of what stands against it', async () => {
    const store = await transferSchool(tempFolder());
    const run = async (code: number, ...words: string[]) => {
      const ran = await lpxJson(['--store', store, ...words]);
      expect([words, ran.code]).toEqual([words, code]);
      expect(outputFaults(ran.json), JSON.stringify(ran.json)).toEqual([]);
      expect(ran.out.includes('"stack"')).toBe(false);
      return ran.json;
    };
    await run(0, 'school', '--name', '示範高中');
    await run(0, 'pick', TRANSFER_STUDENT, 'O2');
    expect((await run(2, 'undo', '3')).error.code).toBe('LPX_NOT_CONFIRMED');
    expect(await run(0, 'undo', '#3', '--dry-run')).toMatchObject({
      dryRun: true,
      entry: { id: 3, kind: 'pick' },
      students: [{ unpicked: 1 }],
    });
    expect((await run(7, 'undo', '1', '--yes')).findings).toMatchObject([
      { code: 'LPX_UNDO_FIRST', hint: expect.stringContaining('lpx undo 3') },
    ]);
    expect(await run(0, 'undo', '2', '--yes')).toMatchObject({ historyId: 4, schoolName: { from: '示範高中', to: '' } });
    expect(await run(0, 'undo', '4', '--yes')).toMatchObject({ historyId: 5, redone: 2 });
    expect((await lpx(['--store', store, 'where'])).out).toMatch(/ {2}redo$/m);
    expect(await run(0, 'remove', '林小禾', '--reason', `重複 ${TRANSFER_STUDENT}`, '--yes')).toMatchObject({
      historyId: 6,
      kept: { picks: 1 },
    });
    expect((await run(0, 'history', '--kind', 'remove', '--kind', 'undo')).entries).toMatchObject([
      { kind: 'remove', details: { why: '重複 A80000****' } },
      { kind: 'undo', refersTo: 4, details: { of: 'undo' } },
      { kind: 'undo', refersTo: 2, undoneBy: 5 },
    ]);
    // Every second undo is a redo, and the third one undoes it.
    await run(0, 'undo', '6', '--yes');
    await run(0, 'undo', '7', '--yes');
    const again = await lpx(['--store', store, '--lang', 'zh-TW', 'undo', '8', '--yes']);
    expect([again.code, again.out]).toEqual([0, expect.stringContaining('已再次復原紀錄編號 6（移出名冊）')]);
    expect((await lpx(['--store', store, '--lang', 'zh-TW', 'history'])).out).toMatch(/復原 .*紀錄編號 8（取消復原）/);
    await run(0, 'log', '--student', TRANSFER_STUDENT);
    await run(2, 'undo', '0', '--yes');
    expect((await run(2, 'undo', '99999', '--yes')).error.code).toBe('LPX_UNDO_UNKNOWN');
  });

  it('say what to undo first, and which school to tell of a package that stays', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    await exportFrom(store, join(folder, 'mail'), { reason: 'borrowed-study', toSchool: '990003' });
    const run = (...words: string[]) => lpx(['--store', store, '--lang', 'zh-TW', ...words]);
    for (const ref of ['O2', 'O3']) expect((await run('pick', TRANSFER_STUDENT, ref)).code).toBe(0);
    const refused = await run('undo', '1', '--yes', '--despite-sent');
    expect([refused.code, refused.err]).toEqual([7, expect.stringContaining('請先依上列順序復原這些作業')]);
    for (const id of ['4', '3'])
      expect(await run('undo', id, '--yes')).toMatchObject({ code: 0, err: expect.not.stringContaining('通知') });
    const { code, out, err } = await run('undo', '1', '--yes', '--despite-sent');
    expect([code, out + err]).toEqual([0, expect.stringContaining('已送 990003 的交換檔不會收回')]);
  });

  it('ask nobody who cannot answer, and say what was not done', async () => {
    const store = await transferSchool(tempFolder());
    for (const words of [
      ['undo', '1'],
      ['remove', TRANSFER_STUDENT],
    ])
      expect(await lpx(['--store', store, ...words])).toMatchObject({
        code: 2,
        err: expect.stringMatching(/the store is unchanged[\s\S]*--yes/),
      });
    expect((await lpx(['--store', store, 'students'])).out).toContain('林小禾');
  });
});

describe('an undo', () => {
  it(`that is killed leaves the store exactly before or exactly after, ${KILLS} times, and completes when it is run again`, async () => {
    await killOnCopies(await largeSchool(tempFolder()), ['undo', '2', '--yes'], { kills: KILLS, stateOf });
  });

  it('of which a power cut loses the last writes leaves the store as before', async () => {
    const folder = tempFolder();
    const loaded = await largeSchool(folder);
    const [undoing, cut] = [join(folder, 'undoing'), join(folder, 'cut')];
    cpSync(loaded, undoing, { recursive: true });
    const wal = (store: string) => join(store, 'lpx.sqlite-wal');
    await withStore(undoing, async (open) => {
      await undoEntry(open, { id: 2, now: NOW, operator: OPERATOR });
      // The journal as it is before it is taken into the database.
      cpSync(undoing, cut, { recursive: true });
    });
    const journal = readFileSync(wal(cut));
    const states = new Set<string>();
    for (const part of [0, 0.1, 0.5, 0.9, 0.999, 1]) {
      for (const suffix of ['', '-shm']) rmSync(join(cut, `lpx.sqlite${suffix}`), { force: true });
      cpSync(join(loaded, 'lpx.sqlite'), join(cut, 'lpx.sqlite'));
      writeFileSync(wal(cut), journal);
      truncateSync(wal(cut), Math.floor(journal.length * part));
      states.add(`${part < 1 ? 'cut' : 'whole'} ${await stateOf(cut)}`);
    }
    expect([...states].sort()).toEqual(['cut before', 'whole after']);
  });

  it('and an import at the same time are done one after the other', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const { zipFile } = await exportFrom(store, join(folder, 'mail'), { reason: 'borrowed-study', left: LEFT });
    const receiver = join(folder, 'receiver');
    const env = { LPX_PASSWORD: PASSWORD.toString() };
    await lpx(['--store', receiver, 'init', '--school', '990003']);
    await lpx(['--store', receiver, 'school', '--name', '甲校']);
    const [imported, undone] = await Promise.all([
      lpx(['--store', receiver, 'import', zipFile, '--create-students'], { env }),
      lpx(['--store', receiver, 'undo', '2', '--yes']),
    ]);
    expect([imported.code, undone.code]).toEqual([0, 0]);
    expect((await lpx(['--store', receiver, 'where'])).code).toBe(0);
    expect((await lpxJson(['--store', receiver, 'history'])).json.entries.map(({ kind }: any) => kind).sort()).toEqual([
      'import',
      'init',
      'school',
      'undo',
    ]);
  });
});
