import { LpxError } from '../errors.js';

/**
 * Limits on the claims of a ZIP, checked before a single byte of content is read. A school's package stays far below;
 * a bomb does not.
 */
export interface ZipLimits {
  /** Bytes of the file. */
  readonly archiveBytes: number;
  /** Entries in the directory. */
  readonly entries: number;
  /** Bytes of the central directory. */
  readonly directoryBytes: number;
  /** Bytes of one entry's name. */
  readonly nameBytes: number;
  /** Folders in each other, in one entry's name. */
  readonly depth: number;
  /** Expanded bytes of one entry, claimed and counted. */
  readonly entryBytes: number;
  /** Expanded bytes of all entries together. */
  readonly totalBytes: number;
  /** Expanded bytes for each stored byte, for entries over `ratioFromBytes`. */
  readonly ratio: number;
  readonly ratioFromBytes: number;
  /** The same for all entries together: many small ones unpack to as much as a big one. */
  readonly totalRatio: number;
  readonly totalRatioFromBytes: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: ZipLimits = {
  archiveBytes: 20_480 * MIB,
  entries: 30_000,
  directoryBytes: 32 * MIB,
  nameBytes: 1024,
  depth: 16,
  entryBytes: 4096 * MIB,
  totalBytes: 16_384 * MIB,
  ratio: 300,
  ratioFromBytes: MIB,
  totalRatio: 100,
  totalRatioFromBytes: 64 * MIB,
};

/** The error for exceeding a limit. */
export const overLimit = (what: string, value: number, limit: number): LpxError =>
  new LpxError('LPX_LIMIT_EXCEEDED', { what, value, limit });
