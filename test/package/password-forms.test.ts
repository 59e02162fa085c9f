import { openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeCp950 } from '#lpx/encoding.js';
import { openingPassword, passwordOddity } from '#lpx/package/password-forms.js';
import { readZip } from '#lpx/zip/reader.js';
import { tempFolder } from '../support/temp.js';
import { put, written } from '../support/zips.js';

const entries = ['a', 'b'].map((name) => ({ name, content: Buffer.alloc(500, name) }));
const cp950 = (text: string): Buffer => encodeCp950(text) as Buffer;

async function opened(bytes: Buffer) {
  const file = put(join(tempFolder(), 'a.zip'), bytes);
  return { fd: openSync(file, 'r'), entries: await readZip(file) };
}

describe.each(['aes256', 'zipcrypto'] as const)('a password under %s', (encryption) => {
  const opening = async (right: string | Buffer, given: string | Buffer) => {
    const { fd, entries: read } = await opened(await written(entries, encryption, Buffer.from(right as string)));
    const found = await openingPassword(fd, read, Buffer.from(given as string));
    return found && { password: found.password.toString('latin1'), changes: found.changes };
  };

  it.each<[string, string | Buffer, string | Buffer, string[]]>([
    ['as it is, blanks and quotation marks that belong to it too', ' "Ab-12" ', ' "Ab-12" ', []],
    ['without blanks behind it', 'Ab-12', 'Ab-12 ', ['trimmed']],
    ['without blanks of any width around it', 'Ab-12', '\u3000Ab-12\u00a0\0', ['trimmed']],
    ['without quotation marks', 'Ab-12', '"Ab-12"', ['unquoted']],
    ['without curly ones, and a blank behind', 'Ab-12', '“Ab-12” ', ['trimmed', 'unquoted']],
    ['narrowed', 'Ab-12', 'Ａｂ－１２', ['narrowed']],
    ['narrowed, within quotation marks that belong to it', '"Ab-12"', '"Ａｂ-12"', ['narrowed']],
    ['in CP950 for UTF-8', cp950('測試密碼20'), '測試密碼20', ['CP950']],
    ['in UTF-8 for CP950', '測試密碼20', cp950('測試密碼20'), ['UTF-8']],
    ['trimmed in CP950, in CP950 as given', cp950('測試密碼20'), cp950('測試密碼20　'), ['trimmed']],
    ['trimmed in CP950 for UTF-8', cp950('測試密碼20'), '測試密碼20 ', ['trimmed', 'CP950']],
  ])('opens %s', async (_, right, given, changes) => {
    expect(await opening(right, given)).toEqual({ password: Buffer.from(right as string).toString('latin1'), changes });
  });

  it.each(['ab-12', 'Ab-12x', '"', '" "', ' ', Buffer.from([0xff, 0x80])])(
    'that is another in every form does not open (%j)',
    async (given) => {
      expect(await opening('Ab-12', given)).toBeUndefined();
    },
  );

  it('in another form does not count by short checks alone', async () => {
    const bytes = await written(entries, encryption, Buffer.from('Ab-12'));
    for (const { dataOffset } of (await opened(bytes)).entries) bytes.fill(0, dataOffset + 20, dataOffset + 30);
    const { fd, entries: read } = await opened(bytes);
    expect(await openingPassword(fd, read, Buffer.from('Ab-12'))).toMatchObject({ changes: [] });
    expect(await openingPassword(fd, read, Buffer.from('Ab-12 '))).toBeUndefined();
  });
});

describe('what is odd about a password that does not open', () => {
  it.each<[string | Buffer, string | undefined]>([
    ['Ab-12', undefined],
    ['Ab 12', undefined],
    ['Ab-12 ', 'blank'],
    [' Ab-12', 'blank'],
    ['密碼', 'notAscii'],
    [cp950('密碼'), 'notAscii'],
    ['密碼　', 'both'],
    [Buffer.from([0xff, 0x80]), 'notAscii'],
  ])('is said of %j', (given, oddity) => {
    expect(passwordOddity(Buffer.from(given as string))).toBe(oddity);
  });
});
