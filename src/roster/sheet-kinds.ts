/**
 * The sheets that `lpx load` reads: lists of students, and registers of records. Each kind is data: its columns with the titles that
 * schools' systems give them, and for registers how a row becomes a record on the wire.
 */
import type { JsonObject, ListName } from '../spec/portfolio.js';
import { REGISTER_KINDS } from './register-kinds.js';
import { BIRTH_DATE_COLUMN, NATIONAL_ID_COLUMN, type SheetColumn } from './sheet-columns.js';

export { plainTitle, type SheetColumn } from './sheet-columns.js';

/** The cells of a row by column name, trimmed; a column that the sheet does not have is not there. */
export type RowCells = Readonly<Record<string, string>>;

export type CellProblem =
  | 'missing'
  | 'date'
  | 'day'
  | 'number'
  | 'code'
  | 'term'
  | 'yesOrNo'
  | 'nationalId'
  | 'otherId'
  | 'isId'
  | 'name'
  | 'unseen'
  | 'lost'
  | 'excelError'
  | 'odd'
  | 'checksum'
  | 'schoolCode'
  | 'lostZeros'
  | 'tooLong'
  | 'unknown'
  | 'birthDate';

/** A cell that is wrong, or was put right. */
export interface CellFault {
  /** The column's name. */
  readonly column: string;
  readonly problem: CellProblem;
  /** A warning where the value was used all the same. */
  readonly severity: 'error' | 'warning';
}

interface Sheet {
  /** The sheet's name in a workbook that lpx writes; one with this name, or an alias, is taken for this kind when titles fit several. */
  readonly title: string;
  readonly aliases: readonly string[];
  readonly columns: readonly SheetColumn[];
}

/** A list of students: it fills the roll. */
export interface StudentListKind extends Sheet {
  readonly kind: 'students';
}

/** What a register's rows leave open. */
export interface RegisterTerms {
  /** Of the store's school. */
  readonly schoolCode: string;
  /** ROC school year of the workbook's cover sheet (封面), or as the command line gave it; undefined when nobody says. */
  readonly academicYear: number | undefined;
  /** The clerk says that all course results are certified. */
  readonly certified: boolean;
}

/** A row as a record of the exchange document, with the faults of its cells. */
export interface RegisterRow {
  /**
   * Properties by their names on the wire, without those that all records of a student share (national id, birth date), and without
   * those of cells that are wrong. Links are file names, or paths in the folder of attachments, as the cells have them.
   */
  readonly record: JsonObject;
  /** Properties of the record that the row does not say, worked out from its days or the cover: a stored record that fits knows better. */
  readonly assumed: readonly string[];
  readonly faults: readonly CellFault[];
}

/** A register: each row is a record of one list. Has the columns `nationalId` and (not required) `birthDate`. */
export interface RegisterKind extends Sheet {
  readonly kind: 'register';
  readonly list: ListName;
  rowToRecord(cells: RowCells, terms: RegisterTerms): RegisterRow;
}

export type SheetKind = StudentListKind | RegisterKind;

export const STUDENT_LIST: StudentListKind = {
  kind: 'students',
  title: '學生名單',
  aliases: ['學生名冊', '學生資料', '學生基本資料', '名單', '新生名單', '轉入生名單', '學生'],
  columns: [
    {
      name: 'studentNumber',
      title: '學號',
      aliases: ['學生學號', '學號碼', '學籍號', '學籍號碼', 'STUDENTID', 'STUDENTNO', 'STUDENTNUMBER'],
      required: false,
    },
    NATIONAL_ID_COLUMN,
    {
      name: 'name',
      title: '姓名',
      aliases: ['學生姓名', '中文姓名', '學生中文姓名', '學生', '名字', 'NAME', 'STUDENTNAME'],
      required: true,
    },
    BIRTH_DATE_COLUMN,
    { name: 'class', title: '班級', aliases: ['班別', '班級名稱', '就讀班級', '目前班級', '班', 'CLASS', 'CLASSNAME'], required: false },
    { name: 'seat', title: '座號', aliases: ['班級座號', '號次', '座位號碼', '座', 'SEAT', 'SEATNO'], required: false },
  ],
};

/** All kinds of sheets, the most telling first: of two that fit a row of titles alike, the sheet's name decides, then the order here. */
export const SHEET_KINDS: readonly SheetKind[] = [...REGISTER_KINDS, STUDENT_LIST];
