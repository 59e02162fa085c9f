/** Bytes that do not compress and are the same in every run: no test passes or fails by what a random content happens to be. */
import { createHash } from 'node:crypto';
import type { RandomSource } from '#lpx/zip/content.js';

/** Salts and headers that are the same in every run, for an archive that is. */
export function repeatable(): RandomSource {
  let count = 0;
  return (bytes) => createHash('shake256', { outputLength: bytes }).update(`${count++}`).digest();
}

/** So many bytes for a file, others at each call. */
export const madeBytes = repeatable();
