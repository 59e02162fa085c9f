/** How much one package may hold. */
import { DEFAULT_LIMITS } from '../zip/limits.js';

/** Largest JSON that is parsed, in bytes: a thousand students stay below, and memory stays bounded. */
export const JSON_BYTES = 16 * 1024 * 1024;

/** What counts towards the limits of a package. */
export interface PackageSize {
  readonly entries: number;
  /** Bytes of the document and the mappings. */
  readonly json: number;
  /** Bytes of all that is in it. */
  readonly total: number;
  /** Bytes of the directory, at most. */
  readonly directory: number;
}

export const EMPTY_SIZE: PackageSize = { entries: 0, json: 0, total: 0, directory: 0 };

/** What readers take. */
export const READABLE: PackageSize = {
  entries: DEFAULT_LIMITS.entries,
  json: JSON_BYTES,
  total: DEFAULT_LIMITS.totalBytes,
  directory: DEFAULT_LIMITS.directoryBytes,
};

/**
 * What is put into one package before another is begun: less than readers take, so that another reader's way of counting does
 * not matter, and of JSON, which is held in memory on both sides, half.
 */
export const WRITABLE: PackageSize = {
  entries: Math.floor(0.9 * READABLE.entries),
  json: READABLE.json / 2,
  total: 0.9 * READABLE.total,
  directory: 0.9 * READABLE.directory,
};

const COUNTED = ['entries', 'json', 'total', 'directory'] as const;

export const addedSizes = (size: PackageSize, other: PackageSize): PackageSize => ({
  entries: size.entries + other.entries,
  json: size.json + other.json,
  total: size.total + other.total,
  directory: size.directory + other.directory,
});

/** The first limit that a size is over; undefined when it is within all of them. */
export const limitExceeded = (size: PackageSize, limits: PackageSize): (typeof COUNTED)[number] | undefined =>
  COUNTED.find((what) => size[what] > limits[what]);
