/** Writes a package: documents and files into an encrypted ZIP, then its signature. Whole or not at all. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { LpxError } from '../errors.js';
import { fileError, writeError } from '../io/file-error.js';
import { syncFolder, type Unpublished, writePart } from '../io/publish.js';
import { openFile, readFrom } from '../io/read.js';
import { withTemporary } from '../io/temporary.js';
import type { ByteSource, RandomSource } from '../zip/content.js';
import { KeyTable, newKeyMemory } from '../zip/crypto/aes-keys.js';
import { ZipEngine } from '../zip/engine.js';
import { DEFAULT_LIMITS } from '../zip/limits.js';
import { FileOutput } from '../zip/output.js';
import type { Digests } from '../zip/threads/digest.js';
import { EncryptedZip, type Encryption } from '../zip/writer.js';
import { signatureLine } from './signature.js';

/** A small text of the package. */
export interface PackageText {
  readonly path: string;
  /** Bytes are UTF-8. */
  readonly content: string | Buffer;
}

/** A file to put in, with its known size and hash. The writer verifies them while it reads. */
export interface PackageFile {
  readonly path: string;
  readonly source: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Undefined when it is not known yet: then the file is proven by its SHA-256. */
  readonly crc32?: number | undefined;
}

export interface PackageContents {
  readonly texts: readonly PackageText[];
  readonly files: readonly PackageFile[];
}

export interface WriteOptions {
  readonly encryption: Encryption;
  readonly password: Buffer;
  readonly modified: Date;
  readonly random?: RandomSource | undefined;
  /** The engine to write with; without it, this thread does everything. */
  readonly engine?: ZipEngine;
  /** Files that other packages carry too. */
  readonly shared?: SharedFiles;
  /** Called with the CRC-32 of a file that was proven by its SHA-256. */
  readonly onCrc32?: (sha256: string, crc32: number) => void;
  /** Called with the bytes written so far and the bytes expected in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Files that several packages carry, by SHA-256: what of them has been read and proven stays in memory, up to a bound. */
export class SharedFiles {
  readonly #hashes: ReadonlySet<string>;
  readonly #contents = new Map<string, Buffer>();
  #room: number;

  /** @param room in bytes */
  constructor(hashes: ReadonlySet<string>, room = 64 * 1024 * 1024) {
    this.#hashes = hashes;
    this.#room = room;
  }

  /** The content of a shared file, which `read` reads the first time; undefined for any other file, or where there is no room. */
  contentOf({ sha256, bytes }: PackageFile, read: () => ByteSource): Buffer | undefined {
    const known = this.#contents.get(sha256);
    if (known) return known;
    if (!this.#hashes.has(sha256) || bytes > this.#room) return undefined;
    const content = readWhole(read(), bytes);
    this.#room -= bytes;
    this.#contents.set(sha256, content);
    return content;
  }
}

/** Reads a source, which fails unless it has so many bytes, to its end. */
function readWhole(source: ByteSource, bytes: number): Buffer {
  try {
    // One byte more than there is: reading has to come to the end, where the source says whether it is sound.
    const content = Buffer.allocUnsafeSlow(bytes + 1);
    for (let done = 0; ; ) {
      const count = source.read(content.subarray(done));
      if (count === 0) return content.subarray(0, done);
      done += count;
    }
  } finally {
    source.close();
  }
}

/** The files of a package: where they are written, and the names that they are going to have. */
export interface PackageFiles {
  readonly zip: Unpublished;
  readonly signature: Unpublished;
}

/**
 * Writes the ZIP and its signature under their temporary names, synced. `publishFiles` gives them their own.
 * @returns the digests of the ZIP
 * @throws LPX_ATTACHMENT_LOST, LPX_ATTACHMENT_BROKEN when a file is gone or not the one announced; LPX_DISK_FULL, LPX_WRITE_FAILED
 */
export async function writePackage({ zip, signature }: PackageFiles, contents: PackageContents, options: WriteOptions): Promise<Digests> {
  return withTemporary([zip.part, signature.part], async () => {
    const digests = await writeZip(zip.part, contents, options).catch((error) => {
      throw writeError(error, zip.file);
    });
    writePart(signature, signatureLine(digests.md5, zip.file));
    await syncFolder(dirname(zip.part));
    return digests;
  });
}

async function writeZip(file: string, { texts, files }: PackageContents, options: WriteOptions): Promise<Digests> {
  const { encryption, password, modified, random = randomBytes, engine = new ZipEngine(), onProgress } = options;
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  const keys = encryption === 'aes256' ? newKeyMemory(texts.length + files.length, random) : undefined;
  const output = new FileOutput(file, engine.helper && { helper: engine.helper, ahead: keys && { keys, password } });
  try {
    let done = 0;
    const counted = {
      write: (bytes: Buffer) => {
        output.write(bytes);
        done += bytes.length;
        onProgress?.(Math.min(done, total), total);
      },
    };
    const { arenas } = engine;
    const zip = new EncryptedZip(counted, { encryption, password, random, arenas, keys: keys && new KeyTable(keys, password, arenas) });
    for (const text of texts) {
      const content = typeof text.content === 'string' ? Buffer.from(text.content) : text.content;
      if (seemsBomb(content)) zip.addStored(() => bytesOf(content), { name: text.path, modified, bytes: content.length });
      else zip.addDeflated(content, text.path, modified);
    }
    for (const file of files) {
      const proven = () => provenBytes(file, options.onCrc32);
      const source = () => {
        const content = options.shared?.contentOf(file, proven);
        return content ? bytesOf(content) : proven();
      };
      zip.addStored(source, { name: file.path, modified, bytes: file.bytes });
    }
    await zip.complete();
    return await output.finish();
  } finally {
    await output.close();
  }
}

/** Whether a text would deflate so far that readers take it for a bomb. */
const seemsBomb = (content: Buffer): boolean =>
  content.length > DEFAULT_LIMITS.ratioFromBytes && 2 * content.length > deflateRawSync(content).length * DEFAULT_LIMITS.ratio;

function bytesOf(content: Buffer): ByteSource {
  let done = 0;
  return {
    read: (into) => {
      const count = content.copy(into, 0, done);
      done += count;
      return count;
    },
    close: () => {},
  };
}

/**
 * The bytes of a file of the store, which fail unless they are those that were taken in. The CRC-32 says so, which is enough
 * against decay; the SHA-256 does where that is not known yet.
 */
function provenBytes({ source, sha256, crc32: expectedCrc, bytes, path }: PackageFile, onCrc32: WriteOptions['onCrc32']): ByteSource {
  const fd = openSource(source, path);
  const hash = expectedCrc === undefined ? createHash('sha256') : undefined;
  let done = 0;
  let crc = 0;
  const isSound = () => (hash ? hash.digest('hex') === sha256 : crc === expectedCrc);
  return {
    read: (into) => {
      const count = readFrom(fd, into, source);
      done += count;
      const chunk = into.subarray(0, count);
      hash?.update(chunk);
      crc = crc32(chunk, crc);
      const sound = count > 0 ? done <= bytes : done === bytes && isSound();
      if (!sound) throw new LpxError('LPX_ATTACHMENT_BROKEN', { file: source, entry: path });
      if (count === 0 && hash) onCrc32?.(sha256, crc);
      return count;
    },
    close: () => closeSync(fd),
  };
}

function openSource(source: string, path: string): number {
  try {
    return openFile(source, 'r');
  } catch (error) {
    const known = fileError(error, source);
    throw known instanceof LpxError && known.code === 'LPX_FILE_NOT_FOUND'
      ? new LpxError('LPX_ATTACHMENT_LOST', { file: source, entry: path }, { cause: error })
      : known;
  }
}
