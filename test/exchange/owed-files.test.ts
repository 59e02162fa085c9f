import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examineStore } from '#lpx/exchange/doctor.js';
import { loadFolder } from '#lpx/exchange/load.js';
import { pickItems } from '#lpx/exchange/pick.js';
import { type Receipt, receiptOf } from '#lpx/exchange/receipt.js';
import { recoverFiles } from '#lpx/exchange/recover.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { studentStatus } from '#lpx/exchange/status.js';
import { undoEntry } from '#lpx/exchange/undo.js';
import { refOf } from '#lpx/store/records/pickable-items.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import {
  contentOf,
  exportFrom,
  importTo,
  load,
  md5,
  NOW,
  OPERATOR,
  PASSWORD,
  school,
  sign,
  studentIn,
  TRANSFER_STUDENT,
} from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';
import { written } from '../support/zips.js';

const OWE = { accept: { partial: 'owe', foreignMd5: false } } as const;
const FILE = { bytes: pdf('the file that is owed'), type: 'pdf', name: '一條河.pdf' };
const OTHER = { bytes: pdf('the other file'), type: 'pdf', name: '另一份.pdf' };

/** A package of two course results, whole, and the same without the file of the first. */
async function packages(folder: string, spoil: () => Buffer | undefined = () => undefined) {
  const from = await school(join(folder, 'from'), '990001');
  writeExchangeFolder(join(folder, 'platform'), [
    smallPortfolio([courseResult({}, FILE), courseResult({ createdAt: '2021-01-11 08:00:00', subjectName: '物理' }, OTHER)]),
  ]);
  await load(from, join(folder, 'platform'));
  const { zipFile: whole } = await exportFrom(from, join(folder, 'mail'));
  const partial = join(folder, 'partial', basename(whole));
  mkdirSync(join(folder, 'partial'));
  const entries = (await contentOf(whole)).flatMap((entry) => {
    if (!entry.name.endsWith('C01.pdf')) return [entry];
    const content = spoil();
    return content ? [{ ...entry, content }] : [];
  });
  writeFileSync(partial, await written(entries, 'aes256', PASSWORD));
  sign(partial);
  return { from, whole, partial };
}

const recordsIn = async (store: string) => (await studentIn(store, TRANSFER_STUDENT)).records;
const owedIn = async (store: string) => (await recordsIn(store)).map(({ record }) => record.owed);
const DEBT = { slot: 'document', name: FILE.name, md5: md5(FILE.bytes) };

const recover = (store: string, path: string) =>
  withStore(store, (open) => recoverFiles(open, { paths: [path], passwords: [], dryRun: false, now: NOW, operator: OPERATOR }));

/** A school that has the record without its file, and has picked it. */
async function owing(folder: string) {
  const made = await packages(folder);
  const store = await school(folder, '990002');
  await importTo(store, made.partial, OWE);
  const [first] = await recordsIn(store);
  const ref = refOf(first as NonNullable<typeof first>);
  await withStore(store, (open) =>
    pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: [ref], unpick: [] }], { now: NOW, operator: OPERATOR, includeLeft: false }),
  );
  return { ...made, store, ref };
}

/** What has to stay of the record that was owed its file. */
const identityIn = async (store: string) =>
  (await recordsIn(store)).map((stored) => [
    refOf(stored),
    stored.picked,
    stored.historyId,
    stored.record.fields,
    stored.record.document?.md5,
  ]);

describe('a file that does not come with its record', () => {
  it.each([
    ['is missing', (): Buffer | undefined => undefined, 'missing'],
    ['has another content', (): Buffer | undefined => pdf('somebody else’s'), 'other'],
  ])('%s: the package is refused, or the record is kept and the file owed', async (_, spoil, why) => {
    const { partial } = await packages(tempFolder(), spoil);
    const store = await school(tempFolder(), '990002');
    expect((await importTo(store, partial)).outcome).toBe('refused');
    const result = await importTo(store, partial, OWE);
    expect([result.outcome, result.students[0]?.records.map(({ owed }) => owed)]).toEqual(['imported', [[{ ...DEBT, why }], []]]);
    expect(await owedIn(store)).toEqual([[{ ...DEBT, why }], undefined]);
    const [record] = await recordsIn(store);
    expect(record?.record).toMatchObject({ document: null, fields: { brief: '一篇散文', certification: '1' } });
  });

  it('sets nothing else aside: a bad signature and a wrong password stay errors', async () => {
    const folder = tempFolder();
    const { partial } = await packages(folder);
    const store = await school(folder, '990002');
    await expect(importTo(store, partial, { ...OWE, password: Buffer.from('another one') })).resolves.toMatchObject({ outcome: 'refused' });
    writeFileSync(`${partial}.md5`, `${'0'.repeat(32)}  ${basename(partial)}\n`);
    await expect(importTo(store, partial, OWE)).resolves.toMatchObject({ outcome: 'refused' });
    expect(await withStore(store, (open) => open.students())).toEqual([]);
  });

  it('is named by the doctor, the status, the list of students, and the receipt', async () => {
    const { store } = await owing(tempFolder());
    const { findings } = await withStore(store, (open) => studentStatus(open, TRANSFER_STUDENT));
    expect(findings.map(({ code, place }) => [code, place.file])).toEqual([['LPX_FILE_OWED', FILE.name]]);
    expect(await withStore(store, (open) => open.students())).toMatchObject([{ owed: 1, attachments: 1 }]);
    const examined = await withStore(store, (open) => examineStore(open, { quick: true, repair: false, now: NOW, operator: OPERATOR }));
    expect(examined.findings.filter(({ code }) => code === 'LPX_FILE_OWED').map(({ place }) => [place.student, place.file])).toEqual([
      [TRANSFER_STUDENT, FILE.name],
    ]);
    const receipt: Receipt = await withStore(store, async (open) => {
      const [entry] = await open.history({ kinds: ['import'] });
      return (await receiptOf(open, entry as never, { now: NOW, by: OPERATOR })).receipt;
    });
    expect(receipt.students).toMatchObject([
      { courseResults: 2, leftOut: [], owed: [{ title: '國語文', file: FILE.name, why: 'missing' }] },
    ]);
  });

  it('is known when the same package comes again, and when a partial one comes after the whole', async () => {
    const folder = tempFolder();
    const { partial, whole } = await packages(folder);
    const store = await school(folder, '990002');
    await importTo(store, partial, OWE);
    expect((await importTo(store, partial, OWE)).outcome).toBe('unchanged');
    const other = await school(join(folder, 'other'), '990002');
    await importTo(other, whole);
    expect((await importTo(other, partial, OWE)).outcome).toBe('unchanged');
    expect(await owedIn(other)).toEqual([undefined, undefined]);
  });

  it('is paid by the whole package: number, pick and entry of the record stay, and it is as if it had come whole', async () => {
    const folder = tempFolder();
    const { store, whole } = await owing(folder);
    const before = await identityIn(store);
    const result = await importTo(store, whole);
    expect([result.outcome, result.students[0]?.records.map(({ outcome }) => outcome)]).toEqual(['imported', ['paid', 'same']]);
    const [first, ...others] = before;
    expect(await identityIn(store)).toEqual([[...(first as unknown[]).slice(0, 4), DEBT.md5], ...others]);
    expect(await owedIn(store)).toEqual([undefined, undefined]);
    const direct = await school(join(folder, 'direct'), '990002');
    await importTo(direct, whole);
    const contents = async (of: string) => (await recordsIn(of)).map(({ key, content }) => [key, content]);
    expect(await contents(store)).toEqual(await contents(direct));
    expect((await importTo(store, whole)).outcome).toBe('unchanged');
  });

  it('is paid by a copy of any name, which is known by its MD5 alone', async () => {
    const folder = tempFolder();
    const { store } = await owing(folder);
    const before = await identityIn(store);
    mkdirSync(join(folder, 'heap'));
    writeFileSync(join(folder, 'heap', 'x'), Buffer.concat([FILE.bytes, Buffer.from('!')]));
    const { missing } = await recover(store, join(folder, 'heap'));
    expect(missing.map(({ state, knownBy, md5 }) => [state, knownBy, md5])).toEqual([['owed', 'md5', DEBT.md5]]);
    writeFileSync(join(folder, 'heap', 'y'), FILE.bytes);
    const { recovered, contents, historyId } = await recover(store, join(folder, 'heap'));
    expect([contents, recovered.map(({ state, knownBy, from }) => [state, knownBy, basename(from)])]).toEqual([1, [['owed', 'md5', 'y']]]);
    const [first, ...others] = before;
    expect(await identityIn(store)).toEqual([[...(first as unknown[]).slice(0, 4), DEBT.md5], ...others]);
    expect(await withStore(store, (open) => open.history({ kinds: ['recover'] }))).toMatchObject([
      { id: historyId, details: { files: 1, byMd5: 1, missing: 0 } },
    ]);
    expect(await recover(store, join(folder, 'heap'))).toMatchObject({ lacking: 0, contents: 0 });
    await withStore(store, (open) => undoEntry(open, { id: historyId, now: NOW, operator: OPERATOR }));
    expect(await identityIn(store)).toEqual(before);
  });

  it('is owed again when the import that paid it is undone', async () => {
    const { store, whole } = await owing(tempFolder());
    const before = await identityIn(store);
    const { historyId } = await importTo(store, whole);
    await withStore(store, (open) => undoEntry(open, { id: historyId, dryRun: false, now: NOW, operator: OPERATOR }));
    expect(await identityIn(store)).toEqual(before);
    expect(await owedIn(store)).toEqual([[{ ...DEBT, why: 'missing' }], undefined]);
  });

  it('does not leave with its record unasked, and openly where the clerk asks for it', async () => {
    const folder = tempFolder();
    const { store, partial } = await owing(folder);
    const out = join(folder, 'out');
    await expect(exportFrom(store, out)).rejects.toMatchObject({ code: 'LPX_FILE_OWED', place: { file: FILE.name } });
    const { zipFile, overridden } = await exportFrom(store, out, { acceptPartial: true });
    expect(overridden).toEqual(['LPX_FILE_OWED']);
    const third = await school(folder, '990003');
    const refused = await importTo(third, zipFile);
    expect(refused.report.findings.filter(({ severity }) => severity === 'error').map(({ code, place }) => [code, place.file])).toEqual([
      ['LPX_ATTACHMENT_MISSING', FILE.name],
    ]);
    await importTo(third, zipFile, OWE);
    expect(await owedIn(third)).toEqual([[{ ...DEBT, why: 'missing' }], undefined]);
    expect(readFileSync(partial).length).toBeGreaterThan(0);
  });

  it.each([
    ['lost', (file: string) => rmSync(file)],
    ['damaged', (file: string) => writeFileSync(file, pdf('something else'))],
  ])('that the store has %s stops an export, or goes as a debt where the clerk asks for it', async (_, spoil) => {
    const folder = tempFolder();
    const { from } = await packages(folder);
    const sha256 = createHash('sha256').update(FILE.bytes).digest('hex');
    spoil(join(from, 'attachments', sha256.slice(0, 2), sha256));
    const out = join(folder, 'out');
    await expect(exportFrom(from, out)).rejects.toMatchObject({ exitCode: 5 });
    const { zipFile, overridden, findings } = await exportFrom(from, out, { acceptPartial: true });
    expect(overridden).toEqual(['LPX_FILE_OWED']);
    expect(findings.filter(({ severity }) => severity === 'warning')).toMatchObject([
      { code: 'LPX_FILE_OWED', place: { file: FILE.name }, facts: { owedWhy: 'lost' } },
    ]);
    const store = await school(folder, '990002');
    await importTo(store, zipFile, OWE);
    expect(await owedIn(store)).toEqual([[{ ...DEBT, why: 'missing' }], undefined]);
  });

  it('is owed in what the school’s own platform hands over, too, and paid by the next load', async () => {
    const folder = tempFolder();
    const store = await school(folder, '990001');
    const platform = join(folder, 'platform');
    writeExchangeFolder(platform, [smallPortfolio([courseResult({}, FILE)])]);
    const file = join(platform, TRANSFER_STUDENT, '課程學習成果', 'C01.pdf');
    rmSync(file);
    const loading = (acceptPartial: boolean) =>
      withStore(store, (open) => loadFolder(open, { path: platform, now: NOW, operator: OPERATOR, acceptPartial }));
    await expect(loading(false)).rejects.toMatchObject({ code: 'LPX_ATTACHMENT_MISSING' });
    expect((await loading(true)).students).toMatchObject([{ added: 1 }]);
    expect(await owedIn(store)).toEqual([[{ ...DEBT, why: 'missing' }]]);
    writeFileSync(file, FILE.bytes);
    expect((await loading(false)).students).toMatchObject([{ added: 0, updated: 1 }]);
    expect(await identityIn(store)).toMatchObject([['O1', false, 1, {}, DEBT.md5]]);
  });
});
