import {
  appendFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { csv } from '#lpx/roster/tables.js';
import { VECTORS, type VectorFile } from '../fixtures/vectors.js';
import {
  deliver,
  filesBelow,
  importFolder,
  outcomesOf,
  type SentPackage,
  STUDENTS,
  sentPackages,
  settle,
  writeSettled,
} from '../support/inboxes.js';
import { md5, PASSWORD, school, sign, studentIn } from '../support/schools.js';
import { keptFolder, tempFolder } from '../support/temp.js';
import { rawZip } from '../support/zips.js';

const sender = keptFolder();
let made: Promise<SentPackage[]> | undefined;
const sent = (): Promise<SentPackage[]> => {
  made ??= sentPackages(sender);
  return made;
};

/** An inbox of the packages of all students, and an empty store. */
async function arranged(count = STUDENTS.length) {
  const folder = tempFolder();
  const inbox = join(folder, 'inbox');
  const names = deliver((await sent()).slice(0, count), inbox);
  return { folder, inbox, names, store: await school(folder, '990002') };
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const file = join(tempFolder(), 'passwords.csv');
  writeFileSync(file, csv('passwords', { name: '', rows: [['檔名', '密碼'], ...rows] }).content);
  return file;
}

const halfOf = (file: string) => {
  const bytes = readFileSync(file);
  return bytes.subarray(0, bytes.length / 2);
};

const historyOf = async (store: string) => (await withStore(store, (open) => open.history({ kinds: ['import'] }))).reverse();

describe('the import of an inbox', () => {
  it('imports every package and moves it with its signature to imported/', async () => {
    const { inbox, names, store } = await arranged();
    const results = await importFolder(store, inbox);
    expect(outcomesOf(results)).toEqual(Object.fromEntries(names.map((name) => [name, 'imported'])));
    expect(results.map(({ movedTo }) => movedTo)).toEqual(names.map((name) => `imported/${name}`));
    expect(filesBelow(inbox)).toEqual(names.flatMap((name) => [`imported/${name}`, `imported/${name}.md5`]));
    for (const nationalId of STUDENTS) expect((await studentIn(store, nationalId)).records).toHaveLength(1);
    expect(await importFolder(store, inbox)).toEqual([]);
  });

  it('moves a refused package to refused/, with reports of why, and goes on', async () => {
    const { inbox, names, store } = await arranged(3);
    const [first = '', second = '', third = ''] = names;
    appendFileSync(join(inbox, second), 'x');
    settle(inbox);
    expect(outcomesOf(await importFolder(store, inbox))).toEqual({
      [first]: 'imported',
      [second]: 'refused LPX_SIGNATURE_MISMATCH',
      [third]: 'imported',
    });
    const refused = filesBelow(join(inbox, 'refused'));
    expect(refused).toEqual([second.replace('.zip', '.report.json'), second, `${second}.md5`]);
    expect((await historyOf(store)).map((entry) => entry.kind === 'import' && entry.state)).toEqual(['done', 'failed', 'done']);
  });

  it('refuses a package in conflict with the store', async () => {
    const { inbox, names, store } = await arranged(1);
    const results = await importFolder(store, inbox, { terms: { dryRun: false, createStudents: false, operator: '' } });
    expect(outcomesOf(results)).toEqual({ [names[0] as string]: 'refused LPX_STUDENT_UNKNOWN' });
    expect(filesBelow(inbox)).toContain(`refused/${names[0]}`);
  });

  it('leaves a package whose password nobody has, or has only a wrong one, and no trace in the history', async () => {
    const { inbox, names, store } = await arranged(3);
    const [known = '', unknown = '', mistyped = ''] = names;
    const passwordTable = tableOf([
      [known, 'an old one'],
      [known, String(PASSWORD)],
      [mistyped, 'mistyped'],
    ]);
    expect(outcomesOf(await importFolder(store, inbox, { passwordTable, passwords: [] }))).toEqual({
      [known]: 'imported',
      [unknown]: 'waiting LPX_PASSWORD_UNLISTED',
      [mistyped]: 'waiting LPX_PASSWORD_WRONG',
    });
    expect(filesBelow(inbox).filter((file) => !file.includes('/'))).toEqual([unknown, `${unknown}.md5`, mistyped, `${mistyped}.md5`]);
    expect(await historyOf(store)).toHaveLength(1);
  });

  it('leaves a package whose signature has not arrived', async () => {
    const { inbox, names, store } = await arranged(2);
    const [first = '', second = ''] = names;
    rmSync(join(inbox, `${first}.md5`));
    writeSettled(join(inbox, `${second}.md5`), '');
    expect(outcomesOf(await importFolder(store, inbox))).toEqual({
      [first]: 'waiting LPX_SIGNATURE_MISSING',
      [second]: 'waiting LPX_SIGNATURE_UNREADABLE',
    });
    expect(await historyOf(store)).toEqual([]);
  });

  it('leaves a package that is still arriving: cut short and new, or written to meanwhile', async () => {
    const { inbox, names, store } = await arranged(3);
    const [cut = '', broken = '', growing = ''] = names;
    for (const name of [cut, broken]) writeSettled(join(inbox, name), halfOf(join(inbox, name)));
    const now = new Date();
    for (const name of [cut, growing]) utimesSync(join(inbox, name), now, now);
    const writing = setInterval(() => appendFileSync(join(inbox, growing), 'x'), 20);
    const outcomes = outcomesOf(await importFolder(store, inbox).finally(() => clearInterval(writing)));
    expect(outcomes).toEqual({
      [cut]: 'waiting LPX_ZIP_CUT',
      [broken]: 'refused LPX_SIGNATURE_MISMATCH',
      [growing]: 'waiting LPX_FILE_CHANGED',
    });
  });

  it('takes packages from folders of the inbox, one for each sender, and keeps them apart', async () => {
    const { inbox, names, store } = await arranged(1);
    const [name = ''] = names;
    const other = (await sent())[1] as SentPackage;
    mkdirSync(join(inbox, '990001'));
    cpSync(other.zipFile, join(inbox, '990001', name), { preserveTimestamps: true });
    sign(join(inbox, '990001', name));
    mkdirSync(join(inbox, '990001', 'deeper'));
    writeSettled(join(inbox, '990001', 'deeper', 'a.zip'), 'not looked at');
    expect(outcomesOf(await importFolder(store, inbox))).toEqual({ [`990001/${name}`]: 'imported', [name]: 'imported' });
    expect(filesBelow(inbox)).toEqual([
      '990001/deeper/a.zip',
      `imported/990001/${name}`,
      `imported/990001/${name}.md5`,
      `imported/${name}`,
      `imported/${name}.md5`,
    ]);
  });

  it('never replaces a file that has the name already', async () => {
    const { inbox, names, store } = await arranged(1);
    const [name = ''] = names;
    mkdirSync(join(inbox, 'imported'));
    writeFileSync(join(inbox, 'imported', name), 'another');
    const [result] = await importFolder(store, inbox);
    const copy = name.replace('.zip', ' (2).zip');
    expect(result?.movedTo).toBe(`imported/${copy}`);
    expect(filesBelow(inbox)).toEqual([`imported/${copy}`, `imported/${copy}.md5`, `imported/${name}`]);
    expect(readFileSync(join(inbox, 'imported', name), 'utf8')).toBe('another');
  });

  it('follows no link: neither as a package nor as the folder to move packages to', async () => {
    const { folder, inbox, names, store } = await arranged(2);
    const [first = '', second = ''] = names;
    renameSync(join(inbox, first), join(folder, 'elsewhere.zip'));
    symlinkSync(join(folder, 'elsewhere.zip'), join(inbox, first));
    symlinkSync(folder, join(inbox, 'linked'));
    expect(outcomesOf(await importFolder(store, inbox))).toEqual({ [first]: 'waiting LPX_FILE_UNREADABLE', [second]: 'imported' });

    mkdirSync(join(folder, 'outside'));
    const linked = deliver((await sent()).slice(0, 1), join(folder, 'second'));
    symlinkSync(join(folder, 'outside'), join(folder, 'second', 'imported'));
    await expect(importFolder(store, join(folder, 'second'))).rejects.toMatchObject({
      code: 'LPX_WRITE_FAILED',
      facts: { reason: 'linked' },
    });
    // What moves nothing looks at the packages all the same.
    const dryRun = { terms: { dryRun: true, createStudents: true } } as Parameters<typeof importFolder>[2];
    expect(Object.keys(outcomesOf(await importFolder(store, join(folder, 'second'), dryRun)))).toEqual(linked);
    expect(filesBelow(join(folder, 'outside'))).toEqual([]);
    expect(filesBelow(join(folder, 'second'))).toContain(linked[0]);
  });

  it('completes what was cut short: an import that was not moved, a package or a signature under both names or one', async () => {
    const { inbox, names, store } = await arranged(4);
    const [notMoved = '', half = '', signature = '', onlySignature = ''] = names;
    await importFolder(store, inbox);
    const back = (name: string) => renameSync(join(inbox, 'imported', name), join(inbox, name));
    const both = (name: string) => linkSync(join(inbox, 'imported', name), join(inbox, name));
    for (const name of [notMoved, `${notMoved}.md5`, `${onlySignature}.md5`]) back(name);
    for (const name of [half, `${half}.md5`, signature]) both(name);
    expect(outcomesOf(await importFolder(store, inbox))).toEqual({ [notMoved]: 'unchanged' });
    expect(filesBelow(inbox)).toEqual(names.flatMap((name) => [`imported/${name}`, `imported/${name}.md5`]));
    for (const nationalId of STUDENTS.slice(0, 4)) expect((await studentIn(store, nationalId)).records).toHaveLength(1);
  });

  it('finds the password of a package in another ZIP by the package’s own name, and moves what was sent', async () => {
    const { inbox, names, store } = await arranged(1);
    const [name = ''] = names;
    const entries = [name, `${name}.md5`].map((file) => ({ name: file, content: readFileSync(join(inbox, file)), plain: true }));
    for (const { name: file } of entries) rmSync(join(inbox, file));
    writeSettled(join(inbox, 'mail.zip'), rawZip(entries, Buffer.alloc(0)));
    const passwordTable = tableOf([[name, String(PASSWORD)]]);
    expect(outcomesOf(await importFolder(store, inbox, { passwordTable, passwords: [] }))).toEqual({ 'mail.zip': 'imported' });
    expect(filesBelow(inbox)).toEqual(['imported/mail.zip']);
  });

  it('finds a password by the MD5 of a package that somebody renamed', async () => {
    const { inbox, names, store } = await arranged(1);
    const [name = ''] = names;
    const passwordTable = join(tempFolder(), 'passwords.csv');
    writeFileSync(passwordTable, `MD5,password\n${md5(readFileSync(join(inbox, name)))},${PASSWORD}\n`);
    renameSync(join(inbox, name), join(inbox, 'renamed.zip'));
    renameSync(join(inbox, `${name}.md5`), join(inbox, 'renamed.zip.md5'));
    expect(outcomesOf(await importFolder(store, inbox, { passwordTable, passwords: [] }))).toEqual({ 'renamed.zip': 'imported' });
  });

  it('changes nothing in a dry run', async () => {
    const { inbox, names, store } = await arranged(2);
    appendFileSync(join(inbox, names[1] as string), 'x');
    settle(inbox);
    const before = filesBelow(inbox);
    const terms = { dryRun: true, createStudents: true, operator: '' };
    expect(Object.values(outcomesOf(await importFolder(store, inbox, { terms })))).toEqual([
      'would-import',
      'refused LPX_SIGNATURE_MISMATCH',
    ]);
    expect(filesBelow(inbox)).toEqual(before);
  });

  it('by two at once on one inbox imports each package once', async () => {
    const { inbox, names, store } = await arranged();
    const results = (await Promise.all([importFolder(store, inbox), importFolder(store, inbox)])).flat();
    expect(results.map(({ file, outcome }) => [file, outcome])).toEqual(names.map((name) => [name, 'imported']));
    expect(await historyOf(store)).toHaveLength(names.length);
  });

  it('has a result for every package of the vectors, good ones among them, and moves each', async () => {
    const { inbox, store } = await arranged(0);
    // Not of the student whom the vectors are of.
    const names = deliver((await sent()).slice(1, 3), inbox);
    const rows = names.map((name) => [name, String(PASSWORD)]);
    const expected: Record<string, string> = Object.fromEntries(names.map((name) => [name, 'imported']));
    for (const kind of ['hostile', 'odd']) {
      cpSync(join(VECTORS, kind), join(inbox, kind), { recursive: true });
      for (const name of filesBelow(join(VECTORS, kind)).filter((file) => file.endsWith('.json'))) {
        const vector: VectorFile = JSON.parse(readFileSync(join(VECTORS, kind, name), 'utf8'));
        const zip = name.replace(/json$/, 'zip');
        rows.push([zip, vector.password]);
        expected[`${kind}/${zip}`] = vector.verdict === 'refused' ? `refused ${vector.code}` : 'read';
      }
    }
    settle(inbox);
    const outcomes = outcomesOf(await importFolder(store, inbox, { passwordTable: tableOf(rows), passwords: [] }));
    expect(Object.keys(outcomes)).toEqual(Object.keys(expected).sort());
    for (const [file, outcome] of Object.entries(outcomes)) if (expected[file] !== 'read') expect(outcome, file).toBe(expected[file]);
    const files = filesBelow(inbox);
    expect(files.filter((file) => /\.(?:zip|md5)$/.test(file) && !/^(?:imported|refused)\//.test(file))).toEqual([]);
    const refused = files.filter((file) => /^refused\/.*\.zip$/.test(file));
    expect(refused.filter((file) => !files.includes(file.replace(/zip$/, 'report.json')))).toEqual([]);
  });
});
