/** Reads the files of records, from a package or a folder: hashed, checked against their MD5, staged, judged. */
import type { Finding, Place } from '../errors.js';
import type { FoundAttachment, FoundAttachments, MissingAttachment } from '../spec/attachments.js';
import { type OwedFile, type Portfolio, type PortfolioRecord, type Slot, type WireAttachment, withAttachments } from '../spec/portfolio.js';
import { extensionOf, type FileVerdict, judgeFile, START_BYTES } from '../spec/rules/file-type.js';
import { type Advice, recordFileFindings } from '../spec/rules/record-rules.js';
import type { Damaged, Taken } from '../zip/threads/jobs.js';

/**
 * An attachment that has been read and checked against its MD5. It lies staged unless it was only read; its SHA-256 is
 * empty unless the sink needs one.
 */
export interface TakenAttachment {
  readonly sha256: string;
  readonly md5: string;
  readonly bytes: number;
  /** Undefined when it is not known: then the next export counts it. */
  readonly crc32: number | undefined;
  /** `pdf`, `jpg`, `png`, `mp3`, `mp4`, or the extension it came with. */
  readonly type: string;
  /** The name it was uploaded under. */
  readonly name: string;
  readonly stagedAt: string | undefined;
}

export type TakenRecord = PortfolioRecord<TakenAttachment>;

/** Where files go once they are read. */
export interface AttachmentSink {
  /** Whether a content is to be recognised later, by its SHA-256. */
  readonly needsSha256: boolean;
  /** A new file for the next content; none where contents are only read. */
  nextPath(): string | undefined;
  /** Called once a content is whole in its file. */
  secure(path: string): void;
}

const NOWHERE = { nextPath: () => undefined, secure: () => {} };
export const CHECK_ONLY: AttachmentSink = { needsSha256: false, ...NOWHERE };
export const HASH_ONLY: AttachmentSink = { needsSha256: true, ...NOWHERE };

/** Reads files in groups. */
export interface GroupReader<F, T> {
  /** How many files go well together, and how few are still worth a group. */
  readonly together: { readonly most: number; readonly least: number };
  /** How many groups are read at a time. */
  readonly threads: number;
  read(files: readonly F[]): Promise<readonly T[]>;
}

/** What reading one file came to. */
export interface TakenFile {
  readonly taken: Taken | Damaged;
  readonly stagedAt: string | undefined;
}

/** A student's records with intact attachments, and those without. */
export interface TakenPortfolio extends Portfolio<TakenAttachment> {
  readonly unsound: readonly PortfolioRecord<WireAttachment>[];
}

/** How strictly attachments are taken. */
export interface Acceptance {
  /**
   * Whether to go on when attachments of single records are missing or faulty: `skip` leaves those records out; `owe` keeps them
   * without files that are missing, damaged or of another MD5, which they are owed, and leaves the others out.
   */
  readonly partial: false | 'skip' | 'owe';
  /** Take files whose MD5s are all wrong: some software hashes a wrapper of the file (docs/field-defects.md#foreign-md5). */
  readonly foreignMd5: boolean;
}

/** Everything, or nothing. */
export const WHOLE: Acceptance = { partial: false, foreignMd5: false };

/** How attachments are taken, and whom the advice addresses. */
export interface Taking {
  readonly accept: Acceptance;
  readonly advice: Advice;
}

/** Reads every file once, however many records share it, judges each attachment, and then their MD5s together. */
export async function takeAttachments<F>(
  portfolios: readonly Portfolio<WireAttachment>[],
  found: FoundAttachments<F>,
  reader: GroupReader<F, TakenFile>,
  { accept, advice }: Taking,
): Promise<{ readonly portfolios: readonly TakenPortfolio[]; readonly findings: readonly Finding[] }> {
  const files = await readAndJudge([...new Set(found.attachments.map(({ file }) => file))], reader);
  const judgements = found.attachments.map((attachment) => judgeAttachment(attachment, files.get(attachment.file) as JudgedFile, advice));
  const md5s = judgeMd5s(judgements, accept);
  const debts = [...found.missing, ...judgements.flatMap(damagedIn), ...md5s.wrong];
  const isOwing = accept.partial === 'owe';
  const faulty = judgements.filter(({ isSound, taken }) => !isSound && !(isOwing && taken === undefined));
  const unsound = new Set([...found.unsound, ...[...faulty, ...(isOwing ? [] : debts)].map(({ record }) => record)]);
  const owed = (record: PortfolioRecord<WireAttachment>) =>
    isOwing ? debts.filter((debt) => debt.record === record).map((debt) => debt.owed) : [];
  const findings = [found.findings, ...judgements.map((judgement) => judgement.findings), md5s.findings].flat();
  const taken = new Map(judgements.map((judgement) => [judgement.record[judgement.slot], judgement.taken]));
  const someTaken = portfolios.some(({ records }) => records.some((record) => !unsound.has(record)));
  return {
    findings: accept.partial && someTaken ? findings.map(leftOut) : findings,
    portfolios: portfolios.map((portfolio) => ({
      ...portfolio,
      records: portfolio.records.filter((record) => !unsound.has(record)).map((record) => takenRecord(record, taken, owed(record))),
      unsound: portfolio.records.filter((record) => unsound.has(record)),
    })),
  };
}

/** A record with what was read of its files; what it is owed is not there. */
function takenRecord(
  record: PortfolioRecord<WireAttachment>,
  taken: ReadonlyMap<WireAttachment | null, TakenAttachment | undefined>,
  owed: readonly OwedFile[],
): TakenRecord {
  const isOwed = (slot: Slot) => owed.some((file) => file.slot === slot);
  const view = (attachment: WireAttachment, slot: Slot) => (isOwed(slot) ? null : (taken.get(attachment) as TakenAttachment));
  const whole = withAttachments(record, view) as TakenRecord;
  return owed.length > 0 ? { ...whole, owed } : whole;
}

/** The first bytes of thousands of files would fill the memory: what they say is kept instead. */
async function readAndJudge<F>(files: readonly F[], reader: GroupReader<F, TakenFile>): Promise<ReadonlyMap<F, JudgedFile>> {
  const results = await readAll(files, {
    ...reader,
    read: async (group) => (await reader.read(group)).map(({ taken, stagedAt }) => ({ taken: judged(taken), stagedAt })),
  });
  return new Map(files.map((file, i) => [file, results[i] as JudgedFile]));
}

/** What one attachment of a record came to. */
interface Judgement {
  readonly record: PortfolioRecord<WireAttachment>;
  readonly slot: Slot;
  /** Undefined when the file could not be read. */
  readonly taken: TakenAttachment | undefined;
  /** As a file that its record is owed, but for why. */
  readonly expected: Omit<OwedFile, 'why'>;
  readonly findings: readonly Finding[];
  /** Whether the file may go into the store, whatever its MD5. */
  readonly isSound: boolean;
  /** Undefined when there is none to compare. */
  readonly md5: 'right' | Finding | undefined;
}

function judgeAttachment(
  { record, slot, place, md5: expected, originalName }: FoundAttachment<unknown>,
  { taken: file, stagedAt }: JudgedFile,
  advice: Advice,
): Judgement {
  const owed = { slot, name: originalName, md5: expected };
  if ('damage' in file) {
    const facts = { part: file.damage.part };
    const findings: Finding[] = [{ code: 'LPX_ENTRY_DAMAGED', severity: 'error', place, facts }];
    return { record, slot, taken: undefined, expected: owed, findings, isSound: false, md5: undefined };
  }
  const { md5, sha256, bytes, crc32, verdictFor } = file;
  const verdict = verdictFor(originalName, record[slot]?.link ?? '');
  const { type, kind } = verdict;
  const ofContent = verdictFindings(verdict, originalName, place);
  const ofLimits = kind === 'active' || kind === 'other' ? [] : recordFileFindings(record, slot, { type, bytes }, { place, advice });
  const takenType = type === '' || type === 'empty' ? extensionOf(originalName) : type;
  return {
    record,
    slot,
    taken: { sha256, md5, bytes, crc32, type: takenType, name: originalName, stagedAt },
    expected: owed,
    findings: [...ofContent, ...ofLimits],
    isSound: ofContent.every(({ severity }) => severity !== 'error'),
    md5: expected === '' ? undefined : expected === md5 ? 'right' : wrongMd5(place, { file: originalName, expected, actual: md5 }),
  };
}

const wrongMd5 = (place: Place, facts: { readonly file: string; readonly expected: string; readonly actual: string }): Finding => ({
  code: 'LPX_ATTACHMENT_MD5',
  severity: 'error',
  place,
  facts,
});

const damagedIn = ({ record, taken, expected }: Judgement): MissingAttachment[] =>
  taken === undefined ? [{ record, owed: { ...expected, why: 'damaged' } }] : [];

/** The MD5s of a package are those of something else when at least this part of them is wrong. */
const FOREIGN_PART = 0.9;

/**
 * Some software writes the MD5 of something else than the file (docs/field-defects.md#foreign-md5): when nearly all are wrong,
 * that is one finding for the package, and no record counts as damaged.
 */
function judgeMd5s(judgements: readonly Judgement[], { foreignMd5 }: Acceptance) {
  const compared = judgements.filter(({ md5 }) => md5 !== undefined).length;
  const wrong = judgements.flatMap(({ record, expected, md5 }) =>
    md5 === undefined || md5 === 'right' ? [] : [{ record, finding: md5, owed: { ...expected, why: 'other' as const } }],
  );
  const isForeign = wrong.length > 0 && wrong.length >= FOREIGN_PART * compared && (compared > 1 || foreignMd5);
  if (!isForeign) return { findings: wrong.map(({ finding }) => finding), wrong };
  const facts = { count: wrong.length, total: compared };
  const finding: Finding = { code: 'LPX_ATTACHMENT_MD5_FOREIGN', severity: foreignMd5 ? 'warning' : 'error', place: {}, facts };
  return { findings: [finding], wrong: [] };
}

/** A file that was read, and what it is under a name. */
interface JudgedFile {
  readonly taken: (Omit<Taken, 'head' | 'marks'> & { readonly verdictFor: (...names: readonly string[]) => FileVerdict }) | Damaged;
  readonly stagedAt: string | undefined;
}

function judged(taken: Taken | Damaged): JudgedFile['taken'] {
  if ('damage' in taken) return taken;
  const { head, marks, ...rest } = taken;
  // What a name changes hangs on the start alone.
  const start = Buffer.from(head.subarray(0, START_BYTES));
  const { cargo } = judgeFile({ head, marks });
  return { ...rest, verdictFor: (...names) => ({ ...judgeFile({ head: start, marks }, names), cargo }) };
}

/** What a file's content is refused or warned of for. */
function verdictFindings({ type, kind, cargo }: FileVerdict, file: string, place: Place): Finding[] {
  if (kind === 'active') return [{ code: 'LPX_FILE_ACTIVE', severity: 'error', place, facts: { file } }];
  if (kind === 'other') return [{ code: 'LPX_FILE_REFUSED', severity: 'error', place, facts: { file, type } }];
  return cargo.map((carried) => {
    if (carried === 'archive') return { code: 'LPX_FILE_POLYGLOT', severity: 'warning', place, facts: { file } };
    if (carried === 'pixels') return { code: 'LPX_PICTURE_HUGE', severity: 'warning', place, facts: { file } };
    return { code: 'LPX_FILE_CARRIES', severity: 'warning', place, facts: { file, cargo: carried } };
  });
}

/** What is wrong with one attachment, and keeps nothing but its record out. */
const OF_ONE_RECORD: ReadonlySet<Finding['code']> = new Set([
  'LPX_FILE_ACTIVE',
  'LPX_FILE_REFUSED',
  'LPX_ATTACHMENT_MISSING',
  'LPX_ATTACHMENT_MD5',
  'LPX_ENTRY_DAMAGED',
  'LPX_LINK_UNSAFE',
  'LPX_LINK_WITHOUT_MD5',
]);

/** An error in one record, as it is reported when only that record is left out. */
export const leftOut = (finding: Finding): Finding => (OF_ONE_RECORD.has(finding.code) ? { ...finding, severity: 'warning' } : finding);

/**
 * Reads files in groups, which get smaller towards the end, so that no thread waits long for another. After a fault no
 * group is begun, and the fault is thrown once those begun have ended, so that nothing is still being written then.
 */
export async function readAll<F, T>(files: readonly F[], { together: { most, least }, threads, read }: GroupReader<F, T>): Promise<T[]> {
  const results: T[] = new Array(files.length);
  let next = 0;
  const readOn = async () => {
    while (next < files.length) {
      const start = next;
      next += Math.min(most, Math.max(least, Math.ceil((files.length - start) / threads)));
      const group = files.slice(start, next);
      const taken = await read(group).catch((error) => {
        next = files.length;
        throw error;
      });
      for (const [i, file] of taken.entries()) results[start + i] = file;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: threads }, readOn));
  const fault = ended.find((settled) => settled.status === 'rejected');
  if (fault) throw fault.reason;
  return results;
}

/** The attachments of records. */
export const attachmentsOf = (records: readonly TakenRecord[]): TakenAttachment[] =>
  records.flatMap((record) => [record.document, record.media].filter((attachment) => attachment !== null));
