/** Copies attachments out, of a student of the store or of a package: under their own names, in folders by school year and list. */
import { join } from 'node:path';
import { LpxError, type Place } from '../errors.js';
import { copyHashed } from '../io/copy.js';
import { writeError } from '../io/file-error.js';
import { distinctNames, safeName } from '../io/file-names.js';
import { upward } from '../io/folders.js';
import { type CopiedFile, type Existing, type NewFile, refuseOthers, sweepParts, writeFiles } from '../io/publish.js';
import { nearestThere } from '../io/read.js';
import type { AttachmentSink } from '../package/attachments.js';
import { filePlace, studentPlace } from '../spec/place.js';
import {
  type BasicData,
  countsOf,
  isCourseResult,
  type PortfolioRecord,
  SLOTS,
  type Slot,
  termOfRecord,
  titleOf,
  wireListOf,
} from '../spec/portfolio.js';
import { extensionOf } from '../spec/rules/file-type.js';
import { SPEC_TYPES } from '../spec/rules/file-types.js';
import { schoolYearOf } from '../spec/terms.js';
import { sweepWorkFolders, WorkFolder } from '../store/processes/work-folder.js';
import { copiesOf, type FileCopy, namingAllDamage } from '../store/records/file-copies.js';
import { refOf } from '../store/records/pickable-items.js';
import type { School, Store, StoredAttachment } from '../store/store.js';
import { studentMeant } from '../store/students.js';
import { readPackage, type VerificationReport, type VerifyRequest } from './verify.js';

/** A file as it is laid out. */
export interface LaidFile {
  readonly nationalId: string;
  /** The student's name. */
  readonly student: string;
  /** ROC */
  readonly schoolYear: number;
  /** The list, by its name on the wire. */
  readonly list: string;
  /** The record's reference in the store; empty in a package. */
  readonly ref: string;
  readonly title: string;
  readonly slot: Slot;
  /** The name it was uploaded under. */
  readonly name: string;
  /** Where it lies in the student's folder, with `/` between folders. */
  readonly path: string;
  readonly bytes: number;
  readonly md5: string;
  readonly sha256: string;
}

/** The table of the files of one student, which lies in their folder. */
export type Listing = (files: readonly LaidFile[]) => NewFile;

/** Where files go. */
export interface Target {
  /** The folder in which each student gets one. */
  readonly outFolder: string;
  readonly listing: Listing;
  /** What becomes of files that are there already; without it they stay, and nothing is written. */
  readonly existing?: Existing;
}

export interface FilesRequest extends Target {
  /** A national id, a part of it, or a name. */
  readonly who: string;
  /** The files of picked records alone. */
  readonly picked: boolean;
  /** Write lists of hashes with them, so that the copy can heal the store later. */
  readonly manifest?: boolean | undefined;
  readonly now: Date;
  /** Who copies them out, for the history. */
  readonly operator: string;
}

/** A student's folder. */
export interface StudentFolder {
  readonly nationalId: string;
  readonly name: string;
  readonly folder: string;
  readonly files: readonly LaidFile[];
}

/** A record with files, and what it goes by. */
interface FiledRecord {
  readonly record: PortfolioRecord<StoredAttachment>;
  readonly ref: string;
}

/**
 * Copies a student's attachments out of the store, every byte checked on the way; all of them or none.
 * @throws LPX_STUDENT_NOT_FOUND, LPX_STUDENTS_FIT, LPX_NO_FILES; LPX_ATTACHMENT_LOST, LPX_ATTACHMENT_BROKEN with every file that is;
 *   LPX_WRITE_FAILED, LPX_DISK_FULL; then no file is left
 */
export async function writeStudentFiles(store: Store, request: FilesRequest): Promise<StudentFolder> {
  const { id, basicData, records } = await studentMeant(store, request.who);
  const filed = records
    .filter(({ record, picked }) => SLOTS.some((slot) => record[slot]) && (picked || !request.picked))
    .map((stored) => ({ record: stored.record, ref: refOf(stored) }));
  if (filed.length === 0) throw new LpxError('LPX_NO_FILES', {}, { place: studentPlace(basicData) });
  const laid = layOut(basicData, filed);
  const copies = laid.map(({ file: { path, sha256 }, place }): FileCopy => ({ name: path, sha256, place }));
  const lists = request.manifest
    ? manifestFiles(laid, { madeAt: request.now, school: store.school, student: await store.keyedId(id) })
    : [];
  const entry = {
    kind: 'files' as const,
    at: request.now,
    operator: request.operator,
    file: '',
    bytes: 0,
    details: { files: copies.length, picked: request.picked },
  };
  const recorded = (outFolder: string, publish: () => Promise<void>) =>
    store.change(async (change) => {
      const historyId = await change.addHistory({ ...entry, folder: outFolder });
      await change.addHistoryStudent(historyId, id, countsOf(filed.map(({ record }) => record)));
      await publish();
      return { keep: true, result: undefined };
    });
  const [folder] = await namingAllDamage(store, copies, () =>
    writeFolders([{ basicData, laid, files: [...lists, ...copiesOf(store, copies)] }], request, recorded),
  );
  return folder as StudentFolder;
}

/**
 * Verifies a package and writes its attachments, those of each student into a folder of their own; nothing when it is refused.
 * @throws as `readPackage`, and LPX_NO_FILES, LPX_WRITE_FAILED; then no file is left
 */
export async function writePackageFiles(
  request: VerifyRequest & Target,
): Promise<{ readonly report: VerificationReport; readonly students: readonly StudentFolder[] }> {
  // On the disk that the files are going to be on: the other may be small.
  const around = nearestThere(request.outFolder);
  // One that was killed may have found fewer folders there.
  for (const folder of upward(around)) await sweepWorkFolders(folder, WORK_PREFIX);
  const work = await WorkFolder.create(around, WORK_PREFIX).catch((error) => {
    throw writeError(error, request.outFolder);
  });
  try {
    const { report, portfolios } = await readPackage(request, sinkIn(work));
    if (!report.ok) return { report, students: [] };
    const students = portfolios.map(({ basicData, records }) => {
      const filed = records.filter((record) => SLOTS.some((slot) => record[slot])).map((record) => ({ record, ref: '' }));
      const laid = layOut(basicData, filed);
      const staged = new Map(records.flatMap((record) => SLOTS.map((slot) => [record[slot]?.sha256, record[slot]?.stagedAt])));
      return { basicData, laid, files: laid.map(({ file }) => copyOf(file, staged.get(file.sha256) as string)) };
    });
    const withFiles = students.filter(({ files }) => files.length > 0);
    if (withFiles.length === 0) throw new LpxError('LPX_NO_FILES');
    return { report, students: await writeFolders(withFiles, request, (_, publish) => publish()) };
  } finally {
    await work.remove();
  }
}

const WORK_PREFIX = '.lpx-files-';

/** Puts the files of a package into a folder, by the order in which they come. */
function sinkIn({ path }: WorkFolder): AttachmentSink {
  let count = 0;
  return { needsSha256: true, nextPath: () => join(path, String(count++)), secure: () => {} };
}

/** In a student's folder: hashes as `sha256sum -c` reads them, and what each file is. */
const SUMS_NAME = 'SHA256SUMS.txt';
const MANIFEST_NAME = 'manifest.json';

interface ManifestFacts {
  readonly madeAt: Date;
  readonly school: School;
  /** The national id under the student's own key, which goes when the student is erased: the lists name nobody. */
  readonly student: string;
}

/** The lists of hashes that go with a student's own copy. */
function manifestFiles(laid: readonly Laid[], { madeAt, school, student }: ManifestFacts): NewFile[] {
  const files = laid.map(({ file: { path, name, bytes, sha256, md5, list, ref, title, slot }, record }) => ({
    ...{ path, name, bytes, sha256, md5, list, ref, title, slot },
    originSchoolCode: record.fields.originSchoolCode,
    ...(isCourseResult(record) && { courseCode: record.fields.courseCode, certification: record.fields.certification }),
  }));
  const manifest = { lpxManifest: 1, madeAt: madeAt.toISOString(), school, student, files };
  return [
    { name: SUMS_NAME, content: Buffer.from(files.map(({ sha256, path }) => `${sha256}  ${path}\n`).join('')) },
    { name: MANIFEST_NAME, content: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) },
  ];
}

/** A file that has just been written under another name. @throws LPX_FILE_CHANGED when somebody has changed it since */
const copyOf = ({ path, sha256 }: LaidFile, from: string): CopiedFile => ({
  name: path,
  copyTo: async (to) => {
    if ((await copyHashed(from, to)) !== sha256) throw new LpxError('LPX_FILE_CHANGED', { file: from });
  },
});

interface Planned {
  readonly basicData: BasicData;
  readonly laid: readonly { readonly file: LaidFile }[];
  readonly files: readonly (CopiedFile | NewFile)[];
}

/** Writes each student's files and their list into a folder of the student's own. */
async function writeFolders(
  students: readonly Planned[],
  { outFolder, listing, existing = 'keep' }: Target,
  within: (outFolder: string, publish: () => Promise<void>) => Promise<void>,
): Promise<StudentFolder[]> {
  const nameOf = distinctNames();
  const planned = students.map(({ basicData: { nationalId, name }, laid, files }) => {
    const folder = nameOf('', `${nationalId}_${name}`, '', FALLBACK);
    const list = laid.map(({ file }) => file);
    return {
      nationalId,
      name,
      folder,
      list,
      files: [listing(list), ...files].map((file) => ({ ...file, name: `${folder}/${file.name}` })),
    };
  });
  const all = planned.flatMap(({ files }) => files);
  if (existing === 'replace') refuseOthers(outFolder, all);
  const written = await writeFiles(outFolder, all, existing, { within: (publish) => within(outFolder, publish) });
  // They have their names now: what a killed process left of them is nobody's.
  await sweepParts(written);
  return planned.map(({ nationalId, name, folder, list }) => ({ nationalId, name, folder: join(outFolder, folder), files: list }));
}

const FALLBACK = 'files';

/** A file, where it goes, and the record that it is of. */
interface Laid {
  readonly file: LaidFile;
  readonly place: Place;
  readonly record: PortfolioRecord<StoredAttachment>;
}

/** Where each file of a student's records goes. */
function layOut(basicData: BasicData, records: readonly FiledRecord[]): Laid[] {
  const nameOf = distinctNames();
  return records.flatMap(({ record, ref }) =>
    SLOTS.flatMap((slot) => {
      const attachment = record[slot];
      if (!attachment) return [];
      const list = wireListOf(record.list);
      const schoolYear = schoolYearOf(termOfRecord(record));
      const folder = `${schoolYear}/${safeName(list.wire, '', FALLBACK)}`;
      const { stem, extension } = partsOf(attachment);
      const title = titleOf(record);
      const place = { ...studentPlace(basicData), list: list.wire, ...(ref !== '' && { ref }), title };
      return [
        {
          place: filePlace(place, list, slot, attachment.name),
          record,
          file: {
            nationalId: basicData.nationalId,
            student: basicData.name,
            schoolYear,
            list: list.wire,
            ref,
            title,
            slot,
            name: attachment.name,
            path: `${folder}/${nameOf(folder, stem, extension, title)}`,
            bytes: attachment.bytes,
            md5: attachment.md5,
            sha256: attachment.sha256,
          },
        },
      ];
    }),
  );
}

/** Other ways to write the extension of a type. */
const ALSO: Readonly<Record<string, readonly string[]>> = { jpg: ['jpeg', 'jpe', 'jfif'], mp4: ['m4v'] };

/** A file's own name, taken apart. Where it says another type than the content has, that of the content is added: it opens by it. */
export function partsOf({ name, type }: Pick<StoredAttachment, 'name' | 'type'>): { readonly stem: string; readonly extension: string } {
  const [own = ''] = /\.[0-9A-Za-z]{1,8}$/.exec(name) ?? [];
  const says = own === '' ? '' : extensionOf(name);
  const isRight = says === type || ALSO[type]?.includes(says) || (says !== '' && !SPEC_TYPES.has(type));
  if (isRight) return { stem: name.slice(0, name.length - own.length), extension: own };
  return { stem: name, extension: /^[0-9a-z]{1,8}$/.test(type) ? `.${type}` : '' };
}
