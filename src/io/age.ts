/**
 * Encrypts to recipients and decrypts with identities, in the format of age (https://age-encryption.org/v1): what lpx encrypts, `age -d`
 * reads, and the other way round. The library is loaded when it is first needed.
 */
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { LpxError } from '../errors.js';
import { systemCode } from './file-error.js';
import { readSmall } from './read.js';

/** A file of identities, as `age-keygen` writes it, is far smaller. */
const IDENTITY_FILE_BYTES = 64 * 1024;
const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----';
/** The library's own words for a file that is encrypted to others. */
const NOT_A_RECIPIENT = /no identity matched/;

/** Secret keys that have been read from files: who has them can read what is encrypted to their recipients. */
export interface Identities {
  /** Whether there are any. */
  readonly count: number;
  /** Not a property that a log of the object would show. */
  readonly keys: () => readonly string[];
}

/** Bytes that come one after the other: a stream of Node.js, or what a generator yields. */
export type Bytes = AsyncIterable<Uint8Array>;

/** Checks recipients (`age1…`). @throws LPX_RECIPIENT_WRONG for the first that is none, and where there is none at all */
export async function requireRecipients(recipients: readonly string[]): Promise<void> {
  await encrypterTo(recipients);
}

/**
 * Reads files of identities (`AGE-SECRET-KEY-1…`, a line each; lines that begin with `#` are comments).
 * @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE; LPX_IDENTITY_WRONG for a file without an identity, or with something else in it
 */
export async function readIdentities(files: readonly string[]): Promise<Identities> {
  const keys: string[] = [];
  for (const file of files) keys.push(...(await identitiesIn(file)));
  return { count: keys.length, keys: () => keys };
}

/** The recipients of identities, in their order. */
export async function recipientsOf(identities: Identities): Promise<string[]> {
  const { identityToRecipient } = await import('age-encryption');
  return Promise.all(identities.keys().map((key) => identityToRecipient(key)));
}

/** Encrypts bytes, which any one of the recipients can decrypt. @throws LPX_RECIPIENT_WRONG */
export async function encryptTo(recipients: readonly string[], bytes: Uint8Array): Promise<Buffer> {
  return Buffer.from(await (await encrypterTo(recipients)).encrypt(bytes));
}

/** Encrypts bytes as they come, in bounded memory. @throws LPX_RECIPIENT_WRONG; in the stream, what `bytes` throws */
export async function encryptStreamTo(recipients: readonly string[], bytes: Bytes): Promise<Readable> {
  return readable(await (await encrypterTo(recipients)).encrypt(webStream(bytes)), (error) => error);
}

/**
 * Decrypts bytes, also in the armour of `age -a`.
 * @param name of the file, for errors
 * @throws LPX_RECIPIENT_OTHER when they are encrypted to others; LPX_ENCRYPTED_DAMAGED when they have been changed or cut short, or were never
 *   encrypted by age
 */
export async function decryptWith(identities: Identities, bytes: Uint8Array, name: string): Promise<Buffer> {
  try {
    const { armor } = await import('age-encryption');
    const isArmored = Buffer.from(bytes.subarray(0, ARMOR.length)).toString('latin1') === ARMOR;
    const plain = isArmored ? armor.decode(Buffer.from(bytes).toString('latin1')) : bytes;
    return Buffer.from(await (await decrypterWith(identities)).decrypt(plain));
  } catch (error) {
    throw decryptionError(error, name);
  }
}

/**
 * Decrypts bytes as they come, in bounded memory. What has come out before an error is genuine, but not all: nothing is to be taken for done
 * before the end. @throws as `decryptWith`, before the first byte or in the stream; what `bytes` throws
 */
export async function decryptStreamWith(identities: Identities, bytes: Bytes, name: string): Promise<Readable> {
  try {
    const plain = await (await decrypterWith(identities)).decrypt(webStream(bytes));
    return readable(plain, (error) => decryptionError(error, name));
  } catch (error) {
    throw decryptionError(error, name);
  }
}

async function identitiesIn(file: string): Promise<string[]> {
  const { identityToRecipient } = await import('age-encryption');
  const lines = (await readSmall(file, IDENTITY_FILE_BYTES, 'file-or-pipe')).toString('utf8').split('\n');
  const keys = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0) throw new LpxError('LPX_IDENTITY_WRONG', { file });
  try {
    for (const key of keys) await identityToRecipient(key);
  } catch {
    // The library's error may quote the key.
    throw new LpxError('LPX_IDENTITY_WRONG', { file });
  }
  return keys;
}

async function encrypterTo(recipients: readonly string[]) {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  if (recipients.length === 0) throw new LpxError('LPX_RECIPIENT_WRONG', { recipient: '…' });
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      // A secret key that was given for a recipient is not repeated.
      throw new LpxError('LPX_RECIPIENT_WRONG', { recipient: recipient.startsWith('age1') ? recipient : '…' });
    }
  }
  return encrypter;
}

async function decrypterWith(identities: Identities) {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const key of identities.keys()) decrypter.addIdentity(key);
  return decrypter;
}

function decryptionError(error: unknown, file: string): unknown {
  if (error instanceof LpxError || systemCode(error) !== undefined) return error;
  const cause = { cause: error };
  return error instanceof Error && NOT_A_RECIPIENT.test(error.message)
    ? new LpxError('LPX_RECIPIENT_OTHER', { file }, cause)
    : new LpxError('LPX_ENCRYPTED_DAMAGED', { file }, cause);
}

// Node.js and the library declare one and the same class each.
type LibraryStream = globalThis.ReadableStream<Uint8Array>;
const webStream = (bytes: Bytes) => Readable.toWeb(Readable.from(bytes, { objectMode: false })) as unknown as LibraryStream;

function readable(stream: LibraryStream, errorOf: (error: unknown) => unknown): Readable {
  const chunks = async function* () {
    try {
      yield* stream as unknown as ReadableStream<Uint8Array>;
    } catch (error) {
      throw errorOf(error);
    }
  };
  return Readable.from(chunks(), { objectMode: false });
}
