import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { METHOD } from '#lpx/zip/format.js';
import { DEFAULT_LIMITS } from '#lpx/zip/limits.js';
import { readZip } from '#lpx/zip/reader.js';
import { tempFolder } from '../support/temp.js';
import { put, type RawEntry, rawZip, written } from '../support/zips.js';

const password = Buffer.from('p');
const inFile = (bytes: Buffer) => put(join(tempFolder(), 'a.zip'), bytes);
const codeOf = (bytes: Buffer, limits = DEFAULT_LIMITS) =>
  readZip(inFile(bytes), limits).then(
    () => 'read',
    (error) => error.code,
  );
const raw = (...entries: RawEntry[]) => rawZip(entries, password);
const changed = (bytes: Buffer, change: (bytes: Buffer) => void) => {
  change(bytes);
  return bytes;
};
const endOf = (bytes: Buffer) => bytes.length - 22;

describe('a directory', () => {
  it('that is sound is read, in the order of the file', async () => {
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

  const flipped = async (at: (bytes: Buffer) => number) => {
    const bytes = await written([{ name: 'a', content: Buffer.from('x') }], 'zipcrypto', password);
    const offset = at(bytes);
    bytes[offset] = (bytes[offset] as number) ^ 0x10;
    return bytes;
  };
  it.each<[string, string, () => Buffer | Promise<Buffer>]>([
    ['a parent in its path', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: 'a/../../b' })],
    ['a parent behind a backslash', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: 'a\\..\\b' })],
    ['an absolute path', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: '/etc/passwd' })],
    ['a drive letter', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: 'C:/b' })],
    ['a network path', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: '\\\\server\\b' })],
    ['a NUL in a name', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: 'a\0.pdf' })],
    ['an escape character', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: 'a\u001b[31m' })],
    ['writing turned around', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: 'a\u202efdp.exe' })],
    ['a name that is no UTF-8', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: Buffer.from([0xff, 0xfe]) })],
    ['a name that Windows takes for a device', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: 'a/CON.pdf' })],
    ['a name that ends in a dot', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: 'a/b.' })],
    ['a name that ends in a space', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: 'a /b' })],
    ['no name', 'LPX_ENTRY_NAME_UNSAFE', () => raw({ name: '' })],
    ['the same name twice', 'LPX_ENTRY_DUPLICATE', () => raw({ name: 'a' }, { name: 'a' })],
    ['names that differ in case alone', 'LPX_ENTRY_DUPLICATE', () => raw({ name: 'a' }, { name: 'A' })],
    ['names that differ in normal form alone', 'LPX_ENTRY_DUPLICATE', () => raw({ name: 'é' }, { name: 'e\u0301' })],
    [
      'a symbolic link',
      'LPX_ENTRY_UNSUPPORTED',
      () => raw({ name: 'a', central: (header) => header.writeUInt32LE((0o120777 << 16) >>> 0, 38) }),
    ],
    ['a device', 'LPX_ENTRY_UNSUPPORTED', () => raw({ name: 'a', central: (header) => header.writeUInt32LE((0o020666 << 16) >>> 0, 38) })],
    [
      'two ends, the second in the comment of the first',
      'LPX_DIRECTORY_DAMAGED',
      () => {
        const [outer, inner] = [raw({ name: 'a' }), raw({ name: 'b' })];
        outer.writeUInt16LE(inner.length, endOf(outer) + 20);
        return Buffer.concat([outer, inner]);
      },
    ],
    ['a method of its own', 'LPX_ENTRY_UNSUPPORTED', () => raw({ name: 'a', record: { method: 14 as never } })],
    ['PKWARE’s strong encryption', 'LPX_ENTRY_UNSUPPORTED', () => raw({ name: 'a', record: { flags: 0x41 } })],
    ['AES without its field', 'LPX_ENTRY_DAMAGED', () => raw({ name: 'a', record: { method: METHOD.aes } })],
    ['another name in the local header', 'LPX_ENTRY_DAMAGED', () => raw({ name: 'a', local: { name: Buffer.from('b') } })],
    ['another method in the local header', 'LPX_ENTRY_DAMAGED', () => raw({ name: 'a', local: { method: METHOD.deflated } })],
    ['no encryption in the local header', 'LPX_ENTRY_DAMAGED', () => raw({ name: 'a', local: { flags: 0 } })],
    [
      'two entries in one place',
      'LPX_ENTRY_DAMAGED',
      () => raw({ name: 'a' }, { name: 'b', record: { offset: 0, name: Buffer.from('a2') } }),
    ],
    ['an entry that reaches into the directory', 'LPX_ENTRY_DAMAGED', () => raw({ name: 'a', record: { compressedSize: 500, size: 488 } })],
    ['a stored entry of two sizes', 'LPX_ENTRY_DAMAGED', () => raw({ name: 'a', record: { size: 8 } })],
    ['bytes in front of it', 'LPX_DIRECTORY_DAMAGED', () => Buffer.concat([Buffer.from('junk'), raw({ name: 'a' })])],
    ['bytes behind it', 'LPX_DIRECTORY_DAMAGED', () => Buffer.concat([raw({ name: 'a' }), Buffer.from('junk')])],
    ['its end cut off', 'LPX_DIRECTORY_DAMAGED', () => raw({ name: 'a' }).subarray(0, -10)],
    [
      'a count too high',
      'LPX_DIRECTORY_DAMAGED',
      () => changed(raw({ name: 'a' }), (bytes) => bytes.writeUInt32LE(0x00020002, endOf(bytes) + 8)),
    ],
    ['a second volume', 'LPX_DIRECTORY_DAMAGED', () => changed(raw({ name: 'a' }), (bytes) => bytes.writeUInt16LE(1, endOf(bytes) + 4))],
    ['a bit of a sealed header turned', 'LPX_ENTRY_DAMAGED', () => flipped((bytes) => bytes.indexOf('PK\x01\x02', 0, 'latin1') + 38)],
    ['a bit of a sealed local header turned', 'LPX_ENTRY_DAMAGED', () => flipped(() => 10)],
    ['nothing of a ZIP', 'LPX_NOT_A_ZIP', () => Buffer.from('%PDF-1.4')],
    ['no bytes at all', 'LPX_NOT_A_ZIP', () => Buffer.alloc(0)],
  ])('with %s is refused: %s', async (_, code, made) => {
    expect(await codeOf(await made())).toBe(code);
  });

  it.each<[string, object, RawEntry[]]>([
    ['more entries', { entries: 1 }, [{ name: 'a' }, { name: 'b' }]],
    ['a longer name', { nameBytes: 3 }, [{ name: 'abcd' }]],
    ['a bigger entry', { entryBytes: 6 }, [{ name: 'a' }]],
    ['more in all', { totalBytes: 13 }, [{ name: 'a' }, { name: 'b' }]],
    ['a bigger directory', { directoryBytes: 40 }, [{ name: 'a' }]],
    ['a steeper compression', { ratio: 10, ratioFromBytes: 1000 }, [{ name: 'a', record: { method: METHOD.deflated, size: 100_000 } }]],
  ])('with %s than the limits allow is refused before a byte is read', async (_, limits, entries) => {
    expect(await codeOf(raw(...entries), { ...DEFAULT_LIMITS, ...limits })).toBe('LPX_LIMIT_EXCEEDED');
  });
});
