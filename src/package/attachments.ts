/** Reads the files of records, from a package or a folder: hashed, checked against their MD5, staged, judged. */
import type { Finding, Place } from '../errors.js';
import type { FoundAttachments } from '../spec/attachments.js';
import { type Portfolio, type PortfolioRecord, type Slot, type WireAttachment, withAttachments } from '../spec/portfolio.js';
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

/** A student's records with sound attachments, and those without. */
export interface TakenPortfolio extends Portfolio<TakenAttachment> {
  readonly unsound: readonly PortfolioRecord<WireAttachment>[];
}

/** How strictly attachments are taken. */
export interface Acceptance {
  /** Go on without the records whose attachments are not sound. */
  readonly partial: boolean;
  /** Take files whose MD5s are all wrong: some software hashes a wrapper of the file (docs/field-defects.md#foreign-md5). */
  readonly foreignMd5: boolean;
}

/** Everything, or nothing. */
export const WHOLE: Acceptance = { partial: false, foreignMd5: false };

/** The MD5s of a package are those of something else when at least this part of them is wrong. */
const FOREIGN_PART = 0.9;

/** Reads every file once, however many records share it. */
export async function takeAttachments<F>(
  portfolios: readonly Portfolio<WireAttachment>[],
  found: FoundAttachments<F>,
  reader: GroupReader<F, TakenFile>,
  { partial, foreignMd5 }: Acceptance,
  advice: Advice,
): Promise<{ readonly portfolios: readonly TakenPortfolio[]; readonly findings: readonly Finding[] }> {
  const files = [...new Set(found.attachments.map((one) => one.file))];
  // The first bytes of thousands of files would fill the memory: what they say is kept instead.
  const results = await readAll(files, {
    ...reader,
    read: async (group) => (await reader.read(group)).map(({ taken, stagedAt }) => ({ taken: judged(taken), stagedAt })),
  });
  const readFiles = new Map(files.map((file, i) => [file, results[i] as JudgedFile]));

  const findings: Finding[] = [...found.findings];
  const unsound = new Set(found.unsound);
  const wrong: Finding[] = [];
  const wrongRecords: PortfolioRecord<WireAttachment>[] = [];
  let compared = 0;
  const taken = new Map<PortfolioRecord<WireAttachment>, Partial<Record<Slot, TakenAttachment>>>();
  for (const one of found.attachments) {
    const file = readFiles.get(one.file) as JudgedFile;
    if ('damage' in file.taken) {
      findings.push({ code: 'LPX_ENTRY_DAMAGED', severity: 'error', place: one.place, facts: { part: file.taken.damage.part ?? '' } });
      unsound.add(one.record);
      continue;
    }
    const { md5, sha256, bytes, crc32, verdictFor } = file.taken;
    if (one.md5 !== '') compared++;
    if (one.md5 !== '' && one.md5 !== md5) {
      wrong.push({
        code: 'LPX_ATTACHMENT_MD5',
        severity: 'error',
        place: one.place,
        facts: { file: one.originalName, expected: one.md5, actual: md5 },
      });
      wrongRecords.push(one.record);
    }
    const verdict = verdictFor(one.originalName, one.record[one.slot]?.link ?? '');
    const { type } = verdict;
    const told = verdictFindings(verdict, one.originalName, one.place);
    if (told.some(({ severity }) => severity === 'error')) unsound.add(one.record);
    findings.push(...told);
    if (verdict.kind !== 'active' && verdict.kind !== 'other')
      findings.push(...recordFileFindings(one.record, one.slot, { type, bytes }, one.place, advice));
    const attachment = {
      sha256,
      md5,
      bytes,
      crc32,
      type: type === '' || type === 'empty' ? extensionOf(one.originalName) : type,
      name: one.originalName,
      stagedAt: file.stagedAt,
    };
    taken.set(one.record, { ...taken.get(one.record), [one.slot]: attachment });
  }
  const foreign = wrong.length > 0 && wrong.length >= FOREIGN_PART * compared && (compared > 1 || foreignMd5);
  if (foreign) {
    const facts = { count: wrong.length, total: compared };
    findings.push({ code: 'LPX_ATTACHMENT_MD5_FOREIGN', severity: foreignMd5 ? 'warning' : 'error', place: {}, facts });
  } else {
    for (const finding of wrong) findings.push(finding);
    for (const record of wrongRecords) unsound.add(record);
  }
  const someSound = portfolios.some(({ records }) => records.some((record) => !unsound.has(record)));
  return {
    findings: partial && someSound ? findings.map(leftOut) : findings,
    portfolios: portfolios.map((portfolio) => ({
      ...portfolio,
      records: portfolio.records
        .filter((record) => !unsound.has(record))
        .map((record) => withAttachments(record, (_, slot) => taken.get(record)?.[slot] as TakenAttachment)),
      unsound: portfolio.records.filter((record) => unsound.has(record)),
    })),
  };
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
    const code = carried === 'archive' ? 'LPX_FILE_POLYGLOT' : carried === 'pixels' ? 'LPX_PICTURE_HUGE' : 'LPX_FILE_CARRIES';
    return { code, severity: 'warning', place, facts: { file, ...(code === 'LPX_FILE_CARRIES' && { cargo: carried }) } };
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

/** A fault of one record as it is told when its record alone is left out. */
export const leftOut = (finding: Finding): Finding => (OF_ONE_RECORD.has(finding.code) ? { ...finding, severity: 'warning' } : finding);

/**
 * Reads files in groups, which get smaller towards the end, so that no thread waits long for another. After a fault no
 * group is begun, and it is told once those begun have ended, so that nothing is still being written then.
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
      for (const [i, one] of taken.entries()) results[start + i] = one;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: threads }, readOn));
  const fault = ended.find((one) => one.status === 'rejected');
  if (fault) throw fault.reason;
  return results;
}

/** The attachments of records. */
export const attachmentsOf = (records: readonly TakenRecord[]): TakenAttachment[] =>
  records.flatMap((record) => [record.document, record.media].filter((attachment) => attachment !== null));
