import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { verifyPackage } from '#lpx/exchange/verify.js';
import { readTable } from '#lpx/roster/tables.js';
import { classOf, packagesIn, passwordsIn, writeList } from '../support/batches.js';
import { lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { tempFolder } from '../support/temp.js';

const wordsFor = (store: string, list: string, folder: string, ...more: string[]) => [
  '--store',
  store,
  'batch',
  'export',
  list,
  '--out',
  join(folder, 'mail'),
  '--passwords',
  join(folder, 'secret'),
  ...more,
];

/** The packages below a folder that their listed password opens and that are whole. */
async function soundIn(folder: string): Promise<string[]> {
  const passwords = passwordsIn(join(folder, 'secret'));
  const sound: string[] = [];
  for (const name of readdirSync(join(folder, 'mail'), { recursive: true }).map(String)) {
    if (!name.endsWith('.zip')) continue;
    const password = passwords.get(basename(name));
    if (password === undefined) continue;
    const report = await verifyPackage({ zipFile: join(folder, 'mail', name), password });
    if (report.ok) sound.push(basename(name));
  }
  return sound.sort();
}

const exportsIn = (store: string) => withStore(store, (open) => open.history({ kinds: ['export'] }));

describe('lpx batch export', () => {
  it('writes a package for each student into a folder for each school, with a password of its own in a table for that school', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 7);
    const list = writeList(
      folder,
      nationalIds.map((nationalId) => ({ nationalId })),
    );
    const { code, json, err } = await lpxJson(wordsFor(store, list, folder));

    expect([code, err]).toEqual([0, '']);
    expect(outputFaults(json)).toEqual([]);
    expect(json.counts).toEqual({ packages: 7, exported: 7, sentBefore: 0, failed: 0, notDone: 0 });
    expect(readdirSync(join(folder, 'mail')).filter((name) => /^\d+$/.test(name))).toEqual(['990002', '990003', '990004']);
    const mailed = readdirSync(join(folder, 'mail', '990002'));
    expect(mailed.map((name) => name.replace(/^990001_[\d_]+/, '')).sort()).toEqual(
      ['.cover.html', '.zip', '.zip.md5'].flatMap((ending) => [ending, ending, ending]),
    );
    const cover = readFileSync(join(folder, 'mail', '990002', mailed.find((name) => name.endsWith('.cover.html')) ?? ''), 'utf8');
    expect([cover.includes('A80000****'), nationalIds.some((id) => cover.includes(id))]).toEqual([true, false]);
    const packages = packagesIn(join(folder, 'mail'));
    expect(new Set(packages).size).toBe(7);
    expect(await soundIn(folder)).toEqual(packages);
    const passwords = passwordsIn(join(folder, 'secret'));
    expect(new Set(passwords.values()).size).toBe(7);
    for (const name of readdirSync(join(folder, 'secret'))) expect(statSync(join(folder, 'secret', name)).mode & 0o777).toBe(0o600);
    const entries = await exportsIn(store);
    expect(entries.map(({ file }) => file).sort()).toEqual(packages);
    expect(entries.map((entry) => entry.kind === 'export' && entry.school).sort()).toEqual([
      '990002',
      '990002',
      '990002',
      '990003',
      '990003',
      '990004',
      '990004',
    ]);
    const table = await readTable(json.results[0]);
    expect(table.slice(1).map((row) => [row[1], row[8]])).toEqual(
      nationalIds.map((nationalId) => [nationalId, entries.find(({ students }) => students[0]?.nationalId === nationalId)?.file]),
    );
    const everything = `${JSON.stringify(json)}${readFileSync(join(store, 'lpx.sqlite'), 'latin1')}${readFileSync(json.results[0], 'utf8')}`;
    expect([...passwords.values()].filter((password) => everything.includes(password))).toEqual([]);
  });

  it('sends nothing twice: what went to a school before and has not changed is named with its package, until --resend', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 3);
    const rows = nationalIds.map((nationalId) => ({ nationalId, to: '990002' }));
    const list = writeList(folder, rows);
    expect((await lpxJson(wordsFor(store, list, folder))).json.counts.packages).toBe(3);

    const again = await lpxJson(wordsFor(store, list, folder));
    expect([again.code, again.json.counts]).toEqual([0, { packages: 0, exported: 0, sentBefore: 3, failed: 0, notDone: 0 }]);
    expect(outputFaults(again.json)).toEqual([]);
    expect(again.json.passwords).toEqual([]);
    expect(readdirSync(join(folder, 'secret'))).toHaveLength(1);
    expect(again.json.outcomes[0].students[0].file).toMatch(/^990001_.*\.zip$/);
    expect((await lpx(wordsFor(store, list, folder))).out).toContain('Exported before, unchanged');

    const elsewhere = writeList(folder, [{ nationalId: nationalIds[0] as string, to: '990003' }], 'other.csv');
    expect((await lpxJson(wordsFor(store, elsewhere, folder))).json.counts.packages).toBe(1);
    expect((await lpxJson(wordsFor(store, list, folder, '--resend'))).json.counts.packages).toBe(3);
    expect(await soundIn(folder)).toEqual(packagesIn(join(folder, 'mail')));
  });

  it('makes one package for each school, of those whom nothing stands against, with --group-by school', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 5);
    const rows = nationalIds.map((nationalId, i) => ({ nationalId, to: i < 3 ? '990002' : '990003', term: i === 1 ? '1081' : '' }));
    const { code, json } = await lpxJson(wordsFor(store, writeList(folder, rows), folder, '--group-by', 'school'));
    expect(outputFaults(json)).toEqual([]);
    expect([code, json.error.code]).toEqual([8, 'LPX_BATCH_FAILED']);
    expect(json.counts).toEqual({ packages: 2, exported: 4, sentBefore: 0, failed: 1, notDone: 0 });
    expect(packagesIn(join(folder, 'mail'))).toHaveLength(2);
  });

  it('goes on when a package cannot be made, names the student with the row, and ends with 8', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 4);
    const rows = nationalIds.map((nationalId, i) => ({ nationalId, term: i === 2 ? '1081' : '' }));
    const list = writeList(folder, rows);
    const { code, out, err } = await lpx(wordsFor(store, list, folder));
    expect(code).toBe(8);
    expect(out).toContain('Packages written: 3');
    expect(err).toContain('row 4');
    expect(err).toContain('LPX_NOTHING_TO_EXPORT');
    expect(err).not.toContain(nationalIds[2]);
    expect(await soundIn(folder)).toEqual(packagesIn(join(folder, 'mail')));
  });

  it('names every fault of the list at once, by row, and does nothing', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 2);
    const [first = '', second = ''] = nationalIds;
    const list = writeList(folder, [
      { nationalId: first, to: '99000' },
      { nationalId: first, reason: '退學', left: '22/01/2021' },
      { nationalId: 'B800000015' },
      { nationalId: second, to: '990001' },
      { nationalId: second, term: '109-3', to: '990002' },
      { nationalId: second, to: '990002' },
      { nationalId: '' },
    ]);
    const { code, json } = await lpxJson(wordsFor(store, list, folder));
    expect([code, outputFaults(json)]).toEqual([6, []]);
    expect(json.findings.map((finding: any) => [finding.code, finding.place.row])).toEqual([
      ['LPX_LIST_ROW', 1],
      ['LPX_LIST_ROW', 2],
      ['LPX_LIST_ROW', 2],
      ['LPX_NOT_IN_STORE', 3],
      ['LPX_TO_OWN_SCHOOL', 4],
      ['LPX_LIST_ROW', 5],
      ['LPX_LIST_ROW', 6],
      ['LPX_LIST_ROW', 7],
    ]);
    expect([existsSync(join(folder, 'mail')), existsSync(join(folder, 'secret'))]).toEqual([false, false]);
  });

  it('refuses a folder of passwords inside the folder of packages, also by a link', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 1);
    const list = writeList(folder, [{ nationalId: nationalIds[0] as string }]);
    mkdirSync(join(folder, 'mail'));
    symlinkSync(join(folder, 'mail'), join(folder, 'link'));
    for (const inside of [join(folder, 'mail'), join(folder, 'mail', 'deep', 'secret'), join(folder, 'link', 'secret')]) {
      const words = ['--store', store, 'batch', 'export', list, '--out', join(folder, 'mail'), '--passwords', inside];
      const { code, err } = await lpx(words);
      expect([code, err]).toEqual([2, expect.stringContaining('LPX_PASSWORDS_INSIDE')]);
    }
    expect(packagesIn(join(folder, 'mail'))).toEqual([]);
  });

  it('writes no packages through a link in the place of a school’s folder, or beside passwords by a link that led nowhere', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 1);
    const list = writeList(folder, [{ nationalId: nationalIds[0] as string }]);
    symlinkSync(join(folder, 'mail'), join(folder, 'secret'));
    const inside = await lpx(wordsFor(store, list, folder));
    expect([inside.code, inside.err]).toEqual([2, expect.stringContaining('LPX_')]);
    expect(packagesIn(join(folder, 'mail'))).toEqual([]);
    rmSync(join(folder, 'secret'));
    mkdirSync(join(folder, 'secret'));
    mkdirSync(join(folder, 'mail'), { recursive: true });
    symlinkSync(join(folder, 'secret'), join(folder, 'mail', '990002'));
    const linked = await lpx(wordsFor(store, list, folder));
    expect([linked.code, linked.err]).toEqual([2, expect.stringContaining('link')]);
    expect(readdirSync(join(folder, 'secret'))).toEqual([]);
  });

  it('leaves no folder of passwords that it made for nothing', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 1);
    const list = writeList(folder, [{ nationalId: nationalIds[0] as string }]);
    expect((await lpx(wordsFor(store, list, folder))).code).toBe(0);
    const words = ['--store', store, 'batch', 'export', list, '--out', join(folder, 'mail'), '--passwords', join(folder, 'deep', 'other')];
    expect((await lpx(words)).code).toBe(0);
    expect(existsSync(join(folder, 'deep'))).toBe(false);
  });

  it('is not begun where a folder cannot be made: the same command needs no --resume', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 1);
    const list = writeList(folder, [{ nationalId: nationalIds[0] as string }]);
    writeFileSync(join(folder, 'secret'), 'a file in the place of the folder');
    const refused = await lpx(wordsFor(store, list, folder));
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('LPX_WRITE_FAILED')]);
    rmSync(join(folder, 'secret'));
    expect((await lpx(wordsFor(store, list, folder))).code).toBe(0);
  });

  it('says with --json-lines what happens, a line each, under the schema', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 3);
    const list = writeList(
      folder,
      nationalIds.map((nationalId) => ({ nationalId })),
    );
    const { code, out } = await lpx(wordsFor(store, list, folder, '--json-lines'));
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(events.map(({ event }) => event)).toEqual(['begin', 'job', 'job', 'job', 'end']);
    expect(events.flatMap((event) => outputFaults({ ...event, command: 'batch-event' }, event))).toEqual([]);
    const refused = await lpx(wordsFor(store, join(folder, 'none.csv'), folder, '--json-lines'));
    expect(outputFaults({ command: 'batch-event' }, JSON.parse(refused.out))).toEqual([]);
  });
});
