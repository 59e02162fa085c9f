/** Tells a wrong password from a damaged archive before anything big is read. */
import { LpxError } from '../errors.js';
import { checkPassword, entryBytes, type Shared } from './entry.js';
import type { ZipEntry } from './reader.js';

/** Entries whose short check is tried: enough that one damaged check cannot decide. */
const SAMPLE = 8;
/** Beyond the smallest entry, only ones up to this many bytes are read to decide about the password. */
const SMALL_BYTES = 4 * 1024 * 1024;

/**
 * `proven`: an authentication code or CRC holds under it; `likely`: two or more short checks agree, and nothing that
 * they protect reads well; `wrong`: otherwise.
 */
export type PasswordFit = 'proven' | 'likely' | 'wrong';

/**
 * The short checks (two bytes under AES, one under ZipCrypto) rule most wrong passwords out. A password
 * they accept is proven on the smallest entries by authentication code or CRC, since ZipCrypto's byte
 * accepts one wrong password in 256. Where nothing proves it, two or more checks that all agree still
 * speak for the password, and the archive is damaged.
 */
export async function tryPassword(fd: number, entries: readonly ZipEntry[], password: Buffer): Promise<PasswordFit> {
  const smallest = entries
    .filter(canProve)
    .sort((a, b) => a.compressedSize - b.compressedSize)
    .slice(0, SAMPLE);
  let fitting = 0;
  for (const entry of smallest) {
    const known = checkPassword(fd, entry, password);
    if (!known) continue;
    const affordable = fitting === 0 || entry.compressedSize <= SMALL_BYTES;
    if (affordable && (await readsWell(fd, entry, password, known))) return 'proven';
    fitting++;
  }
  return fitting === smallest.length && fitting > 1 ? 'likely' : 'wrong';
}

/** The CRC of an empty file holds under every password; an authentication code does not. */
const canProve = ({ encryption, size }: ZipEntry): boolean => encryption !== 'none' && !(encryption === 'zipcrypto' && size === 0);

async function readsWell(fd: number, entry: ZipEntry, password: Buffer, known: Shared): Promise<boolean> {
  try {
    for await (const _ of entryBytes(fd, entry, password, known));
    return true;
  } catch (error) {
    if (error instanceof LpxError) return false;
    throw error;
  }
}
