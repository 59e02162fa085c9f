/** What the rows of new students and records are made of. */
import type { Selectable } from 'kysely';
import type { NewRecord, RollEntry, RollStudent } from './store.js';
import type { RecordTable } from './tables.js';

/** The columns of a student who is new to the roll, but for the key. */
export type NewStudentRow = ReturnType<typeof newStudentRow>;

interface NewStudent extends Pick<RollStudent, 'basicData' | 'extras' | 'roll'> {
  readonly listed: 0 | 1;
}

export const newStudentRow = ({ basicData, extras, roll, listed }: NewStudent) => ({
  national_id: basicData.nationalId,
  basic_data: JSON.stringify(basicData),
  extras: JSON.stringify(extras),
  extended_years: 0,
  left_as: '' as const,
  left_on: '',
  listed,
  ...rollColumns(roll),
});

export const NO_ROLL_ENTRY: RollEntry = { studentNumber: '', className: '', seat: '' };

/** What lists say of a student. */
export const rollColumns = ({ studentNumber, className, seat }: RollEntry) => ({
  student_number: studentNumber,
  class_name: className,
  seat,
});

/** What a record says, and which files it has. */
export function columnsOf({
  record,
  key,
  content,
}: NewRecord): Omit<Selectable<RecordTable>, 'id' | 'student_id' | 'history_id' | 'removed_by' | 'seal'> {
  return {
    list: record.list,
    record_key: key,
    content,
    origin_school_code: record.fields.originSchoolCode,
    course_code: record.list === 'courseResults' ? record.fields.courseCode : '',
    fields: JSON.stringify(record.fields),
    extras: JSON.stringify(record.extras),
    document_sha256: record.document?.sha256 ?? null,
    document_name: record.document?.name ?? '',
    document_type: record.document?.type ?? '',
    media_sha256: record.media?.sha256 ?? null,
    media_name: record.media?.name ?? '',
    media_type: record.media?.type ?? '',
    owed: record.owed?.length ? JSON.stringify(record.owed) : '',
    repairs: record.repairs?.length ? JSON.stringify(record.repairs) : '',
  };
}
