/** The exchange, as the library offers it: each function runs whole in the thread of its store, or in one of its own. */
import { resolve } from 'node:path';
import type { ExportResult } from '../exchange/export.js';
import type { ImportResult } from '../exchange/import.js';
import type { LoadResult } from '../exchange/load.js';
import type { StudentView } from '../exchange/show.js';
import type { PasswordSource, SignatureSource, VerificationReport } from '../exchange/verify.js';
import type { ExchangeReason } from '../spec/status-changes.js';
import { dayOf } from '../spec/terms.js';
import type { Encryption } from '../zip/writer.js';
import { checkedOptions, OPTIONS } from './options.js';
import { type ProgressOptions, Store } from './store.js';
import { type LibraryThread, newThread } from './thread.js';

/** Who does something, and when: for the history. */
export interface ActOptions extends ProgressOptions {
  /** The person, by the name that your system knows them by. Default: nobody. */
  readonly operator?: string | undefined;
  /** Default: now. */
  readonly now?: Date | undefined;
}

export interface LoadOptions extends ActOptions {
  /** The folder that the school's platform hands over, or the exchange JSON in it. */
  readonly path: string;
  /** Work everything out, and change nothing. */
  readonly dryRun?: boolean | undefined;
  /** Keep records whose files are missing or of another MD5: they are owed them. */
  readonly acceptPartial?: boolean | undefined;
  /** Leave records that the platform no longer has. */
  readonly keepMissing?: boolean | undefined;
  /** Take them out although they are many, all of a list, or picked: somebody was asked. */
  readonly confirmed?: boolean | undefined;
}

export interface ExportOptions extends ActOptions {
  /** The students, by national id. */
  readonly nationalIds: readonly string[];
  readonly reason: ExchangeReason;
  /** The students' last day at this school, `YYYY-MM-DD`. Default: today in Taiwan. */
  readonly left?: string | undefined;
  /** Where the packages and their signatures go; made when it is missing. */
  readonly outFolder: string;
  /** Printable ASCII. A function is asked once it is known that there is something to export. */
  readonly password: PasswordSource;
  /** A new file that the password is written to, readable by its owner alone. */
  readonly passwordFile?: string | undefined;
  /** Default: `aes256`. `zipcrypto` is weak, and for receivers whose tools cannot read AES. */
  readonly encryption?: Encryption | undefined;
  /** Terms to export, ROC year and semester: `1081`. Default: all. */
  readonly terms?: readonly string[] | undefined;
  /** The receiving school's code, for the history. */
  readonly toSchool?: string | undefined;
  /** Export although the rules say that no exchange is needed; the history records it. */
  readonly force?: boolean | undefined;
  /** Take a last day that the records or the calendar speak against; the history remembers. */
  readonly acceptLeft?: boolean | undefined;
  /** Export records although files of theirs are owed, or the store has lost them: the package names them, and does not have them. */
  readonly acceptPartial?: boolean | undefined;
  /** Take a password that is easily guessed; the history remembers. */
  readonly weakPassword?: boolean | undefined;
  /** Go on without students who have nothing to export, or whose year was over, as long as one is left. */
  readonly skipEmpty?: boolean | undefined;
  /** Skip students with errors, as long as one is left. */
  readonly skipUnfit?: boolean | undefined;
  /** Work everything out, and write nothing. */
  readonly dryRun?: boolean | undefined;
}

export interface VerifyOptions extends ProgressOptions {
  readonly zipFile: string;
  /** National ids of the students who are wanted. Default: all. */
  readonly only?: readonly string[] | undefined;
  /** Skip students with errors, as long as one is left. */
  readonly skipUnfit?: boolean | undefined;
  /** A function is asked once the signature holds. */
  readonly password: PasswordSource;
  /** Where the MD5 of the package comes from. Default: the file next to it. */
  readonly signature?: SignatureSource | undefined;
  /** Refuse anything that needs repair. */
  readonly strict?: boolean | undefined;
  /**
   * Go on when files of records are missing, damaged or of another MD5: those records are kept, and owed the files. Records whose files
   * must not be taken are left out.
   */
  readonly acceptPartial?: boolean | undefined;
  /** Take files whose MD5s are all wrong: some software hashes a wrapper of the file. */
  readonly acceptForeignMd5?: boolean | undefined;
}

/** A check that may be in the name of a store. */
export interface CheckOptions extends VerifyOptions, ActOptions {
  /** The store in whose name the package is checked: its history says by whom, and what came of it. Default: none. */
  readonly store?: Store | undefined;
}

export interface ImportOptions extends VerifyOptions, ActOptions {
  /** Work everything out and change nothing. */
  readonly dryRun?: boolean | undefined;
  /** Admit students who are not in the store yet. */
  readonly createStudents?: boolean | undefined;
  /** Keep a record next to a stored one with other content, instead of refusing. */
  readonly keepBoth?: boolean | undefined;
  /** Replace a received record that has other content; the store keeps the former content. */
  readonly replace?: boolean | undefined;
  /** Take the students of the package for those of the roll although names or birth dates differ. */
  readonly samePerson?: boolean | undefined;
  /** The national id under which the store has the one student of the package whom it does not know by theirs. */
  readonly previousId?: string | undefined;
  /** Take records that name this school as theirs although the store does not know them. */
  readonly acceptOwnSchool?: boolean | undefined;
}

/**
 * Loads the export of the school's platform, all or nothing. The same folder twice changes nothing.
 *
 * @returns what became of each student's records, with warnings and notes
 * @throws LpxError `LPX_OPTION_WRONG`, `LPX_FILE_NOT_FOUND`, `LPX_NO_DOCUMENT`, `LPX_LOAD_PACKAGE`, `LPX_LOAD_TABLE`, `LPX_JSON_UNREADABLE`; the
 *   first error of the data (`LPX_SCHEMA`, `LPX_ATTACHMENT_MISSING`…) with all of them in its `findings`; without
 *   `confirmed`, `LPX_LIST_EMPTIED`, `LPX_MANY_MISSING`, `LPX_PICK_MISSING`; `LPX_STORE_BUSY`, `LPX_DISK_FULL`,
 *   `LPX_WRITE_FAILED`, `LPX_INTERRUPTED`: then nothing was loaded
 * @example
 * ```ts
 * const { students } = await loadFolder(store, { path: '/srv/platform/2021-01-21', operator: 'registrar' });
 * console.log(students.map(({ name, added }) => `${name}: ${added} new`));
 * ```
 */
export async function loadFolder(store: Store, options: LoadOptions): Promise<LoadResult> {
  const thread = Store.threadOf(store);
  const { signal, onProgress, path, operator = '', now = new Date(), ...given } = checkedOptions(options, OPTIONS.load);
  const request = { ...given, folder: Store.locationOf(store), path: resolve(path), operator, now };
  return thread.run('load', request, { signal, onProgress });
}

/**
 * Exports students: certified course results and uploaded multi-performances into one password-protected ZIP with its MD5
 * signature next to it, or into as many as readers' limits ask for. All packages or none.
 *
 * @returns the packages, what went and what stayed at home, and why
 * @throws LpxError `LPX_OPTION_WRONG`, `LPX_NOT_IN_STORE`, `LPX_NOTHING_TO_EXPORT`, `LPX_EXCHANGE_NOT_NEEDED`, `LPX_LEFT_TOO_EARLY`,
 *   `LPX_LEFT_IN_FUTURE`, `LPX_TO_OWN_SCHOOL`, `LPX_STUDENT_TOO_LARGE`, `LPX_STUDENT_CHANGED`; the first error of the data with all of them in its `findings`; `LPX_PASSWORD_MISSING`,
 *   `LPX_PASSWORD_UNSUITABLE`, `LPX_PASSWORD_WEAK`, `LPX_DAY`, `LPX_TERM`, `LPX_SCHOOL_CODE`; `LPX_ATTACHMENT_LOST`, `LPX_ATTACHMENT_BROKEN`,
 *   `LPX_STORE_BUSY`, `LPX_DISK_FULL`, `LPX_WRITE_FAILED`, `LPX_INTERRUPTED`: then no package is left
 * @example
 * ```ts
 * const { packages } = await exportPackage(store, {
 *   nationalIds: ['A800000014'],
 *   reason: 'transfer',
 *   left: '2021-01-22',
 *   outFolder: '/srv/outbox',
 *   password: () => askTheClerk(),
 * });
 * console.log(packages[0]?.zipFile, packages[0]?.signatureFile);
 * ```
 */
export async function exportPackage(store: Store, options: ExportOptions): Promise<ExportResult> {
  const thread = Store.threadOf(store);
  const { signal, onProgress, password, ...given } = checkedOptions(options, OPTIONS.export);
  const { now = new Date(), outFolder, passwordFile } = given;
  const request = {
    ...given,
    folder: Store.locationOf(store),
    outFolder: resolve(outFolder),
    passwordFile: passwordFile === undefined ? undefined : resolve(passwordFile),
    now,
    left: given.left ?? dayOf(now),
    encryption: given.encryption ?? 'aes256',
    terms: given.terms ?? [],
    toSchool: given.toSchool ?? '',
    operator: given.operator ?? '',
    force: given.force ?? false,
    skipEmpty: given.skipEmpty ?? false,
  };
  return thread.run('export', request, { signal, onProgress, password });
}

/**
 * Verifies a package: signature, directory, password, structure, schema, rules, attachments. Writes nothing but, with a `store`, an entry
 * of its history. Whatever is wrong with the package is in the report: `ok` is false, and `findings` say what and where.
 *
 * @throws LpxError `LPX_OPTION_WRONG`, `LPX_FILE_NOT_FOUND`, `LPX_FILE_UNREADABLE`, `LPX_FILE_CHANGED` when somebody changes the file
 *   meanwhile, `LPX_PASSWORD_MISSING`, `LPX_DISK_FULL`, `LPX_INTERRUPTED`; with a `store`, `LPX_STORE_BUSY`, `LPX_WRITE_FAILED`: then
 *   the history has no entry of the check
 * @example
 * ```ts
 * const { ok, findings } = await verifyPackage({ zipFile: '990001_2021_01_22_10_30_00.zip', password: 'Sample-Pass-2021' });
 * if (!ok) console.error(findings.map(({ code, place }) => [code, place]));
 * ```
 */
export async function verifyPackage(options: CheckOptions): Promise<VerificationReport> {
  const { store, operator = '', now = new Date(), ...given } = checkedOptions(options, OPTIONS.check);
  if (!store) return inOwnThread((thread) => thread.run('verify', verifyRequest(given), callerOf(given)));
  const request = { ...verifyRequest(given), folder: Store.locationOf(store), operator, now };
  return Store.threadOf(store).run('check', request, callerOf(given));
}

/**
 * Verifies a package and imports it, in one transaction for all its students. Nothing of another student is touched, and the
 * same package twice changes nothing. A package that is not in order, or conflicts with the store, is `refused`, with
 * the reasons in `report.findings` or `conflicts`, and the store as it was.
 *
 * @throws LpxError as {@link verifyPackage}; `LPX_NOT_IN_STORE`, `LPX_PREVIOUS_ID` for a `previousId` that fits no
 *   student; `LPX_KEEP_OR_REPLACE`; `LPX_STORE_BUSY`, `LPX_WRITE_FAILED`: then nothing was changed
 * @example
 * ```ts
 * const { outcome, historyId } = await importPackage(store, { zipFile, password, createStudents: true, operator: 'registrar' });
 * if (outcome === 'imported') console.log(`number ${historyId} in the history`);
 * ```
 */
export async function importPackage(store: Store, options: ImportOptions): Promise<ImportResult> {
  const thread = Store.threadOf(store);
  const given = checkedOptions(options, OPTIONS.import);
  const request = {
    ...verifyRequest(given),
    folder: Store.locationOf(store),
    dryRun: given.dryRun ?? false,
    createStudents: given.createStudents ?? false,
    operator: given.operator ?? '',
    now: given.now ?? new Date(),
  };
  return thread.run('import', request, callerOf(given));
}

/**
 * Verifies a package and shows the students in it, with their records and files; none when it is refused.
 *
 * @throws LpxError as {@link verifyPackage}
 * @example
 * ```ts
 * const { students } = await showPackage({ zipFile, password });
 * for (const { records } of students) console.log(records.map(({ title, courseCode }) => [title, courseCode]));
 * ```
 */
export async function showPackage(options: VerifyOptions): Promise<ShownPackage> {
  const given = checkedOptions(options, OPTIONS.verify);
  return inOwnThread((thread) => thread.run('show', verifyRequest(given), callerOf(given)));
}

/** A package's students, with the report of its verification. */
export interface ShownPackage {
  readonly report: VerificationReport;
  readonly students: readonly StudentView[];
}

const callerOf = ({ signal, onProgress, password }: VerifyOptions) => ({ signal, onProgress, password });

/** What of the options passes to the thread. */
function verifyRequest<O extends VerifyOptions>(options: O) {
  const { signal: _signal, onProgress: _onProgress, password: _password, acceptPartial, acceptForeignMd5, ...given } = options;
  const { zipFile, signature } = given;
  return {
    ...given,
    zipFile: resolve(zipFile),
    signature: typeof signature === 'object' && 'file' in signature ? { file: resolve(signature.file) } : signature,
    accept: { partial: acceptPartial === true ? ('owe' as const) : (false as const), foreignMd5: acceptForeignMd5 ?? false },
  };
}

async function inOwnThread<T>(work: (thread: LibraryThread) => Promise<T>): Promise<T> {
  const thread = newThread();
  try {
    return await work(thread);
  } finally {
    await thread.close();
  }
}
