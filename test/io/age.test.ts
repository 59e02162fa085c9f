import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import {
  decryptStreamWith,
  decryptWith,
  encryptStreamTo,
  encryptTo,
  readIdentities,
  recipientsOf,
  requireRecipients,
} from '#lpx/io/age.js';
import { madeBytes } from '../support/made-bytes.js';
import { tempFolder } from '../support/temp.js';
import { describeWith } from '../support/tools.js';

/** Made for these tests, and used nowhere else. */
const KEY = 'AGE-SECRET-KEY-1KACQ288JDKN8UR0RS27YNXCEATTKFERQCWV3RCRKSSCV67H7Y5ES46Q870';
const OTHER_KEY = 'AGE-SECRET-KEY-1P52QVKQ8H9M2AH0Q7VP7U0M0PU92N7XHM7E0J0D4JH20FDCADWHQXS48LV';
const TEXT = Buffer.from('密碼 k7Qp');

function identityFile(...lines: readonly string[]): string {
  const file = join(tempFolder(), 'key.txt');
  writeFileSync(file, `# created: 2026-11-26T08:00:00+08:00\n${lines.join('\n')}\n`);
  return file;
}

async function keyPair(key = KEY) {
  const identities = await readIdentities([identityFile(key)]);
  return { identities, recipients: await recipientsOf(identities) };
}

/** In pieces of odd sizes, as files and networks give them. */
function* inPieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 70_001) yield bytes.subarray(at, at + 70_001);
}
const streamOf = (bytes: Uint8Array): Readable => Readable.from(inPieces(bytes), { objectMode: false });

describe('what is encrypted to recipients', () => {
  it('is decrypted with the identity of any of them', async () => {
    const [ours, theirs] = [await keyPair(), await keyPair(OTHER_KEY)];
    const sealed = await encryptTo([...ours.recipients, ...theirs.recipients], TEXT);
    expect(sealed.includes(TEXT)).toBe(false);
    for (const { identities } of [ours, theirs]) expect(await decryptWith(identities, sealed, 'job')).toEqual(TEXT);
  });

  it.each([0, 1, 64 * 1024, 300_000])('comes out of a stream as it went in: %d bytes', async (size) => {
    const { identities, recipients } = await keyPair();
    const bytes = madeBytes(size);
    const sealed = await buffer(await encryptStreamTo(recipients, streamOf(bytes)));
    expect(await buffer(await decryptStreamWith(identities, streamOf(sealed), 'backup'))).toEqual(bytes);
    expect(await decryptWith(identities, sealed, 'backup')).toEqual(bytes);
  });

  it('is refused by an identity of somebody else', async () => {
    const { recipients } = await keyPair();
    const { identities } = await keyPair(OTHER_KEY);
    const sealed = await encryptTo(recipients, TEXT);
    const refusal = { code: 'LPX_RECIPIENT_OTHER', facts: { file: 'job' } };
    await expect(decryptWith(identities, sealed, 'job')).rejects.toMatchObject(refusal);
    await expect(decryptStreamWith(identities, streamOf(sealed), 'job')).rejects.toMatchObject(refusal);
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['cut between two chunks', (bytes: Buffer) => bytes.subarray(0, bytes.length - ((300_000 % 65_536) + 16))],
    ['cut within its header', (bytes: Buffer) => bytes.subarray(0, 40)],
    ['empty', () => Buffer.alloc(0)],
    ['changed at its end', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) as number) ^ 1])])],
    ['followed by more', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['something else', () => madeBytes(500)],
  ])('is refused as damaged where it is %s', async (_how, damaged) => {
    const { identities, recipients } = await keyPair();
    const bytes = damaged(await encryptTo(recipients, madeBytes(300_000)));
    const refusal = { code: 'LPX_ENCRYPTED_DAMAGED', facts: { file: 'backup' } };
    await expect(decryptWith(identities, bytes, 'backup')).rejects.toMatchObject(refusal);
    const streamed = async () => buffer(await decryptStreamWith(identities, streamOf(bytes), 'backup'));
    await expect(streamed()).rejects.toMatchObject(refusal);
  });

  it('ends with the error of what it is read from', async () => {
    const { identities, recipients } = await keyPair();
    const sealed = await encryptTo(recipients, madeBytes(300_000));
    const failing = (bytes: Uint8Array) =>
      Readable.from(
        (function* () {
          yield bytes.subarray(0, 100_000);
          throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' });
        })(),
        { objectMode: false },
      );
    await expect((async () => buffer(await encryptStreamTo(recipients, failing(sealed))))()).rejects.toMatchObject({ code: 'EIO' });
    await expect((async () => buffer(await decryptStreamWith(identities, failing(sealed), 'x')))()).rejects.toMatchObject({ code: 'EIO' });
  });
});

describe('keys', () => {
  it.each(['age1', 'age1qqqq', 'ssh-ed25519 AAAA', '', KEY])('are refused as recipients: %s', async (recipient) => {
    const refused = await encryptTo([recipient], TEXT).catch((error) => error);
    expect(refused).toMatchObject({ code: 'LPX_RECIPIENT_WRONG' });
    expect(refused.message).not.toContain(KEY);
    await expect(requireRecipients([])).rejects.toMatchObject({ code: 'LPX_RECIPIENT_WRONG' });
  });

  it.each([
    ['empty', ''],
    ['not keys', 'hello'],
    ['a key cut short', KEY.slice(0, -1)],
    ['recipients', 'age1qqqq'],
  ])('are refused as identities where a file has %s, and not repeated', async (_what, line) => {
    const refused = await readIdentities([identityFile(line)]).catch((error) => error);
    expect(refused).toMatchObject({ code: 'LPX_IDENTITY_WRONG', facts: { file: expect.stringContaining('key.txt') } });
    if (line !== '') expect(`${refused.stack}${JSON.stringify(refused)}`).not.toContain(line);
  });

  it('are not shown by what logs them', async () => {
    const { identities } = await keyPair();
    const { inspect } = await import('node:util');
    expect(`${JSON.stringify(identities)}${inspect(identities)}`).not.toContain('AGE-SECRET');
  });
});

describeWith(['age'], 'the age of other people', () => {
  const setUp = async () => {
    const folder = tempFolder();
    const file = (name: string) => join(folder, name);
    execaSync('age-keygen', ['-o', file('key.txt')], { stderr: 'ignore' });
    const identities = await readIdentities([file('key.txt')]);
    return { file, identities, recipients: await recipientsOf(identities) };
  };

  it('decrypts what lpx encrypts', async () => {
    const { file, recipients } = await setUp();
    const bytes = madeBytes(200_000);
    writeFileSync(file('sealed.age'), await buffer(await encryptStreamTo(recipients, streamOf(bytes))));
    execaSync('age', ['-d', '-i', file('key.txt'), '-o', file('plain'), file('sealed.age')]);
    expect(readFileSync(file('plain'))).toEqual(bytes);
  });

  it.each([
    ['as bytes', []],
    ['in armour', ['-a']],
  ])('encrypts what lpx decrypts, %s', async (_form, options) => {
    const { file, identities, recipients } = await setUp();
    writeFileSync(file('plain'), TEXT);
    execaSync('age', ['-e', ...options, '-r', recipients[0] as string, '-o', file('sealed.age'), file('plain')]);
    expect(await decryptWith(identities, readFileSync(file('sealed.age')), 'sealed.age')).toEqual(TEXT);
  });
});
