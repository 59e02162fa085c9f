/** Reads, writes and hashes the files that objects lie in. */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fsyncSync, lstatSync, openSync, writeSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { LpxError } from '../errors.js';
import { fileError, writeError } from '../io/file-error.js';
import { readSmall } from '../io/read.js';

export const sha256Of = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** The size of a plain file; undefined for anything else. @throws LPX_FILE_UNREADABLE */
export function plainSize(path: string): number | undefined {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found?.isFile() ? found.size : undefined;
  } catch (error) {
    throw fileError(error, path, 'reading');
  }
}

export async function readObject(path: string, limit: number): Promise<Buffer> {
  const size = plainSize(path);
  if (size === undefined || size > limit) throw new LpxError('LPX_BACKUP_DAMAGED', { file: path });
  return readSmall(path, limit, 'file');
}

/** Unpacks at most `limit` bytes. @throws LPX_BACKUP_DAMAGED */
export function unpacked(packed: Uint8Array, limit: number, file: string): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: Math.max(limit, 1) });
  } catch (cause) {
    throw new LpxError('LPX_BACKUP_DAMAGED', { file }, { cause });
  }
}

export async function hashOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of content) hash.update(chunk);
  return hash.digest('hex');
}

export const hashFile = (path: string): Promise<string> =>
  hashOf(createReadStream(path, { highWaterMark: 1024 * 1024 })).catch((error) => {
    throw fileError(error, path, 'writing');
  });

/** Writes a stream into a new file, synced. @returns the SHA-256 of what was written; empty beyond `limit` bytes */
export async function writeStream(
  to: string,
  content: AsyncIterable<Uint8Array>,
  name: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<string> {
  const hash = createHash('sha256');
  let fd: number | undefined;
  try {
    const target = openSync(to, 'wx', 0o600);
    fd = target;
    let bytes = 0;
    for await (const chunk of content) {
      bytes += chunk.length;
      if (bytes > limit) return '';
      hash.update(chunk);
      for (let done = 0; done < chunk.length; ) done += writeOrFail(target, chunk, done, name);
    }
    syncOrFail(target, name);
    return hash.digest('hex');
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

const writeOrFail = (fd: number, chunk: Uint8Array, from: number, name: string): number => {
  try {
    return writeSync(fd, chunk, from);
  } catch (error) {
    throw writeError(error, name);
  }
};

const syncOrFail = (fd: number, name: string): void => {
  try {
    fsyncSync(fd);
  } catch (error) {
    throw writeError(error, name);
  }
};
