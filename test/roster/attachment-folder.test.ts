import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finding } from '#lpx/errors.js';
import { openAttachments, type RegisterRecord } from '#lpx/roster/attachment-folder.js';
import type { JsonObject } from '#lpx/spec/portfolio.js';
import { tempFolder } from '../support/temp.js';

const [ME, OTHER] = ['A800000014', 'B800000015'];
const DOCUMENT = '課程學習成果文件檔案連結';
const MEDIA = '課程學習成果影音檔案連結';

const folderWith = (...paths: readonly string[]): string => {
  const folder = tempFolder();
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), path);
  }
  return folder;
};
const row = (record: JsonObject, nationalId = ME, row = 0): RegisterRecord => ({
  nationalId,
  list: 'courseResults',
  record: { 科目名稱: '國語文', 課程代碼: '109990001H11101A1010101', ...record },
  place: (property) => ({ row, property }),
});
const errorsIn = (findings: readonly Finding[]) => findings.filter(({ severity }) => severity === 'error');
async function link(folder: string, records: readonly RegisterRecord[], search = true) {
  const ids = new Set(records.map(({ nationalId }) => nationalId));
  const named = records.flatMap(({ record }) =>
    [record[DOCUMENT], record[MEDIA]].filter((text) => typeof text === 'string' && text !== ''),
  );
  const attachments = await openAttachments(folder, { search, ids, named: named as string[] });
  const linked = attachments.link(records);
  return { ...linked, unused: attachments.unused() };
}
/** The path found for one row that names a document; or the code of the finding. */
async function found(files: readonly string[], text: string, search = true): Promise<unknown> {
  const { records, findings } = await link(folderWith(...files), [row({ [DOCUMENT]: text })], search);
  return errorsIn(findings)[0]?.code ?? records[0]?.record[DOCUMENT];
}

describe('the file that a row names', () => {
  it.each<[string, readonly string[], string, string]>([
    ['by its path', ['a/報告.pdf', 'b/報告.pdf'], 'b/報告.pdf', 'b/報告.pdf'],
    ['by a path of Windows', ['a/報告.pdf'], '.\\a\\報告.pdf', 'a/報告.pdf'],
    ['by its name in the folder', ['報告.pdf'], '報告.pdf', '報告.pdf'],
    ['by its name, wherever it is', ['x/y/報告.pdf'], '報告.pdf', 'x/y/報告.pdf'],
    ['by the end of its path', ['x/a/報告.pdf', 'x/b/報告.pdf'], 'b/報告.pdf', 'x/b/報告.pdf'],
    ['in other letters', ['Report.PDF'], 'ｒeport.pdf', 'Report.PDF'],
    ['in the letters it has, of two that differ in them', ['A.pdf', 'a.pdf'], 'a.pdf', 'a.pdf'],
    ['in another Unicode form', ['re\u0301sume\u0301.pdf'], 'résumé.pdf', 'résumé.pdf'],
    ['without its type', ['報告.v2.pdf'], '報告.v2', '報告.v2.pdf'],
    ['in the student’s own folder first', [`${ME}/報告.pdf`, '報告.pdf'], '報告.pdf', `${ME}/報告.pdf`],
    ['in a folder with their id in its name', [`101班/${ME}_林小禾/報告.pdf`, 'x/報告.pdf'], '報告.pdf', `101班/${ME}_林小禾/報告.pdf`],
    ['by a name with the id in it', [`a800000014-1.pdf`], 'a800000014-1.pdf', 'a800000014-1.pdf'],
    ['in the folder of its list', [`${ME}/多元表現/1.pdf`, `${ME}/課程學習成果/1.pdf`], '1.pdf', `${ME}/課程學習成果/1.pdf`],
    ['not in another student’s folder', [`${OTHER}/報告.pdf`], '報告.pdf', 'LPX_ATTACHMENT_MISSING'],
    ['not in another student’s folder by its path either', [`${OTHER}/報告.pdf`], `${OTHER}/報告.pdf`, 'LPX_ATTACHMENT_MISSING'],
    ['that is not there', ['報告.pdf'], '心得.pdf', 'LPX_ATTACHMENT_MISSING'],
    ['that could be one of two', ['x/報告.pdf', 'y/報告.pdf'], '報告.pdf', 'LPX_ATTACHMENT_AMBIGUOUS'],
    ['without a type, that could be one of two', ['報告.pdf', '報告.jpg'], '報告', 'LPX_ATTACHMENT_AMBIGUOUS'],
    ['outside the folder', ['報告.pdf'], '../報告.pdf', 'LPX_LINK_UNSAFE'],
    ['on a drive', ['報告.pdf'], 'C:\\報告.pdf', 'LPX_LINK_UNSAFE'],
  ])('is found, or not: %s', async (_, files, text, expected) => {
    expect(await found(files, text)).toBe(expected);
  });

  it('is never one that a link of the file system leads to', async () => {
    const outside = folderWith('secret/報告.pdf');
    const folder = folderWith('x.pdf');
    symlinkSync(join(outside, 'secret/報告.pdf'), join(folder, '報告.pdf'));
    symlinkSync(join(outside, 'secret'), join(folder, ME));
    const { findings, files } = await link(folder, [row({ [DOCUMENT]: '報告.pdf' })]);
    expect(findings).toMatchObject([{ code: 'LPX_ATTACHMENT_MISSING', place: { row: 0, property: DOCUMENT } }]);
    expect([...files.keys()]).toEqual([]);
  });

  it('is read where the disk has it, also when its name there has another Unicode form', async () => {
    const folder = folderWith('re\u0301sume\u0301.pdf');
    const { files } = await link(folder, [row({ [DOCUMENT]: 'résumé.pdf' })]);
    expect([...files]).toEqual([['résumé.pdf', join(folder, 're\u0301sume\u0301.pdf')]]);
  });

  it('goes to the slot of its kind when only one is named', async () => {
    const { records } = await link(folderWith('film.mp4', '報告.pdf'), [
      row({ [DOCUMENT]: 'film.mp4' }),
      row({ [DOCUMENT]: '報告.pdf', [MEDIA]: 'film.mp4' }),
    ]);
    expect(records.map(({ record }) => [record[DOCUMENT], record[MEDIA]])).toEqual([
      ['', 'film.mp4'],
      ['報告.pdf', 'film.mp4'],
    ]);
  });

  it('is reported with its row, each of them', async () => {
    const { findings } = await link(folderWith('a.pdf'), [row({ [DOCUMENT]: 'x.pdf' }, ME, 1), row({ [MEDIA]: 'y.mp4' }, OTHER, 2)]);
    expect(findings.map(({ place }) => [place.row, place.property])).toEqual([
      [1, DOCUMENT],
      [2, MEDIA],
    ]);
  });
});

describe('the folder of a register, when none was named for attachments', () => {
  it.each<[string, readonly string[], string, string]>([
    ['next to the register', ['報告.pdf'], '報告.pdf', '報告.pdf'],
    ['in the folder that the row names', ['附件/報告.pdf'], '附件/報告.pdf', '附件/報告.pdf'],
    ['in the student’s folder', [`${ME}/課程學習成果/報告.pdf`], '報告.pdf', `${ME}/課程學習成果/報告.pdf`],
    ['not in a folder that nobody names', ['照片/報告.pdf'], '報告.pdf', 'LPX_ATTACHMENT_MISSING'],
  ])('is searched for what rows name: %s', async (_, files, text, expected) => {
    expect(await found(files, text, false)).toBe(expected);
  });

  it('is not even listed for a register without files', async () => {
    expect(await link(join(tempFolder(), 'none'), [row({})], false)).toMatchObject({ findings: [] });
  });
});

describe('a row that names no file', () => {
  it.each<[string, string]>([
    ['as its subject', '國語文.pdf'],
    ['as its subject, with the id', `${ME}_國語文.pdf`],
    ['as its course', '109990001h11101a1010101.pdf'],
  ])('gets the one in the student’s folder that is called %s', async (_, name) => {
    const { records, files } = await link(folderWith(`${ME}/${name}`, '國語文.pdf', `${OTHER}/國語文.pdf`), [row({})]);
    expect(records[0]?.record[DOCUMENT]).toBe(`${ME}/${name}`);
    expect([...files.keys()]).toEqual([`${ME}/${name}`]);
  });

  it('gets one for each slot', async () => {
    const { records } = await link(folderWith(`${ME}/國語文.pdf`, `${ME}/國語文.mp4`), [row({})]);
    expect(records[0]?.record).toMatchObject({ [DOCUMENT]: `${ME}/國語文.pdf`, [MEDIA]: `${ME}/國語文.mp4` });
  });

  it('gets none when another fits as well: both are reported', async () => {
    const rows = [row({}, ME, 1), row({}, ME, 2)];
    const { records, findings } = await link(folderWith(`${ME}/國語文.pdf`), rows);
    expect(records).toEqual(rows.map((row) => expect.objectContaining({ record: row.record })));
    expect(errorsIn(findings).map(({ code, place }) => [code, place.row])).toEqual([
      ['LPX_ATTACHMENT_UNNAMED', 1],
      ['LPX_ATTACHMENT_UNNAMED', 2],
    ]);
  });

  it('gets none of two that fit', async () => {
    const { findings } = await link(folderWith(`${ME}/國語文.pdf`, `${ME}/國語文.jpg`), [row({})]);
    expect(errorsIn(findings)).toMatchObject([{ code: 'LPX_ATTACHMENT_AMBIGUOUS', place: { row: 0 } }]);
  });

  it('leaves a file that another row names', async () => {
    const { records, findings } = await link(folderWith(`${ME}/國語文.pdf`), [row({ [DOCUMENT]: '國語文.pdf' }), row({})]);
    expect(findings).toEqual([]);
    expect(records.map(({ record }) => record[DOCUMENT])).toEqual([`${ME}/國語文.pdf`, undefined]);
  });

  it('leaves files of students of the register over', async () => {
    const folder = folderWith(
      `${ME}/國語文.pdf`,
      `${ME}/舊.pdf`,
      `${ME}/多元表現/獎狀.jpg`,
      'C800000016/x.pdf',
      '讀我.txt',
      `${ME}/Thumbs.db`,
    );
    const { files, unused, findings } = await link(folder, [row({})]);
    expect([...files.keys()]).toEqual([`${ME}/國語文.pdf`]);
    expect(findings).toEqual([]);
    expect(unused.map(({ path }) => path)).toEqual([`${ME}/舊.pdf`]);
  });
});
