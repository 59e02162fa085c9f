/** What other software writes, and a person would call fine: imported, with its oddities named. */
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXIT_CODE_OF } from '#lpx/errors.js';
import type { ImportRequest } from '#lpx/exchange/import.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { errorOfReport } from '#lpx/exchange/verify.js';
import { basicDataWire } from '#lpx/spec/portfolio.js';
import { entryBuffer } from '#lpx/zip/entry-bytes.js';
import { FLAG } from '#lpx/zip/format.js';
import { readZip } from '#lpx/zip/reader.js';
import { exportFrom, importTo, md5, PASSWORD, school, sign, studentIn, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { put, type RawEntry, rawAe1, rawZip, type TestEntry, written } from '../support/zips.js';

type Loose = any;
const NAME = '990001_2021_01_21_09_00_00.zip';

const BIRTH = basicDataWire('birthDate');
const sample: TestEntry[] = [];
let records = 0;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-field-'));
  const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
  const fd = openSync(zipFile, 'r');
  for (const entry of await readZip(zipFile)) {
    sample.push({ name: entry.name, content: await entryBuffer(fd, entry, PASSWORD, 1_000_000), deflate: entry.name.endsWith('.json') });
  }
  const to = await school(folder, '990002');
  await importTo(to, zipFile);
  records = (await studentIn(to, TRANSFER_STUDENT)).records.length;
  return () => rmSync(folder, { recursive: true });
});

const document = () => sample.find(({ name }) => !name.includes('/')) as TestEntry;
const withDocument = (content: Buffer | string): TestEntry[] =>
  sample.map((entry) => (entry === document() ? { ...entry, content: Buffer.from(content as string) } : entry));
/** The sample with its document spoilt as a platform spoils it. */
const changed = (change: (student: Loose, course: Loose) => unknown) => {
  const all = JSON.parse(document().content.toString());
  const instead = change(all[0], all[0].課程學習成果紀錄[0]);
  return withDocument(JSON.stringify(instead ?? all));
};
const renamed = (rename: (name: string) => string): TestEntry[] => sample.map((entry) => ({ ...entry, name: rename(entry.name) }));
const raw = (entry: (one: TestEntry) => Partial<RawEntry>): Buffer =>
  rawZip(
    sample.map((one) => ({ name: one.name, content: one.content, ...entry(one) })),
    PASSWORD,
  );

async function tried(archive: Buffer | TestEntry[], request: Partial<ImportRequest> = {}, name = NAME) {
  const folder = tempFolder();
  const bytes = Buffer.isBuffer(archive) ? archive : await written(archive, 'aes256', PASSWORD);
  const zipFile = put(join(folder, name), bytes);
  if (request.signature === undefined) sign(zipFile);
  const store = await school(folder, '990002');
  return { store, zipFile, result: await importTo(store, zipFile, request) };
}

describe('a package as the field writes it', () => {
  it.each<[string, () => Buffer | TestEntry[], string[]]>([
    ['a byte order mark on its JSON', () => withDocument(`\ufeff${document().content}`), []],
    ['JSON in UTF-16', () => withDocument(iconv.encode(document().content.toString(), 'utf16le', { addBOM: true })), ['encoding']],
    ['JSON in UTF-16 without a mark', () => withDocument(iconv.encode(document().content.toString(), 'utf16le')), ['encoding']],
    ['JSON in CP950', () => withDocument(iconv.encode(document().content.toString(), 'cp950')), ['encoding']],
    ['a lone student', () => changed((student) => student), ['array']],
    ['null for a list', () => changed((student) => void (student.多元表現.競賽參與紀錄 = null)), ['list']],
    ['a list left out', () => changed((student) => void delete student.多元表現.競賽參與紀錄), ['list']],
    [
      'numbers as text',
      () => changed((_, course) => void Object.assign(course, { 應修課學年度: '109', 應修課學期: '1' })),
      ['number', 'number'],
    ],
    ['booleans as text', () => changed((_, course) => void (course.是否為重修時的課程學習成果 = 'False')), ['boolean']],
    ['null for a text', () => changed((_, course) => void (course.課程學習成果簡述 = null)), []],
    ['an optional property left out', () => changed((_, course) => void delete course.重修方式), []],
    ['properties of its own', () => changed((student, course) => void Object.assign(course, { 送審說明: 'x' }, (student.附註 = 1))), []],
    ['MD5s in capitals', () => changed((_, course) => void (course.文件檔案MD5 = course.文件檔案MD5.toUpperCase())), ['md5']],
    ['a ROC date', () => changed((student) => void (student.基本資料[BIRTH] = '0940309')), ['date']],
    ['a ROC date with slashes', () => changed((student) => void (student.基本資料[BIRTH] = '94/03/09')), ['date']],
    ['a date without slashes', () => changed((student) => void (student.基本資料[BIRTH] = '20050309')), ['date']],
    ['a time in ISO form', () => changed((_, course) => void (course.建立日期及時間 = '2021-01-10T14:03:22')), ['time']],
    ['a term with a dash', () => changed((_, course) => void (course.本課程學習成果上傳學年度及學期 = '109-1')), ['term']],
    ['a term with a slash', () => changed((_, course) => void (course.本課程學習成果上傳學年度及學期 = '109/1')), ['term']],
    ['a term as a number', () => changed((_, course) => void (course.本課程學習成果上傳學年度及學期 = 1091)), ['text']],
    [
      'links with backslashes',
      () => changed((_, course) => void (course.課程學習成果文件檔案連結 = course.課程學習成果文件檔案連結.replaceAll('/', '\\'))),
      [],
    ],
    [
      'a link from the root',
      () => changed((_, course) => void (course.課程學習成果文件檔案連結 = `/${course.課程學習成果文件檔案連結}`)),
      [],
    ],
    [
      'a link that ends in a bare dot',
      () => changed((_, course) => void (course.課程學習成果文件檔案連結 = course.課程學習成果文件檔案連結.replace(/pdf$/, ''))),
      ['link'],
    ],
    [
      'a link whose MD5 says that there is no file',
      () =>
        changed(
          (_, course) =>
            void Object.assign(course, {
              課程學習成果影音檔案連結: 'A800000014/課程學習成果/C99.',
              影音檔案MD5: 'd41d8cd98f00b204e9800998ecf8427e',
            }),
        ),
      [],
    ],
    ['a course code that no table knows', () => changed((_, course) => void (course.課程代碼 = '109990001Z99999Z9Z9Z9Z9')), []],
    ['the JSON under another name', () => renamed((name) => (name.includes('/') ? name : '學生資料.json')), []],
    ['AES-256 of the older kind, AE-1', () => rawAe1(sample, PASSWORD, 3), []],
    ['AES-128 of the older kind, AE-1', () => rawAe1(sample, PASSWORD, 1), []],
    [
      'a link in wide letters to a file in narrow ones',
      () => changed((_, course) => void (course.課程學習成果文件檔案連結 = 'A800000014/課程學習成果/Ｃ０１.pdf')),
      ['link'],
    ],
    [
      'a link in small letters',
      () => changed((_, course) => void (course.課程學習成果文件檔案連結 = 'A800000014/課程學習成果/c01.PDF')),
      ['link'],
    ],
    [
      'wide letters in a file’s name and its link',
      () =>
        changed((_, course) => void (course.課程學習成果文件檔案連結 = 'A800000014/課程學習成果/報告（一）.pdf')).map((entry) =>
          entry.name.endsWith('C01.pdf') ? { ...entry, name: entry.name.replace('C01', '報告（一）') } : entry,
        ),
      [],
    ],
    [
      'one file under two numbers, the second with the MD5 of nothing',
      () => [
        ...changed(
          (_, course) =>
            void Object.assign(course, {
              課程學習成果影音檔案連結: 'A800000014/課程學習成果/C99.pdf',
              影音檔案MD5: 'd41d8cd98f00b204e9800998ecf8427e',
            }),
        ),
        { name: 'A800000014/課程學習成果/C99.pdf', content: (sample.find(({ name }) => name.endsWith('C01.pdf')) as TestEntry).content },
      ],
      [],
    ],
    [
      'a path for an original name, which is taken as text alone',
      () =>
        sample.map((entry) =>
          entry.name.endsWith('課程學習成果/filename_mapping.json')
            ? { ...entry, content: Buffer.from('{"C01.pdf":"C:\\\\evil\\\\..\\\\a.pdf"}') }
            : entry,
        ),
      [],
    ],
    ['a folder around the whole', () => renamed((name) => `轉學生/${name}`), ['folder']],
    ['a second JSON that is no document', () => [...sample, { name: 'package.json', content: Buffer.from('{"a":1}'), deflate: true }], []],
    [
      'what a Mac adds',
      () => [...sample, { name: '__MACOSX/._x', content: Buffer.from('x') }, { name: '.DS_Store', content: Buffer.from('x') }],
      [],
    ],
    ['what Windows adds', () => [...sample, { name: `${TRANSFER_STUDENT}/Thumbs.db`, content: Buffer.from('x') }], []],
    [
      'records of counselling',
      () => [...sample, { name: `${TRANSFER_STUDENT}/課程諮詢.json`, content: Buffer.from('[]'), deflate: true }],
      [],
    ],
    [
      'a file that no record links to',
      () => [...sample, { name: `${TRANSFER_STUDENT}/多元表現/M99.pdf`, content: Buffer.from('%PDF-') }],
      [],
    ],
    [
      'a mapping of files that are not there',
      () =>
        sample.map((entry) =>
          entry.name.endsWith('課程學習成果/filename_mapping.json')
            ? { ...entry, content: Buffer.from('{"C98.pdf":"x.pdf","C99.pdf":null}') }
            : entry,
        ),
      [],
    ],
    ['no mapping', () => sample.filter(({ name }) => !name.endsWith('filename_mapping.json')), []],
    ['names in NFD', () => renamed((name) => name.normalize('NFD')), []],
    ['names with backslashes', () => renamed((name) => name.replaceAll('/', '\\')), []],
    ['names in UTF-8 without the flag', () => raw(() => ({ record: { flags: FLAG.encrypted } })), []],
    [
      'names in CP950',
      () =>
        raw(({ name }) => ({ name: iconv.encode(name, 'cp950'), record: { flags: FLAG.encrypted, name: iconv.encode(name, 'cp950') } })),
      ['name'],
    ],
    [
      'folder entries',
      () =>
        rawZip(
          [{ name: `${TRANSFER_STUDENT}/`, content: Buffer.alloc(0) }, ...sample.map(({ name, content }) => ({ name, content }))],
          PASSWORD,
        ),
      [],
    ],
    [
      'gaps between its entries',
      () =>
        rawZip(
          sample.map(({ name, content }) => ({ name, content })),
          PASSWORD,
          Buffer.from('gap'),
        ),
      [],
    ],
  ])('with %s is imported whole; what was repaired is named, and refused under --strict', async (_, archive, kinds) => {
    const { store, result } = await tried(archive());
    expect(result.outcome, JSON.stringify(result.report.findings.filter(({ severity }) => severity === 'error'))).toBe('imported');
    expect((await studentIn(store, TRANSFER_STUDENT)).records).toHaveLength(records);
    const repairs = result.report.findings.filter(({ code }) => code === 'LPX_REPAIRED');
    expect([...new Set(repairs.map(({ facts }) => facts.repair))]).toEqual([...new Set(kinds)]);
    for (const { severity, where } of repairs) expect([severity, where.length > 0]).toEqual(['warning', true]);

    const strict = await tried(archive(), { strict: true });
    const error = errorOfReport(strict.result.report);
    expect(error ? EXIT_CODE_OF[error.code] : 0).toBe(kinds.length > 0 ? 6 : 0);
  });

  it('keeps what it says of its own: unknown properties go out again', async () => {
    const { store } = await tried(changed((_, course) => void (course.送審說明 = { 次: 2 })));
    const onward = await exportFrom(store, join(tempFolder(), 'mail'));
    const fd = openSync(onward.zipFile, 'r');
    const [json] = await readZip(onward.zipFile);
    expect((await entryBuffer(fd, json as never, PASSWORD, 1_000_000)).toString()).toMatch(/"送審說明": \{\s*"次": 2/);
  });

  it('restores the names that its files were uploaded under, as text', async () => {
    const { store } = await tried(
      sample.map((entry) =>
        entry.name.endsWith('課程學習成果/filename_mapping.json')
          ? { ...entry, content: Buffer.from(JSON.stringify({ 'C01.pdf': 'C:\\evil\\..\\報告\u202e.pdf' })) }
          : entry,
      ),
    );
    const [first] = (await studentIn(store, TRANSFER_STUDENT)).records.filter(({ record }) => record.list === 'courseResults');
    expect(first?.record.document?.name).toBe('報告.pdf');
  });

  it('with an archive hidden behind a file is imported, and the file named', async () => {
    const hidden = Buffer.concat([Buffer.from('%PDF-1.4'), rawZip([{ name: 'x' }], PASSWORD)]);
    const archive = changed((_, course) => void (course.文件檔案MD5 = md5(hidden))).map((entry) =>
      entry.name.endsWith('C01.pdf') ? { ...entry, content: hidden } : entry,
    );
    const { result } = await tried(archive);
    expect(result.outcome).toBe('imported');
    expect(result.report.findings).toContainEqual(expect.objectContaining({ code: 'LPX_FILE_POLYGLOT', severity: 'warning' }));
  });

  it('under any name that mail gave it is the same package', async () => {
    for (const name of ['990001_2021_01_21_09_00_00 (1).zip', '轉學生.zip', 'x.ZIP']) {
      expect((await tried(sample, {}, name)).result.outcome).toBe('imported');
    }
  });
});

describe('a package with a signature of another kind', () => {
  it('is taken with a hash that was told, and refused with another', async () => {
    const bytes = await written(sample, 'aes256', PASSWORD);
    const hash = md5(bytes);
    expect((await tried(bytes, { signature: { md5: hash.toUpperCase() } })).result.outcome).toBe('imported');
    const { result } = await tried(bytes, { signature: { md5: '0'.repeat(32) } });
    expect(errorOfReport(result.report)?.code).toBe('LPX_SIGNATURE_MISMATCH');
  });

  it('is taken without any only on the clerk’s word, and the history says so', async () => {
    const { store, result } = await tried(sample, { signature: 'none' });
    expect(result.outcome).toBe('imported');
    expect(result.report.checks[0]).toEqual({ name: 'signature', status: 'skipped' });
    expect(result.report.findings).toContainEqual(expect.objectContaining({ code: 'LPX_UNSIGNED', severity: 'warning' }));
    expect(await withStore(store, (open) => open.history())).toMatchObject([{ reason: 'unsigned' }]);
  });
});

describe('a package with attachments that are not sound', () => {
  const PARTIAL = { accept: { partial: true, foreignMd5: false } };
  const wrongMd5 = () => changed((_, course) => void (course.文件檔案MD5 = 'a'.repeat(32)));
  const missing = () => sample.filter(({ name }) => !name.endsWith('C01.pdf'));

  it.each([
    ['a wrong MD5', wrongMd5, 'LPX_ATTACHMENT_MD5'],
    ['a missing file', missing, 'LPX_ATTACHMENT_MISSING'],
  ])('%s is refused whole, or imported without that record on the clerk’s word', async (_, archive, code) => {
    const whole = await tried(archive());
    expect([whole.result.outcome, errorOfReport(whole.result.report)?.code]).toEqual(['refused', code]);
    const { store, result } = await tried(archive(), PARTIAL);
    expect(result.outcome).toBe('imported');
    expect((await studentIn(store, TRANSFER_STUDENT)).records).toHaveLength(records - 1);
    expect(result.students[0]?.records.filter(({ outcome }) => outcome === 'unsound')).toMatchObject([{ title: '國語文' }]);
    expect(result.report.findings).toContainEqual(expect.objectContaining({ code, severity: 'warning' }));
  });

  it('a program under the name of a PDF is refused, or left out', async () => {
    const program = Buffer.from('MZ this is a program');
    const archive = () =>
      changed((_, course) => void (course.文件檔案MD5 = md5(program))).map((entry) =>
        entry.name.endsWith('C01.pdf') ? { ...entry, content: program } : entry,
      );
    expect(errorOfReport((await tried(archive())).result.report)?.code).toBe('LPX_FILE_ACTIVE');
    const { store, result } = await tried(archive(), PARTIAL);
    expect(result.outcome).toBe('imported');
    expect((await studentIn(store, TRANSFER_STUDENT)).records).toHaveLength(records - 1);
  });

  it('one entry damaged is likewise', async () => {
    const bytes = await written(sample, 'aes256', PASSWORD);
    const at = bytes.indexOf('C01.pdf') + 60;
    bytes[at] = (bytes[at] as number) ^ 1;
    expect(errorOfReport((await tried(bytes)).result.report)?.code).toBe('LPX_ENTRY_DAMAGED');
    const { result } = await tried(bytes, PARTIAL);
    expect([result.outcome, result.students[0]?.records.filter(({ outcome }) => outcome === 'unsound').length]).toEqual(['imported', 1]);
  });

  it('and none that is sound has nothing to import', async () => {
    const none = changed((student) => {
      for (const record of [...student.課程學習成果紀錄, ...(Object.values(student.多元表現).flat() as Loose[])]) {
        for (const key of Object.keys(record)) if (key.endsWith('連結') && record[key]) record[key] = 'gone.pdf';
      }
      student.基本資料.擔任學校幹部經歷紀錄 = [];
    });
    expect((await tried(none, PARTIAL)).result.outcome).toBe('refused');
  });

  it('all MD5s wrong and no file damaged is some software’s habit: told once, and taken on the clerk’s word', async () => {
    const foreign = () =>
      changed((student) => {
        for (const record of [...student.課程學習成果紀錄, ...(Object.values(student.多元表現).flat() as Loose[])]) {
          for (const key of Object.keys(record))
            if (key.endsWith('MD5') && record[key] !== 'd41d8cd98f00b204e9800998ecf8427e') record[key] = 'b'.repeat(32);
        }
      });
    const refused = await tried(foreign());
    expect(refused.result.report.findings.filter(({ severity }) => severity === 'error')).toMatchObject([
      { code: 'LPX_ATTACHMENT_MD5_FOREIGN' },
    ]);
    const { result } = await tried(foreign(), { accept: { partial: false, foreignMd5: true } });
    expect(result.outcome).toBe('imported');
  });
});
