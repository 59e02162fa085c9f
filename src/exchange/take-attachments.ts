/** Takes the files of records in, from a package or a folder: hashed, held against their MD5, staged. */
import type { Finding } from '../errors.js';
import type { FoundAttachment } from '../spec/attachments.js';
import { type Portfolio, type PortfolioRecord, type Slot, type WireAttachment, withAttachments } from '../spec/portfolio.js';
import { fileTypeOf } from '../spec/rules/file-type.js';
import { fileFindings } from '../spec/rules/record-rules.js';
import { hasTerm, termOf } from '../spec/terms.js';
import type { Staging } from '../store/attachments.js';
import type { StoredAttachment } from '../store/store.js';
import { TAKEN_TOGETHER, type Taken } from '../zip/work.js';

/** An attachment that has been read and held against its MD5, and lies staged unless it was only checked. */
export interface TakenAttachment extends StoredAttachment {
  readonly stagedAt: string | undefined;
}

export type TakenRecord = PortfolioRecord<TakenAttachment>;

/** What reading one file came to. */
export interface TakenFile {
  readonly taken: Taken;
  readonly stagedAt: string | undefined;
}

/**
 * Reads every file once, however many records share it.
 * @param read starts the work on up to `TAKEN_TOGETHER` files
 */
export async function takeAttachments<F>(
  portfolios: readonly Portfolio<WireAttachment>[],
  found: readonly FoundAttachment<F>[],
  read: (files: readonly F[]) => Promise<readonly TakenFile[]>,
): Promise<{ readonly portfolios: readonly Portfolio<TakenAttachment>[]; readonly findings: readonly Finding[] }> {
  const files = [...new Set(found.map((one) => one.file))];
  const results = await readAll(files, read);
  const takenFiles = new Map(files.map((file, i) => [file, results[i] as TakenFile]));
  const findings: Finding[] = [];
  const taken = new Map<PortfolioRecord<WireAttachment>, Partial<Record<Slot, TakenAttachment>>>();
  for (const one of found) {
    const file = takenFiles.get(one.file) as TakenFile;
    const { md5, sha256, crc32, bytes, head } = file.taken;
    if (one.md5 !== '' && one.md5 !== md5) {
      findings.push({
        code: 'LPX_ATTACHMENT_MD5',
        severity: 'error',
        where: one.where,
        facts: { file: one.originalName, expected: one.md5, actual: md5 },
      });
    }
    const type = fileTypeOf(head);
    findings.push(...fileFindings(one.slot, type, bytes, termOfRecord(one.record), one.where));
    const attachment = {
      sha256,
      md5,
      crc32,
      bytes,
      type: type || extensionOf(one.originalName),
      name: one.originalName,
      stagedAt: file.stagedAt,
    };
    taken.set(one.record, { ...taken.get(one.record), [one.slot]: attachment });
  }
  return {
    findings,
    portfolios: portfolios.map((portfolio) => ({
      ...portfolio,
      records: portfolio.records.map((record) => withAttachments(record, (_, slot) => taken.get(record)?.[slot] as TakenAttachment)),
    })),
  };
}

/** Reads files in groups. Every group ends before a fault of one is told, so that nothing is still being written then. */
export async function readAll<F, T>(files: readonly F[], read: (group: readonly F[]) => Promise<readonly T[]>): Promise<T[]> {
  const groups = Array.from({ length: Math.ceil(files.length / TAKEN_TOGETHER) }, (_, i) =>
    files.slice(i * TAKEN_TOGETHER, (i + 1) * TAKEN_TOGETHER),
  );
  const results = await Promise.allSettled(groups.map(read));
  const fault = results.find((result) => result.status === 'rejected');
  if (fault) throw fault.reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
}

/** The term a record was uploaded in, or else belongs to. */
export function termOfRecord<A>(record: PortfolioRecord<A>): string {
  const uploaded = 'uploadTerm' in record.fields ? record.fields.uploadTerm : '';
  return hasTerm(uploaded) ? uploaded : termOf(record.fields.academicYear, record.fields.semester);
}

/** A plain extension for a content of no known type. */
const extensionOf = (name: string): string => /\.([0-9A-Za-z]{1,8})$/.exec(name)?.[1]?.toLowerCase() ?? 'bin';

/** Moves the staged files of records to their place in the store, for good. */
export async function keepStaged(staging: Staging, records: readonly TakenRecord[]): Promise<void> {
  for (const attachment of records.flatMap((record) => [record.document, record.media])) {
    if (attachment?.stagedAt !== undefined) await staging.keep(attachment.stagedAt, attachment.sha256);
  }
  await staging.settle();
}
