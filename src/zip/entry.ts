/**
 * The bytes of one entry: decrypted, authenticated, inflated, counted. Chunks come out before the
 * authentication code is reached, so a caller keeps them aside until the iteration has ended well.
 */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { LpxError } from '../errors.js';
import { systemCode } from '../io/file-error.js';
import { fillFrom } from '../io/read.js';
import {
  AES_MAC_BYTES,
  AES_VERIFIER_BYTES,
  type AesKeys,
  type AesStrength,
  deriveAesKey,
  deriveAesKeys,
  saltBytes,
  WinZipAes,
} from './crypto/winzip-aes.js';
import { ZIPCRYPTO_HEADER_BYTES, ZipCryptoDecryption, ZipCryptoKeys } from './crypto/zipcrypto.js';
import type { ZipEntry } from './reader.js';
import type { Arena, Arenas } from './simd/arena.js';

/** Small enough that the entries read together stay in the L2 cache. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads an entry to its end. A chunk is valid until the next one is asked for.
 * @param fd an open file descriptor of the archive
 * @param shared work that is done already, or for several entries at once: see `checkPassword`, `entriesBytes`
 * @throws LPX_ENTRY_DAMAGED when the bytes are not what the directory, the CRC or the authentication code say, or the
 *   entry's own check refuses the password: whether that one is right, `password.ts` has decided before
 */
export async function* entryBytes(fd: number, entry: ZipEntry, password: Buffer, shared: Shared = {}): AsyncGenerator<Buffer> {
  const plain = decryptedBytes(fd, entry, openCipher(fd, entry, password, shared), shared.place);
  let size = 0;
  let crc = 0;
  for await (const chunk of entry.compression === 'deflated' ? inflated(entry, plain) : plain) {
    size += chunk.length;
    if (size > entry.size) throw damaged(entry, 'size');
    if (entry.hasCrc) crc = crc32(chunk, crc);
    yield chunk;
  }
  if (size !== entry.size) throw damaged(entry, 'size');
  if (entry.hasCrc && crc !== entry.crc32) throw damaged(entry, 'crc');
}

/** Context for reading an entry. */
export interface Shared {
  /** Its keys, derived before. */
  readonly keys?: AesKeys | undefined;
  /** Decrypts its chunks together with those of others. */
  readonly zipCrypto?: ZipCryptoDecryption;
  /** Where to put its chunks, and the arena that is in. */
  readonly place?: Buffer | undefined;
  readonly arena?: Arena;
}

/** Where entries that are read together are worked on. */
export interface Workspace {
  readonly arenas: Arenas;
  /** Where to put the chunks of each entry, and the arena they are in. */
  readonly places: readonly Buffer[];
  readonly arena: Arena;
}

/** The bytes of several entries, each as from `entryBytes`: keys are derived, and ZipCrypto is decrypted, together. */
export function entriesBytes(
  fd: number,
  entries: readonly ZipEntry[],
  password: Buffer,
  { arenas, arena, places }: Workspace,
): AsyncGenerator<Buffer>[] {
  const keys = new Map<ZipEntry, AesKeys>();
  for (const strength of [1, 2, 3] as const) {
    const salted = entries.flatMap((entry) => {
      const salt = isAes(entry) && strengthOf(entry) === strength ? saltOf(fd, entry) : undefined;
      return salt ? [{ entry, salt }] : [];
    });
    const salts = salted.map(({ salt }) => salt);
    const derived = deriveAesKeys(arenas, password, salts, strength);
    for (const [i, { entry }] of salted.entries()) keys.set(entry, derived[i] as AesKeys);
  }
  const zipCrypto = new ZipCryptoDecryption(arenas);
  return entries.map((entry, i) => entryBytes(fd, entry, password, { keys: keys.get(entry), zipCrypto, arena, place: places[i] }));
}

const isAes = ({ encryption }: ZipEntry): boolean => encryption !== 'none' && encryption !== 'zipcrypto';

/** An AES entry's salt; undefined when the file ends before it, which reading the entry will say. */
function saltOf(fd: number, entry: ZipEntry): Buffer | undefined {
  const salt = Buffer.alloc(saltBytes(strengthOf(entry)));
  return fillFrom(fd, salt, entry.dataOffset) ? salt : undefined;
}

/** Reads an entry of modest size whole. `limit` in bytes. @throws as `entryBytes`; LPX_LIMIT_EXCEEDED */
export async function entryBuffer(fd: number, entry: ZipEntry, password: Buffer, limit: number): Promise<Buffer> {
  if (entry.size > limit) throw new LpxError('LPX_LIMIT_EXCEEDED', { what: 'entry', value: entry.size, limit });
  const chunks: Buffer[] = [];
  for await (const chunk of entryBytes(fd, entry, password)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/**
 * Asks the entry's own short check about the password: it is right once in 256 or 65,536 by chance.
 * @returns undefined when it refuses; else what is known already for reading the entry
 */
export function checkPassword(fd: number, entry: ZipEntry, password: Buffer): Shared | undefined {
  if (entry.encryption === 'none') return {};
  if (entry.encryption === 'zipcrypto') return openZipCrypto(fd, entry, password) && {};
  const keys = openAes(fd, entry, password);
  return keys && { keys };
}

/** Decrypts in steps, into one place or, for inflation, which keeps them, fresh ones. */
async function* decryptedBytes(fd: number, entry: ZipEntry, cipher: OpenCipher, place?: Buffer): AsyncGenerator<Buffer> {
  const fresh = () => Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, cipher.bytes)));
  let buffer = entry.compression === 'stored' && place ? place : fresh();
  for (let done = 0; done < cipher.bytes; ) {
    const chunk = buffer.subarray(0, Math.min(buffer.length, cipher.bytes - done));
    readFully(fd, chunk, cipher.offset + done, entry);
    await cipher.decrypt(chunk);
    done += chunk.length;
    yield chunk;
    if (entry.compression === 'deflated') buffer = fresh();
  }
  cipher.finish();
}

async function* inflated(entry: ZipEntry, deflatedBytes: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const source = Readable.from(deflatedBytes, { objectMode: false });
  const inflate = createInflateRaw({ chunkSize: CHUNK_BYTES });
  let given = 0;
  source.on('data', (chunk: Buffer) => {
    given += chunk.length;
  });
  source.on('error', (error) => inflate.destroy(error));
  source.pipe(inflate);
  try {
    yield* inflate;
    // The authentication code is only read once the source has been drained.
    await finished(source);
  } catch (error) {
    // What inflation complains of is the entry's; what the system does is not.
    throw error instanceof LpxError || systemCode(error) !== undefined ? error : damaged(entry, 'deflate', error);
  } finally {
    source.destroy();
    inflate.destroy();
  }
  if (inflate.bytesWritten !== given) throw damaged(entry, 'deflate');
}

/** A cipher ready at an entry's first byte of content. */
interface OpenCipher {
  readonly offset: number;
  readonly bytes: number;
  decrypt(bytes: Buffer): void | Promise<void>;
  finish(): void;
}

function openCipher(fd: number, entry: ZipEntry, password: Buffer, { keys: known, zipCrypto, arena }: Shared): OpenCipher {
  if (entry.encryption === 'none') {
    return { offset: entry.dataOffset, bytes: entry.compressedSize, decrypt: () => {}, finish: () => {} };
  }
  if (entry.encryption === 'zipcrypto') {
    const keys = openZipCrypto(fd, entry, password);
    if (!keys) throw damaged(entry, 'password');
    return {
      offset: entry.dataOffset + ZIPCRYPTO_HEADER_BYTES,
      bytes: entry.compressedSize - ZIPCRYPTO_HEADER_BYTES,
      decrypt: (bytes) => (zipCrypto ? zipCrypto.decrypt(keys, bytes) : keys.decrypt(bytes)),
      finish: () => {},
    };
  }
  const keys = openAes(fd, entry, password, known);
  if (!keys) throw damaged(entry, 'password');
  const aes = new WinZipAes(keys, arena);
  const head = saltBytes(strengthOf(entry)) + AES_VERIFIER_BYTES;
  const bytes = entry.compressedSize - head - AES_MAC_BYTES;
  return {
    offset: entry.dataOffset + head,
    bytes,
    decrypt: (chunk) => aes.decrypt(chunk),
    finish: () => {
      const expected = readFully(fd, Buffer.alloc(AES_MAC_BYTES), entry.dataOffset + head + bytes, entry);
      if (!aes.mac().equals(expected)) throw damaged(entry, 'authentication');
    },
  };
}

function openZipCrypto(fd: number, entry: ZipEntry, password: Buffer): ZipCryptoKeys | undefined {
  const header = readFully(fd, Buffer.alloc(ZIPCRYPTO_HEADER_BYTES), entry.dataOffset, entry);
  const keys = new ZipCryptoKeys(password);
  keys.decrypt(header);
  return entry.checkBytes.includes(header[ZIPCRYPTO_HEADER_BYTES - 1] as number) ? keys : undefined;
}

function openAes(fd: number, entry: ZipEntry, password: Buffer, known?: AesKeys): AesKeys | undefined {
  const strength = strengthOf(entry);
  const head = readFully(fd, Buffer.alloc(saltBytes(strength) + AES_VERIFIER_BYTES), entry.dataOffset, entry);
  const keys = known ?? deriveAesKey(password, head.subarray(0, saltBytes(strength)), strength);
  return keys.verifier.equals(head.subarray(saltBytes(strength))) ? keys : undefined;
}

const strengthOf = (entry: ZipEntry): AesStrength => (entry.encryption === 'aes128' ? 1 : entry.encryption === 'aes192' ? 2 : 3);

const damaged = (entry: ZipEntry, part: string, cause?: unknown) =>
  new LpxError('LPX_ENTRY_DAMAGED', { part }, { cause, place: { entry: entry.name } });

function readFully(fd: number, buffer: Buffer, offset: number, entry: ZipEntry): Buffer {
  if (!fillFrom(fd, buffer, offset)) throw damaged(entry, 'short');
  return buffer;
}
