/**
 * The sheets that `lpx load` reads: lists of students, and registers of records. Each kind is data: its columns with the titles that
 * schools' systems give them, and for registers how a row becomes a record on the wire.
 */
import { plainCode } from '../plain-text.js';
import type { JsonObject, ListName } from '../spec/portfolio.js';

export interface SheetColumn {
  /** By which the code knows it; unique in its kind. */
  readonly name: string;
  /** As lpx writes it, and as messages call it. */
  readonly title: string;
  /** What else systems call it. Blanks, line breaks, width and case make no difference (`plainTitle`), nor does what stands in brackets. */
  readonly aliases: readonly string[];
  /** Whether a sheet must have the column, and each row a value in it. */
  readonly required: boolean;
}

/** The cells of a row by column name, trimmed; a column that the sheet does not have is not there. */
export type RowCells = Readonly<Record<string, string>>;

export type CellProblem =
  | 'missing'
  | 'date'
  | 'number'
  | 'code'
  | 'term'
  | 'yesOrNo'
  | 'nationalId'
  | 'schoolCode'
  | 'lostZeros'
  | 'tooLong';

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
   * Properties by their names on the wire, without those that all records of a student share (national id, birth date); undefined where
   * an error makes it none. Links are file names, or paths in the folder of attachments, as the cells have them.
   */
  readonly record: JsonObject | undefined;
  readonly faults: readonly CellFault[];
}

/** A register: each row is a record of one list. Has the columns `nationalId` and (not required) `birthDate`. */
export interface RegisterKind extends Sheet {
  readonly kind: 'register';
  readonly list: ListName;
  rowToRecord(cells: RowCells, terms: RegisterTerms): RegisterRow;
}

export type SheetKind = StudentListKind | RegisterKind;

/** A title as it is compared: narrow, in capitals, without blanks, line breaks, marks of what is required, and what stands in brackets. */
export function plainTitle(title: string): string {
  const plain = plainCode(title.slice(0, TITLE_CHARACTERS)).normalize('NFKC').toUpperCase();
  const bare = plain.replace(/[\s*:_\p{Cf}]/gu, '');
  return bare.replace(/[([【〔][^)\]】〕]*[)\]】〕]/g, '') || bare;
}

/** Longer than any title; a text from outside may be of any length. */
const TITLE_CHARACTERS = 200;

export const NATIONAL_ID_COLUMN: SheetColumn = {
  name: 'nationalId',
  title: '身分證號',
  aliases: [
    '身分證字號',
    '身份證字號',
    '身份證號',
    '身分證號碼',
    '身份證號碼',
    '身分證',
    '身份證',
    '身分證統一編號',
    '身份證統一編號',
    '國民身分證統一編號',
    '國民身份證統一編號',
    '國民身分證統一編號(或居留證統一證號)',
    '身分證統編',
    '統一編號',
    '學生身分證號',
    '學生身分證字號',
    '身分證字號/居留證號',
    '身分證號/居留證號',
    '居留證號',
    '居留證統一證號',
    'ID',
    'IDNO',
    'NATIONALID',
  ],
  required: true,
};

export const BIRTH_DATE_COLUMN: SheetColumn = {
  name: 'birthDate',
  title: '出生日期',
  aliases: ['生日', '出生年月日', '學生出生年月日', '學生生日', '出生日', '西元生日', '民國生日', 'BIRTHDAY', 'BIRTHDATE', 'DATEOFBIRTH'],
  required: false,
};

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
export const SHEET_KINDS: readonly SheetKind[] = [STUDENT_LIST];
