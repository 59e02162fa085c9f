import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FLAG, METHOD } from '#lpx/zip/format.js';
import { DEFAULT_LIMITS } from '#lpx/zip/limits.js';
import { readArchive, readZip } from '#lpx/zip/reader.js';
import { HOSTILE_ARCHIVES, PASSWORD as password } from '../fixtures/hostile.js';
import { tempFolder } from '../support/temp.js';
import { put, type RawEntry, rawZip } from '../support/zips.js';

const inFile = (bytes: Buffer) => put(join(tempFolder(), 'a.zip'), bytes);
const codeOf = (bytes: Buffer, limits = DEFAULT_LIMITS) =>
  readZip(inFile(bytes), limits).then(
    () => 'read',
    (error) => error.code,
  );
const raw = (...entries: RawEntry[]) => rawZip(entries, password);
const endOf = (bytes: Buffer) => bytes.length - 22;

describe('a directory', () => {
  it('that is valid is read, in the order of the file', async () => {
    const entries = await readZip(inFile(raw({ name: 'b' }, { name: 'a/課程.pdf' })));
    expect(entries.map(({ name, encryption, compression, size }) => [name, encryption, compression, size])).toEqual([
      ['b', 'zipcrypto', 'stored', 7],
      ['a/課程.pdf', 'zipcrypto', 'stored', 7],
    ]);
  });

  it.each<[string, string, Buffer]>([
    ['that belongs to the name', '課程.pdf', Buffer.from('course.pdf')],
    ['of another name', 'course.pdf', Buffer.from('another')],
  ])('takes Info-ZIP’s Unicode path only when it is one %s', async (_, expected, crcOf) => {
    const path = Buffer.from('課程.pdf');
    const field = Buffer.alloc(9);
    field.writeUInt16LE(0x7075, 0);
    field.writeUInt16LE(5 + path.length, 2);
    field[4] = 1;
    field.writeUInt32LE(crc32(crcOf), 5);
    const extra = Buffer.concat([field, path]);
    const archive = raw({ name: 'course.pdf', record: { flags: 1 } });
    const directory = archive.lastIndexOf('PK\x01\x02', undefined, 'latin1');
    const end = endOf(archive);
    archive.writeUInt16LE(extra.length, directory + 30);
    archive.writeUInt32LE(end - directory + extra.length, end + 12);
    const [entry] = await readZip(inFile(Buffer.concat([archive.subarray(0, end), extra, archive.subarray(end)])));
    expect(entry?.name).toBe(expected);
  });

  it('leaves folder entries out and turns backslashes', async () => {
    const folder = { name: 'a/', content: Buffer.alloc(0) };
    expect((await readZip(inFile(raw(folder, { name: 'a\\b.pdf' })))).map(({ name }) => name)).toEqual(['a/b.pdf']);
  });

  it.each(HOSTILE_ARCHIVES)('with $fault is refused: $code', async ({ code, make }) => {
    expect(await codeOf(await make())).toBe(code);
  });

  it('with an empty entry that claims to be encrypted and is not is refused for that', async () => {
    const flags = FLAG.encrypted | FLAG.utf8;
    const file = inFile(raw({ name: 'a' }, { name: 'b', content: Buffer.alloc(0), plain: true, record: { flags } }));
    await expect(readZip(file)).rejects.toMatchObject({
      code: 'LPX_ENTRY_DAMAGED',
      place: { entry: 'b' },
      facts: { part: 'noEncryption' },
    });
  });

  it.each(['.zip.001', '.z01', '.ZIP.002'])('that has no end is a part of several when its file is called %s', async (extension) => {
    const file = put(join(tempFolder(), `a${extension}`), raw({ name: 'a' }).subarray(0, 40));
    await expect(readZip(file)).rejects.toMatchObject({ code: 'LPX_ZIP_PART' });
  });

  it('whose only part is whole is read, whatever its file is called', async () => {
    expect(await readZip(put(join(tempFolder(), 'a.zip.001'), raw({ name: 'a' })))).toMatchObject([{ name: 'a' }]);
  });

  it.each<[string, Buffer]>([
    ['zeros', Buffer.alloc(10_000)],
    ['blanks', Buffer.from('\r\n \x1a')],
  ])('with %s behind it is read, and says so', async (content, padding) => {
    const archive = await readArchive(inFile(Buffer.concat([raw({ name: 'a' }), padding])));
    expect(archive).toMatchObject({ entries: [{ name: 'a' }], padding: { bytes: padding.length, content } });
  });

  it.each<[string, object, RawEntry[]]>([
    ['more entries', { entries: 1 }, [{ name: 'a' }, { name: 'b' }]],
    ['a longer name', { nameBytes: 3 }, [{ name: 'abcd' }]],
    ['a bigger entry', { entryBytes: 6 }, [{ name: 'a' }]],
    ['more in all', { totalBytes: 13 }, [{ name: 'a' }, { name: 'b' }]],
    ['a bigger directory', { directoryBytes: 40 }, [{ name: 'a' }]],
    ['a steeper compression', { ratio: 10, ratioFromBytes: 1000 }, [{ name: 'a', record: { method: METHOD.deflated, size: 100_000 } }]],
    [
      'a steeper compression of all together',
      { totalRatio: 10, totalRatioFromBytes: 1500 },
      ['a', 'b'].map((name) => ({ name, record: { method: METHOD.deflated, size: 1000 } })),
    ],
  ])('with %s than the limits allow is refused before a byte is read', async (_, limits, entries) => {
    expect(await codeOf(raw(...entries), { ...DEFAULT_LIMITS, ...limits })).toBe('LPX_LIMIT_EXCEEDED');
  });
});
