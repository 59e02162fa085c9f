/** Copies files, and says what was copied. */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { fileError } from './file-error.js';
import { openFile, readFrom } from './read.js';

/** Bytes moved at a time. */
const STEP_BYTES = 1024 * 1024;

/**
 * Copies a plain file into a new one, synced, readable by its owner alone.
 * @returns the SHA-256 of the bytes that were copied, 64 hex digits
 * @throws as `fileError` says; LPX_WRITE_FAILED when there is something in the new one's place
 */
export async function copyHashed(from: string, to: string): Promise<string> {
  const source = openFile(from, 'r');
  try {
    const target = openFile(to, 'wx');
    try {
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(STEP_BYTES);
      for (let count = readFrom(source, buffer, from); count > 0; count = readFrom(source, buffer, from)) {
        const bytes = buffer.subarray(0, count);
        hash.update(bytes);
        writeAll(target, bytes, to);
        // Signals are heard between two steps.
        await setImmediate();
      }
      syncTo(target, to);
      return hash.digest('hex');
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

function writeAll(fd: number, bytes: Uint8Array, name: string): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  } catch (error) {
    throw fileError(error, name, 'writing');
  }
}

function syncTo(fd: number, name: string): void {
  try {
    fsyncSync(fd);
  } catch (error) {
    throw fileError(error, name, 'writing');
  }
}
