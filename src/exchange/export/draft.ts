/** A student as laid out for a package: their part of the document, the mappings, the files; how much that is, and its digest. */
import { basename } from 'node:path';
import { contentsDigest, DIGESTED_DOCUMENT, digestedText } from '../../package/contents-digest.js';
import { mappingPath, numberFiles } from '../../package/layout.js';
import type { PackageSize } from '../../package/limits.js';
import type { PackageContents, PackageFile, PackageText } from '../../package/writer.js';
import {
  countsOf,
  documentFromPortfolios,
  HALVES,
  isCourseResult,
  type JsonObject,
  type PortfolioRecord,
  type Slot,
  termOfRecord,
  titleOf,
  withAttachments,
} from '../../spec/portfolio.js';
import { extensionOf } from '../../spec/rules/file-type.js';
import type { StoredAttachment } from '../../store/store.js';
import type { ExportedStudent } from '../export.js';
import type { Selected } from './selection.js';

/** One student as laid out for a package. */
export interface Draft {
  readonly studentId: number;
  readonly summary: Omit<ExportedStudent, 'file' | 'bytes'>;
  /** The student's part of the document, in UTF-8. */
  readonly json: Buffer;
  readonly mappings: readonly PackageText[];
  readonly files: readonly DraftFile[];
}

/** A file of a package, wherever the store keeps it. */
type DraftFile = Omit<PackageFile, 'source'>;

type DraftContents = Omit<PackageContents, 'files'> & { readonly files: readonly DraftFile[] };

/** Lays out one student: paths, links, mappings. */
export function layOut(studentId: number, portfolio: Selected): { readonly draft: Draft; readonly document: JsonObject[] } {
  const { basicData, extras, lost } = portfolio;
  const records = portfolio.records.map(withOwed);
  const numbered = numberFiles(basicData, records);
  const paths = new Map(numbered.map((entry) => [`${records.indexOf(entry.record)} ${entry.slot}`, entry.path]));
  const linked = records.map((record, index) =>
    withAttachments(record, ({ md5 }, slot) => ({ link: paths.get(`${index} ${slot}`) as string, md5 })),
  );
  const document = documentFromPortfolios([{ basicData, extras, records: linked }]) as unknown as JsonObject[];
  const mappings = HALVES.map((half) => {
    const ofHalf = numbered.filter((entry) => entry.half === half);
    const names = Object.fromEntries(ofHalf.map((entry) => [basename(entry.path), entry.attachment.name]));
    return { path: mappingPath(basicData.nationalId, half), content: `${JSON.stringify(names, null, 2)}\n` };
  });
  const files = numbered.flatMap(({ path, attachment }) =>
    'sha256' in attachment && !lost.has(attachment.sha256)
      ? [{ path, bytes: attachment.bytes, sha256: attachment.sha256, crc32: attachment.crc32 }]
      : [],
  );
  const json = Buffer.from(JSON.stringify(document, null, 2).slice(2, -2));
  return { draft: { studentId, summary: summaryOf(portfolio), json, mappings, files }, document };
}

/** What a document and a mapping say of a file that is owed: it has its number, its name and its MD5, and does not go along; nor does one that the store has lost. */
type NamedOnly = Pick<StoredAttachment, 'type' | 'name' | 'md5'>;

/** The record with the files that it is owed in their slots. */
const withOwed = (record: PortfolioRecord<StoredAttachment>): PortfolioRecord<StoredAttachment | NamedOnly> => ({
  ...record,
  ...Object.fromEntries(
    (record.owed ?? []).map(({ slot, name, md5 }) => [slot, { name, md5, type: extensionOf(name) || LIKELY_TYPE[slot] }]),
  ),
});

/** Of a file whose name does not say its type. */
const LIKELY_TYPE: Readonly<Record<Slot, string>> = { document: 'pdf', media: 'mp4' };

const summaryOf = ({ basicData, records }: Selected): Draft['summary'] => ({
  nationalId: basicData.nationalId,
  name: basicData.name,
  ...countsOf(records),
  courses: records.filter(isCourseResult).map(courseOf),
});

const courseOf = (record: Extract<PortfolioRecord<StoredAttachment>, { list: 'courseResults' }>) => ({
  title: titleOf(record),
  courseCode: record.fields.courseCode,
  originSchoolCode: record.fields.originSchoolCode,
  term: termOfRecord(record),
});

/** The contents digest of a package of this student alone. */
export const digestOf = (draft: Draft): string => contentsDigestOf(contentsOf([draft], DIGESTED_DOCUMENT));

/** The first text is the document. */
export const contentsDigestOf = ({ texts: [document, ...texts], files }: DraftContents): string =>
  contentsDigest([
    ...(document ? [digestedText(DIGESTED_DOCUMENT, document.content)] : []),
    ...texts.map(({ path, content }) => digestedText(path, content)),
    ...files,
  ]);

export function contentsOf(drafts: readonly Draft[], name: string): DraftContents {
  const [opening, comma, closing] = ['[\n', ',\n', '\n]\n'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  const document = Buffer.concat([opening, ...drafts.flatMap(({ json }, i) => (i === 0 ? [json] : [comma, json])), closing]);
  return {
    texts: [{ path: `${name}.json`, content: document }, ...drafts.flatMap(({ mappings }) => mappings)],
    files: drafts.flatMap(({ files }) => files),
  };
}

/** Bytes of one entry's record in the directory, its name not counted, at most. */
const DIRECTORY_RECORD_BYTES = 128;

export function sizeOf({ json, mappings, files }: Draft): PackageSize {
  const texts = [json, ...mappings.map(({ content }) => content)].reduce((sum, text) => sum + Buffer.byteLength(text) + 2, 0);
  const paths = [...mappings, ...files].map(({ path }) => Buffer.byteLength(path));
  return {
    entries: paths.length + 1,
    json: texts,
    total: texts + files.reduce((sum, { bytes }) => sum + bytes, 0),
    directory: paths.reduce((sum, bytes) => sum + bytes + DIRECTORY_RECORD_BYTES, DIRECTORY_RECORD_BYTES),
  };
}
