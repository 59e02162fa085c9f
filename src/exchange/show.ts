/** Shows a student of the store, or the students of a package. */

import { LpxError } from '../errors.js';
import { CHECK_ONLY } from '../package/attachments.js';
import { readDirectory } from '../package/reader.js';
import {
  type BasicData,
  isCourseResult,
  type OwedFile,
  type Portfolio,
  type PortfolioRecord,
  SLOTS,
  type Slot,
  termOfRecord,
  titleOf,
  wireListOf,
} from '../spec/portfolio.js';
import type { ValueRepair } from '../spec/repair.js';
import type { SeenContents } from '../spec/seen-contents.js';
import { refOf } from '../store/records/pickable-items.js';
import { type RecordVersion, versionsIn } from '../store/records/record-versions.js';
import { showTo } from '../store/records/seen-files.js';
import type { Provenance, RollEntry, Store, StoredAttachment } from '../store/store.js';
import { studentMeant } from '../store/students.js';
import { readPackage, type VerificationReport, type VerifyRequest } from './verify.js';

export type { RecordVersion } from '../store/records/record-versions.js';

export interface FileView {
  readonly slot: Slot;
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
  readonly md5: string;
  /** Whether the store has lost it: `lpx recover` brings it back. Where the storage cannot be asked, nothing is said. */
  readonly lost?: boolean;
}

export interface RecordView {
  /** The list, by its name on the wire. */
  readonly list: string;
  readonly title: string;
  readonly courseCode: string;
  readonly originSchoolCode: string;
  readonly term: string;
  /** As the spec's code table has it; empty for records that are not course results. */
  readonly certification: string;
  readonly provenance: Provenance | 'package';
  /** Its reference in the store: `O12`, `R5`; empty in a package. */
  readonly ref: string;
  /** Undefined of a record that is there in one form only. */
  readonly version?: RecordVersion | undefined;
  readonly files: readonly FileView[];
  /** Files that it is owed. */
  readonly owed: readonly OwedFile[];
  /** What was repaired of it when it came. */
  readonly repairs: readonly ValueRepair[];
}

export interface StudentView {
  readonly basicData: BasicData;
  /** The school the student is at: of one in the store, the store's own. */
  readonly schoolCode: string;
  /** The school that a student of the store came from, with a package; empty for one from here. */
  readonly cameFrom: string;
  /** Of a student of the store, what lists say. */
  readonly roll?: RollEntry | undefined;
  /** Whether only a list has named the student so far. */
  readonly listed: boolean;
  readonly records: readonly RecordView[];
}

/**
 * @param who a national id, a part of it, or a name
 * @param seen collects the student for a report
 * @throws LPX_STUDENT_NOT_FOUND, LPX_STUDENTS_FIT
 */
export async function showStudent(store: Store, who: string, seen?: SeenContents): Promise<StudentView> {
  const { basicData, extras, roll, listed, records } = await studentMeant(store, who);
  await showTo(seen, store, { basicData, extras, records: records.map(({ record }) => record) });
  const schoolCode = store.school.code;
  const versions = versionsIn(records);
  const lost = await lostOf(
    store,
    records.map(({ record }) => record),
  );
  return {
    basicData,
    schoolCode,
    cameFrom: basicData.schoolCode === schoolCode ? '' : basicData.schoolCode,
    roll,
    listed,
    records: records.map((stored) => ({
      ...viewOf(stored.record, stored.provenance, lost),
      ref: refOf(stored),
      version: versions.get(stored),
    })),
  };
}

/** Which of the files the store has lost, by SHA-256. Records are shown also when their storage cannot be asked. */
async function lostOf({ attachments }: Store, records: readonly PortfolioRecord<StoredAttachment>[]): Promise<ReadonlySet<string>> {
  const contents = new Set(records.flatMap((record) => SLOTS.flatMap((slot) => record[slot]?.sha256 ?? [])));
  return attachments.lost([...contents]).catch((error) => {
    if (error instanceof LpxError) return NONE;
    throw error;
  });
}

const NONE: ReadonlySet<string> = new Set();

/** Verifies a package and shows its content; nothing when it is refused. @throws as `readPackage` */
export async function showPackage(
  request: VerifyRequest,
): Promise<{ readonly report: VerificationReport; readonly students: readonly StudentView[] }> {
  const { report, portfolios } = await readPackage(request, CHECK_ONLY);
  const view = ({ basicData, records }: Portfolio<StoredAttachment>) => ({
    basicData,
    schoolCode: basicData.schoolCode,
    cameFrom: '',
    listed: false,
    records: records.map((record) => viewOf(record, 'package')),
  });
  return { report, students: portfolios.map(view) };
}

/** One line of a package's table of contents, which needs no password. */
export interface ListedEntry {
  readonly name: string;
  readonly bytes: number;
  readonly encryption: string;
}

/** @throws as `readDirectory` */
export async function listPackage(zipFile: string): Promise<ListedEntry[]> {
  return (await readDirectory(zipFile)).entries.map(({ name, size, encryption }) => ({ name, bytes: size, encryption }));
}

function viewOf(record: PortfolioRecord<StoredAttachment>, provenance: RecordView['provenance'], lost = NONE): RecordView {
  const course = isCourseResult(record) ? record.fields : undefined;
  return {
    list: wireListOf(record.list).wire,
    title: titleOf(record),
    courseCode: course?.courseCode ?? '',
    originSchoolCode: record.fields.originSchoolCode,
    term: termOfRecord(record),
    certification: course?.certification ?? '',
    provenance,
    ref: '',
    files: SLOTS.flatMap((slot) => {
      const attachment = record[slot];
      if (!attachment) return [];
      const { name, type, bytes, md5, sha256 } = attachment;
      return [{ slot, name, type, bytes, md5, ...(lost.has(sha256) && { lost: true }) }];
    }),
    owed: record.owed ?? [],
    repairs: record.repairs ?? [],
  };
}
