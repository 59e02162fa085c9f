import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FilesRequest, type Listing, partsOf, writePackageFiles, writeStudentFiles } from '#lpx/exchange/files.js';
import { pickItems } from '#lpx/exchange/pick.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { runInterruptibly } from '#lpx/io/interruption.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, load, md5, NOW, OPERATOR, PASSWORD, school, sign, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const listing: Listing = (files) => ({ name: 'list.csv', content: Buffer.from(files.map(({ path }) => path).join('\n')) });
const FOLDER = `${TRANSFER_STUDENT}_林小禾`;

const write = (store: string, outFolder: string, of: Partial<FilesRequest> = {}) =>
  withStore(store, (open) =>
    writeStudentFiles(open, { who: TRANSFER_STUDENT, picked: false, outFolder, listing, now: NOW, operator: OPERATOR, ...of }),
  );

/** A school whose student has the records given. */
async function schoolWith(records: Parameters<typeof smallPortfolio>[0]): Promise<{ readonly folder: string; readonly store: string }> {
  const folder = tempFolder();
  const store = await school(folder, '990001');
  writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(records)]);
  await load(store, join(folder, 'platform'));
  return { folder, store };
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

describe('the files of a student', () => {
  it('are all written under their own names, by school year and list, with a list, for their user alone', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const { files, folder: written } = await write(store, join(folder, 'out'));
    expect(written).toBe(join(folder, 'out', FOLDER));
    expect(filesIn(written)).toEqual(['list.csv', ...files.map(({ path }) => path)].sort());
    expect(files.length).toBeGreaterThan(3);
    for (const { path, name, schoolYear, list, bytes, md5: hash } of files) {
      const content = readFileSync(join(written, path));
      expect([md5(content), content.length, path]).toEqual([hash, bytes, `${schoolYear}/${list}/${name}`]);
      expect(statSync(join(written, path)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(written).mode & 0o777).toBe(0o700);
  });

  it('stand in the history: when, by whom, whose, how many, and where', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const { files } = await write(store, join(folder, 'out'));
    const [entry] = await withStore(store, (open) => open.history());
    expect(entry).toMatchObject({
      kind: 'files',
      operator: OPERATOR,
      folder: join(folder, 'out'),
      details: { files: files.length, picked: false },
      students: [{ nationalId: TRANSFER_STUDENT, attachments: files.length }],
    });
  });

  it('are never two alike, and have names that every system takes', async () => {
    const named = (name: string, body: string, i: number) =>
      courseResult({ createdAt: `2021-01-10 14:03:2${i}` }, { bytes: pdf(body), type: 'pdf', name });
    const names = ['報告.pdf', '報告.PDF', 'CON.pdf', '../../外面.pdf', 'a\u202Efdp.exe.pdf', '無副檔名', 'x.mp3'];
    const { folder, store } = await schoolWith(names.map((name, i) => named(name, `${i}`, i)));
    const { files, folder: written } = await write(store, join(folder, 'out'));
    expect(files.map(({ path }) => path.split('/').at(-1))).toEqual([
      '報告.pdf',
      '報告 (2).PDF',
      '_CON.pdf',
      '外面.pdf',
      'afdp.exe.pdf',
      '無副檔名.pdf',
      'x.mp3.pdf',
    ]);
    expect(filesIn(written)).toHaveLength(names.length + 1);
    expect(readdirSync(folder).sort()).toEqual(['out', 'platform', 'school-990001']);
  });

  it('of picked records alone are written on request; of none, no folder', async () => {
    const records = ['一', '二'].map((name, i) =>
      courseResult({ createdAt: `2021-01-10 14:03:2${i}` }, { bytes: pdf(name), type: 'pdf', name: `${name}.pdf` }),
    );
    const { folder, store } = await schoolWith(records);
    await expect(write(store, join(folder, 'out'), { picked: true })).rejects.toMatchObject({ code: 'LPX_NO_FILES' });
    expect(existsSync(join(folder, 'out'))).toBe(false);
    await withStore(store, (open) =>
      pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: ['O2'], unpick: [] }], { now: NOW, operator: OPERATOR }),
    );
    const { files } = await write(store, join(folder, 'out'), { picked: true });
    expect(files.map(({ ref, name }) => [ref, name])).toEqual([['O2', '二.pdf']]);
  });

  it('are named, all of them, that the store has lost or not whole; then nothing is written and nothing noted', async () => {
    const records = ['一', '二', '三'].map((name, i) =>
      courseResult({ createdAt: `2021-01-10 14:03:2${i}` }, { bytes: pdf(name), type: 'pdf', name: `${name}.pdf` }),
    );
    const { folder, store } = await schoolWith(records);
    const paths = await withStore(store, async (open) => {
      const student = await open.student(TRANSFER_STUDENT);
      return student?.records.map(({ record }) => open.attachments.locationOf(record.document?.sha256 ?? '')) ?? [];
    });
    appendFileSync(paths[1] as string, 'x');
    rmSync(paths[2] as string);
    const error = await write(store, join(folder, 'out')).catch((thrown) => thrown);
    expect(error.exitCode).toBe(5);
    expect(error.findings.map(({ code, place }: any) => [code, place.ref, place.file])).toEqual([
      ['LPX_ATTACHMENT_BROKEN', 'O2', '二.pdf'],
      ['LPX_ATTACHMENT_LOST', 'O3', '三.pdf'],
    ]);
    expect(existsSync(join(folder, 'out'))).toBe(false);
    expect((await withStore(store, (open) => open.history())).map(({ kind }) => kind)).toEqual(['load']);
  });

  it('replace nothing unless asked to, and never mix with files of another time', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const out = join(folder, 'out');
    const { files, folder: written } = await write(store, out);
    await expect(write(store, out)).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED', facts: { reason: 'EEXIST' } });
    const path = join(written, files[0]?.path as string);
    const whole = readFileSync(path);
    writeFileSync(path, 'scribbled over');
    await write(store, out, { existing: 'replace' });
    expect(readFileSync(path)).toEqual(whole);
    writeFileSync(join(written, '109', 'old.pdf'), 'old');
    await expect(write(store, out, { existing: 'replace' })).rejects.toMatchObject({ facts: { reason: 'others' } });
  });

  it('take the place of what a killed process left of them, which is no file of another time', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const out = join(folder, 'out');
    const { files, folder: written } = await write(store, out);
    const left = join(written, `${files[0]?.path}.0123abcd.part`);
    writeFileSync(left, 'half');
    await write(store, out, { existing: 'replace' });
    expect(existsSync(left)).toBe(false);
  });

  it('do not leave their folder through a link in it', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const elsewhere = tempFolder();
    mkdirSync(join(folder, 'out'));
    symlinkSync(elsewhere, join(folder, 'out', FOLDER));
    await expect(write(store, join(folder, 'out'))).rejects.toMatchObject({ facts: { reason: 'linked' } });
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('are all gone when somebody interrupts, with the folders that were made for them', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const interrupt = new AbortController();
    let left: string[] | undefined;
    const onUndone = () => {
      left = readdirSync(folder);
    };
    const list: Listing = (files) => {
      // Once the files are on their way.
      setImmediate(() => interrupt.abort());
      return listing(files);
    };
    await runInterruptibly(() => write(store, join(folder, 'out'), { listing: list }), { signal: interrupt.signal, onUndone }).catch(
      () => {},
    );
    expect(left).toEqual(['school-990001']);
  });
});

describe('the files of a package', () => {
  const read = (zipFile: string, outFolder: string, password = PASSWORD) => writePackageFiles({ zipFile, password, outFolder, listing });

  async function sent(): Promise<{ readonly folder: string; readonly zipFile: string }> {
    const folder = tempFolder();
    const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
    return { folder, zipFile };
  }

  it('are the same bytes under the same names as those of the school that sent it', async () => {
    const { folder, zipFile } = await sent();
    const out = join(folder, 'out');
    const { report, students } = await read(zipFile, out);
    expect(report.ok).toBe(true);
    expect(students.map(({ folder: path }) => path)).toEqual([join(out, FOLDER)]);
    for (const { path, md5: hash, name } of students[0]?.files ?? []) {
      expect(md5(readFileSync(join(out, FOLDER, path)))).toBe(hash);
      expect(path.endsWith(`/${name}`)).toBe(true);
    }
    expect(filesIn(out)).toHaveLength((students[0]?.files.length ?? 0) + 1);
    expect(readdirSync(folder).sort()).toEqual(['mail', 'out', 'school-990001']);
  });

  it.each([
    ['the password is wrong', (_: string) => Buffer.from('another-Pass-2021')],
    [
      'a byte was changed',
      (zipFile: string) => {
        const bytes = readFileSync(zipFile);
        bytes[1000] = (bytes[1000] as number) ^ 1;
        writeFileSync(zipFile, bytes);
        sign(zipFile);
        return PASSWORD;
      },
    ],
  ])('are not written when %s', async (_, change) => {
    const { folder, zipFile } = await sent();
    const { report, students } = await read(zipFile, join(folder, 'out'), change(zipFile));
    expect([report.ok, students]).toEqual([false, []]);
    expect(readdirSync(folder).sort()).toEqual(['mail', 'school-990001']);
  });

  it('are all gone when somebody interrupts while they are read, or written', async () => {
    const { folder, zipFile } = await sent();
    const out = join(folder, 'new', 'out');
    for (const moment of ['reading', 'writing'] as const) {
      const interrupt = new AbortController();
      let left: string[] | undefined;
      const onUndone = () => {
        left ??= readdirSync(folder).sort();
      };
      const stop = () => setImmediate(() => interrupt.abort());
      const request = {
        ...{ zipFile, password: PASSWORD, outFolder: out },
        listing: (files: Parameters<Listing>[0]) => {
          if (moment === 'writing') stop();
          return listing(files);
        },
        onProgress: () => {
          if (moment === 'reading') interrupt.abort();
        },
      };
      await runInterruptibly(() => writePackageFiles(request), { signal: interrupt.signal, onUndone }).catch(() => {});
      expect([moment, left]).toEqual([moment, ['mail', 'school-990001']]);
      rmSync(join(folder, 'new'), { recursive: true, force: true });
    }
  });

  it('of a folder that a killed process left are swept', async () => {
    const { folder, zipFile } = await sent();
    const left = join(folder, '.lpx-files-abcdef');
    mkdirSync(left);
    writeFileSync(join(left, 'in-use'), '');
    cpSync(zipFile, join(left, '0'));
    // That process had made no folder yet.
    mkdirSync(join(folder, 'made'));
    await read(zipFile, join(folder, 'made', 'out'));
    expect(existsSync(left)).toBe(false);
  });
});

describe('the name of a file', () => {
  it.each([
    ['a.pdf', 'pdf', ['a', '.pdf']],
    ['a.JPEG', 'jpg', ['a', '.JPEG']],
    ['a.docx', 'docx', ['a', '.docx']],
    ['notes.md', 'txt', ['notes', '.md']],
    ['a.doc', 'pdf', ['a.doc', '.pdf']],
    ['a', 'mp4', ['a', '.mp4']],
    ['a', '', ['a', '']],
  ])('keeps its extension where the content is of that type: %s, %s', (name, type, parts) => {
    expect(Object.values(partsOf({ name, type }))).toEqual(parts);
  });
});
