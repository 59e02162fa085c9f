/**
 * Imports or verifies all packages of an inbox. Each of them is imported and moved to `imported/`, refused and moved to `refused/`
 * with a report, or stays where it is, with the reason: nobody has its password yet, its signature or the rest of it has not arrived.
 * Whatever happens to one, the others are worked on.
 */
import type { Stats } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Code, errorOf, LpxError } from '../errors.js';
import { knownError } from '../io/file-error.js';
import type { NewFile } from '../io/publish.js';
import {
  completeMoves,
  cutShort,
  type InboxPackage,
  listInbox,
  moveTo,
  openInbox,
  openMovingInbox,
  statPackage,
} from '../package/inbox.js';
import { type BookEntry, PasswordBook } from '../package/password-book.js';
import type { Password, PasswordFinder } from '../package/password-source.js';
import { readPasswords } from '../roster/password-tables.js';
import { takeTurn } from '../store/processes/turns.js';
import type { Store } from '../store/store.js';
import { isRefusal } from './import/refusal.js';
import type { ImportRequest, ImportResult } from './import.js';
import type { CheckedPackage } from './note-verification.js';
import { errorOfReport, type VerificationReport, type VerifyRequest } from './verify.js';

/** What became of a package. */
export interface InboxResult {
  /** Its path below the inbox, with `/`. */
  readonly file: string;
  /**
   * `waiting`: it stays, `error` says for what; `elsewhere`: another program moved it away meanwhile; `intact`: verified, and nothing
   * more was asked for; the rest as `ImportResult` has them.
   */
  readonly outcome: 'imported' | 'unchanged' | 'would-import' | 'intact' | 'refused' | 'waiting' | 'elsewhere';
  /** Where it lies now, below the inbox; empty when it was not moved. */
  readonly movedTo: string;
  /** Undefined of a package that could not be looked at. */
  readonly report?: VerificationReport | undefined;
  /** Of an import. */
  readonly imported?: ImportResult | undefined;
  /** Why it is refused or stays, or could not be moved. */
  readonly error?: LpxError | undefined;
}

/** How to verify and to import, for every package. */
export type VerifyTerms = Omit<VerifyRequest, 'zipFile' | 'password' | 'helper' | 'engine' | 'known' | 'onProgress' | 'only'>;
export type ImportTerms = Omit<
  ImportRequest,
  'zipFile' | 'password' | 'now' | 'retried' | 'helper' | 'engine' | 'known' | 'onProgress' | 'only' | 'previousId'
>;

/** The passwords for an inbox, as data, which threads can pass to each other. */
export interface InboxPasswords {
  readonly listed: readonly BookEntry[];
  /** For any package, tried after those that are listed for it. */
  readonly fallback: readonly Password[];
}

export type VerifyJob = Omit<VerifyRequest, 'password' | 'helper' | 'engine' | 'known' | 'onProgress'> & {
  readonly passwords: InboxPasswords;
};
export type ImportJob = Omit<ImportRequest, 'password' | 'helper' | 'engine' | 'known' | 'onProgress'> & {
  readonly passwords: InboxPasswords;
};

/** The passwords of a job as the use cases take them. */
export const passwordBook = ({ listed, fallback }: InboxPasswords): PasswordFinder => new PasswordBook(listed, fallback);

/** What there is to do. */
export interface BegunInbox {
  /** The inbox, without links in its path. */
  readonly folder: string;
  readonly packages: number;
  readonly bytes: number;
}

export interface InboxRequest {
  /** The inbox. */
  readonly folder: string;
  /** A table of passwords, or a folder of them (`readPasswords`); undefined for none. */
  readonly passwordTable?: string | undefined;
  /** Passwords for any package, tried after those that are listed for it. */
  readonly passwords: readonly Password[];
  /** Called when the packages are known. */
  readonly onBegin?: ((inbox: BegunInbox) => void) | undefined;
  /** Called with each result, in the order in which they are done. */
  readonly onResult: (result: InboxResult) => void;
  /** Whether to begin with no more packages. */
  readonly isStopping: () => boolean;
}

/** Works on packages, several at a time or one after the other, each with what runs the use cases on it; until it is stopped. */
export type EachPackage<U> = (packages: readonly InboxPackage[], work: (found: InboxPackage, run: U) => Promise<void>) => Promise<void>;

export interface VerifyInboxRequest extends InboxRequest {
  readonly terms: VerifyTerms;
  readonly each: EachPackage<(job: VerifyJob) => Promise<VerificationReport>>;
  /** Called with each package that is in order or refused, before its result; not with one that waits. What it throws ends the work. */
  readonly onJudged?: ((checked: CheckedPackage) => Promise<void>) | undefined;
}

export interface ImportInboxRequest extends InboxRequest {
  readonly terms: ImportTerms;
  readonly each: EachPackage<(job: ImportJob) => Promise<ImportResult>>;
  readonly now: () => Date;
  /** The files that go with a refused package: their endings, and their content. */
  readonly reportsOf: (result: InboxResult) => Promise<NewFile[]> | NewFile[];
  /** Called when another process works through the inbox, and this one waits. */
  readonly onWaiting: () => void;
}

/** A package stays in the inbox for these: the one who runs lpx, or the sending school, can see to it. */
const WAITED_FOR: ReadonlySet<Code> = new Set([
  'LPX_PASSWORD_UNLISTED',
  'LPX_PASSWORD_MISSING',
  'LPX_PASSWORD_WRONG',
  'LPX_SIGNATURE_MISSING',
  'LPX_SIGNATURE_UNREADABLE',
]);

/**
 * Verifies the packages of an inbox, and moves nothing.
 * @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE for the inbox; as `readPasswords`
 */
export async function verifyInbox(request: VerifyInboxRequest): Promise<void> {
  const inbox = await openInbox(request.folder);
  const { packages } = await listInbox(inbox);
  const passwords = await passwordsFor(request);
  await announce(inbox, packages, request);
  await verifyAll({ packages, passwords }, request);
}

/** Verifies packages of an inbox. */
export function verifyAll(
  { packages, passwords }: Omit<Importing, 'inbox'>,
  { each, terms, onJudged, onResult }: Pick<VerifyInboxRequest, 'each' | 'terms' | 'onJudged' | 'onResult'>,
): Promise<void> {
  return each(packages, async (found, verify) => {
    const result = await settled(found, async () => {
      const report = await verify({ ...terms, passwords, zipFile: found.path });
      return { outcome: 'intact', report, error: errorOfReport(report) };
    });
    const { outcome, report, error } = result;
    if (outcome === 'intact' || outcome === 'refused') await onJudged?.({ zipFile: found.path, report, error });
    onResult(result);
  });
}

/**
 * Imports the packages of an inbox. Of several processes at one inbox and one store, one works at a time. Cut short at any moment, it
 * is completed when it is run again.
 * @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE for the inbox; as `readPasswords`; LPX_WRITE_FAILED when `imported` or `refused` in it are not folders
 */
export async function importInbox(store: Pick<Store, 'presence'>, request: ImportInboxRequest): Promise<void> {
  const inbox = await (request.terms.dryRun ? openInbox : openMovingInbox)(request.folder);
  const turn = await takeTurn(store, inbox, { onWaiting: request.onWaiting, isGivenUp: request.isStopping });
  try {
    if (!turn) return;
    const passwords = await passwordsFor(request);
    const content = await listInbox(inbox);
    const packages = request.terms.dryRun ? content.packages : await completeMoves(inbox, content);
    await announce(inbox, packages, request);
    await importAll({ inbox, packages, passwords }, request);
  } finally {
    turn?.end();
  }
}

export const passwordsFor = async ({ passwordTable, passwords }: InboxRequest): Promise<InboxPasswords> => ({
  listed: passwordTable === undefined ? [] : await readPasswords(passwordTable),
  fallback: passwords,
});

export interface Importing {
  /** Without links in its path. */
  readonly inbox: string;
  readonly packages: readonly InboxPackage[];
  readonly passwords: InboxPasswords;
}

export type ImportAllRequest = Pick<ImportInboxRequest, 'terms' | 'now' | 'onResult' | 'each' | 'reportsOf'>;

/** Imports packages of an inbox and moves them, in the turn of this process. */
export function importAll({ inbox, packages, passwords }: Importing, request: ImportAllRequest): Promise<void> {
  const { terms, now, onResult, each } = request;
  return each(packages, async (found, run) => {
    const result = await settled(found, async () => {
      const imported = await run({ ...terms, passwords, zipFile: found.path, now: now(), retried: WAITED_FOR });
      const { report, conflicts, outcome } = imported;
      return { outcome, report, imported, error: errorOfReport(report) ?? errorOf(conflicts) };
    });
    onResult(terms.dryRun ? result : await moved(inbox, found, result, request));
  });
}

/** Says how much there is to do. */
export async function announce(folder: string, packages: readonly InboxPackage[], { onBegin }: InboxRequest): Promise<void> {
  let bytes = 0;
  for (const found of packages) bytes += (await statPackage(found).catch(() => undefined))?.size ?? 0;
  onBegin?.({ folder, packages: packages.length, bytes });
}

/** The outcome of work on a package, what it throws being an outcome too. */
async function settled(found: InboxPackage, work: () => Promise<Omit<InboxResult, 'file' | 'movedTo'>>): Promise<InboxResult> {
  const { name: file } = found;
  try {
    const arriving = await arrival(found);
    if (arriving) return { file, movedTo: '', ...arriving };
    const result = await work();
    return { file, movedTo: '', ...result, ...(result.error && { outcome: WAITED_FOR.has(result.error.code) ? 'waiting' : 'refused' }) };
  } catch (error) {
    const known = knownError(error);
    const isGone = known.code === 'LPX_FILE_NOT_FOUND' && (await statPackage(found).catch(() => 'there')) === undefined;
    return {
      file,
      movedTo: '',
      outcome: isGone ? 'elsewhere' : isVerdict(known) ? 'refused' : 'waiting',
      error: isGone ? undefined : known,
    };
  }
}

/** Whether an error that was thrown says that the package is faulty, and not that it cannot be worked on now. */
const isVerdict = (error: LpxError): boolean => isRefusal(error) && !WAITED_FOR.has(error.code) && !error.code.startsWith('LPX_STORE_');

/** Whether an error says nothing of the package, and may pass by itself: of the store, its database, its bucket, a disk. */
export const isPassing = ({ code }: LpxError): boolean => /^LPX_(?:STORE_|DATABASE_|S3_|DISK_FULL|WRITE_FAILED|INTERNAL)/.test(code);

/** A file that was written to within this time, in ms, may be written to still. */
const QUIET_MS = 1000;
/** A package without its end is taken for one that is still arriving for this long, in ms, after it was last written to. */
export const ARRIVING_MS = 10 * 60_000;

/** What to say of a package that has not wholly arrived, or has left again; undefined for one to work on. */
async function arrival(found: InboxPackage): Promise<Pick<InboxResult, 'outcome' | 'error'> | undefined> {
  const stats = await statPackage(found);
  if (!stats) return { outcome: 'elsewhere' };
  // A clock that goes ahead, as of a network drive, makes nobody wait longer.
  const quietIn = Math.min(QUIET_MS, QUIET_MS - ageOf(stats));
  if (quietIn > 0) await sleep(quietIn);
  const later = quietIn > 0 ? await statPackage(found) : stats;
  if (!later) return { outcome: 'elsewhere' };
  if (later.size !== stats.size || later.mtimeMs !== stats.mtimeMs)
    return { outcome: 'waiting', error: new LpxError('LPX_FILE_CHANGED', { file: found.path }) };
  const cut = ageOf(later) < ARRIVING_MS ? await cutShort(found) : undefined;
  return cut && { outcome: 'waiting', error: cut };
}

const ageOf = ({ mtimeMs }: Stats): number => Date.now() - mtimeMs;

/** Moves a package to where it belongs now. That it cannot be moved is said; it is worked on again then. */
async function moved(inbox: string, found: InboxPackage, result: InboxResult, { reportsOf }: ImportAllRequest): Promise<InboxResult> {
  const { outcome } = result;
  if (outcome === 'waiting' || outcome === 'elsewhere') return result;
  const isRefused = outcome === 'refused';
  try {
    const moving = { box: isRefused ? 'refused' : 'imported', reports: isRefused ? await reportsOf(result) : [] } as const;
    return { ...result, movedTo: await moveTo(inbox, found, moving) };
  } catch (error) {
    return { ...result, error: result.error ?? knownError(error) };
  }
}
