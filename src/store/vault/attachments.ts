/**
 * The files of a store, addressed by the SHA-256 of their content: where they are kept is the vault's matter. A file is first
 * staged on this computer, and kept once all of its package is known to be good, within the change that commits the records
 * that name it. A content that nobody names is harmless, and is removed only within a change, so that no record comes to name
 * it meanwhile.
 */
import { LpxError } from '../../errors.js';
import type { Access } from '../access.js';
import type { WorkFolder } from '../processes/work-folder.js';

/** A content that the vault holds, whether or not a record names it. */
export interface HeldContent {
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Next to the contents of a store that a restore is making. */
export const UNFINISHED = 'unfinished';

/** The path of a content that can be read as a file of this computer. */
export type LocalPath = (sha256: string) => string;

/** A file of a package, and what it is called there: for errors. */
export interface NamedContent {
  readonly sha256: string;
  readonly path: string;
}

/** Whether a name is one that contents have: of a database that was edited by hand, any text may come. */
export const isContentName = (name: unknown): name is string => typeof name === 'string' && /^[0-9a-f]{64}$/.test(name);

/** The place in a vault of what is not the name of a content: nothing is ever there. */
export const NOWHERE = 'no-content';

/** @throws LPX_WRITE_FAILED for what is not the name of a content */
export function requireContentName(name: string, file: string): void {
  if (!isContentName(name)) throw new LpxError('LPX_WRITE_FAILED', { file, reason: 'EINVAL' });
}

export interface AttachmentVault {
  /** The modes of what is made on this computer. */
  readonly access: Access;
  /** Where it is, as people find it: a folder, or a bucket with what the names of its objects begin with. */
  readonly location: string;
  /** Where a content is or would be; never outside of the vault, whatever is asked for. */
  locationOf(sha256: string): string;
  /**
   * Reads a content to its end: whether it is there, and still the one of its hash. What `begin` returns gets it as it
   * comes; where the reading has to begin once more, `begin` is called once more.
   * @throws LPX_FILE_UNREADABLE when the system does not let it be read
   */
  check(sha256: string, begin?: () => (bytes: Uint8Array) => void): Promise<'sound' | 'broken' | 'lost'>;
  /** Which of these contents are not there; without reading those that are. @throws the LPX_S3 errors */
  lost(sha256s: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Copies a content into a new file, and proves it on the way. `entry`: what it is going to be called, for errors.
   * @throws LPX_ATTACHMENT_LOST, LPX_ATTACHMENT_BROKEN when it is gone or not the one of its hash; LPX_FILE_UNREADABLE; LPX_DISK_FULL,
   *   LPX_WRITE_FAILED
   */
  copyTo(sha256: string, to: string, entry: string): Promise<void>;
  /**
   * Runs what reads contents as files. Where the vault is a folder, they are that already, unproven and perhaps gone; else they
   * are copied into `work`, and proven, for as long as it runs. @throws as `copyTo`, and what `reading` throws
   */
  withLocal<T>(contents: readonly NamedContent[], work: WorkFolder, reading: (pathOf: LocalPath) => Promise<T>): Promise<T>;
  /** A small content as it is; undefined when it cannot be read. */
  read(sha256: string): Promise<Buffer | undefined>;
  /** Every content that the vault holds, in no order. @throws LPX_FILE_UNREADABLE */
  list(): AsyncIterable<HeldContent>;
  /** Removes a content, where it is there. Within a change, and only when no record names it. @throws LPX_WRITE_FAILED, also for what is not the name of a content */
  remove(sha256: string): Promise<void>;
  /**
   * Moves a content out, to where somebody may look at it. Within a change, and only when no record names it.
   * @returns whether it did; never where contents are in a bucket
   */
  setAside(sha256: string): Promise<boolean>;
  /** As `remove`, and what was set aside of it. */
  erase(sha256: string): Promise<void>;
  /** Says in its place that its store is being restored. @throws LPX_WRITE_FAILED, LPX_DISK_FULL, the LPX_S3 errors */
  markUnfinished(): Promise<void>;
  /** Takes that back. @throws as `markUnfinished` */
  markFinished(): Promise<void>;
  /**
   * Removes all that is in its place, where that says that its store is being restored. Whoever calls it knows that nobody restores it.
   * @param mostMs after which no more is removed from a bucket, in ms @returns whether nothing is left of it @throws as `markUnfinished`
   */
  removeUnfinished(mostMs?: number): Promise<boolean>;
  /** Ends its connections. */
  close(): void;
  /** A folder of this process for what it has under way, known to others while the process lives. @throws LPX_DISK_FULL */
  workFolder(): Promise<WorkFolder>;
  /** A new staging area of this process. @throws LPX_DISK_FULL */
  stage(): Promise<Staging>;
  /** Removes the staging areas of processes that are gone; `putBack` gets the SHA-256 of what each was about to keep. */
  sweep(putBack: (moved: readonly string[]) => Promise<void>): Promise<void>;
}

/** A file that may have been staged. */
export interface StagedFile {
  readonly sha256: string;
  readonly bytes: number;
  readonly stagedAt: string | undefined;
}

/** Files on their way into the vault. */
export interface Staging {
  /** What is kept is found by its SHA-256. */
  readonly needsSha256: true;
  /** A path for the next file. */
  nextPath(): string;
  /** Begins to make a staged file last; `secured` waits for it. */
  secure(path: string): void;
  /**
   * Waits until all that was to be secured is, and does what keeping these files takes and others who write need not wait for.
   * @throws LPX_DISK_FULL, LPX_WRITE_FAILED
   */
  secured(files: readonly StagedFile[]): Promise<void>;
  /** Keeps staged and secured files for good; within the change that commits the records. @throws LPX_DISK_FULL, LPX_WRITE_FAILED */
  keepAll(files: readonly StagedFile[]): Promise<void>;
  /** The records that name the kept files are committed. */
  committed(): void;
  /** Removes the staging area. After files were kept whose records did not come to be committed, the next process that opens the store does. */
  discard(): Promise<void>;
}
