/**
 * The registers (名冊) in which a school submits what its students picked (docs/spec.md#registers): one workbook for course results,
 * one for multi-performances; a cover, then a sheet a list. Columns are those of the central database's own registers.
 */
import { type BasicData, isCourseResult, type ListName, type PortfolioRecord, type Slot, titleOf, wireListOf } from './portfolio.js';
import { hasTerm, parseTerm, rocDay } from './terms.js';

export type RegisterKind = 'courseResults' | 'multiPerformances';
/** Whole-year registers, or the two batches of a final year. */
export const REGISTER_BATCHES = ['year', 'final-1', 'final-2'] as const;
export type RegisterBatch = (typeof REGISTER_BATCHES)[number];

export interface RegisterForm {
  readonly kind: RegisterKind;
  readonly batch: RegisterBatch;
  /** Evening divisions (進修部) count periods, and have a register of their own for course results. */
  readonly evening: boolean;
}

export type Cell = string | number;

export interface RegisterSheet {
  readonly name: string;
  /** The first row has the titles. */
  readonly rows: readonly (readonly Cell[])[];
}

/** A sheet and the items in it, a row each. */
export interface FilledSheet<A = unknown> extends RegisterSheet {
  readonly items: readonly PickedItem<A>[];
}

export interface Register<A = unknown> {
  readonly name: string;
  /** 名冊別 */
  readonly number: string;
  readonly sheets: readonly FilledSheet<A>[];
}

/** A picked item and whose it is. */
export interface PickedItem<A = unknown> {
  readonly student: BasicData;
  readonly record: PortfolioRecord<A>;
  /** Whether another school sent it. */
  readonly received: boolean;
}

/** 名冊別 by batch (docs/spec.md#register-kinds). */
const NUMBERS: Readonly<Record<'courseResults' | 'multiPerformances' | 'eveningCourseResults', Readonly<Record<RegisterBatch, string>>>> = {
  courseResults: { year: '26', 'final-1': '36', 'final-2': '76' },
  eveningCourseResults: { year: '28', 'final-1': '38', 'final-2': '78' },
  multiPerformances: { year: '25', 'final-1': '35', 'final-2': '75' },
};

/** A column of a register's sheet: which field of a record stands in it. */
export interface RegisterColumn {
  /** As the central database's registers have it. */
  readonly title: string;
  /** The same in an evening division, where that is another. */
  readonly eveningTitle?: string;
  /** What else it is called by schools' systems. */
  readonly aliases: readonly string[];
  /** A field of the record, or of the student, by its name in code. */
  readonly field: string;
  /** What of the field stands in the column: of a term only the semester; of a certification only whether it is one. */
  readonly part?: 'semester' | 'yes';
}

/** A sheet of a register: one list of records, or those of its records that are of one kind. */
export interface RegisterSheetKind {
  readonly name: string;
  readonly list: ListName;
  /** Of a sheet of course results. */
  readonly of?: CourseSheet;
  /** After those of the student. */
  readonly columns: readonly RegisterColumn[];
}

type Fields = Readonly<Record<string, unknown>>;

const column = (title: string, field: string, ...aliases: readonly string[]): RegisterColumn => ({ title, field, aliases });
const semester = (title: string, field: string, ...aliases: readonly string[]): RegisterColumn => ({
  ...column(title, field, ...aliases),
  part: 'semester',
});

/** The first columns of every sheet. */
export const STUDENT_COLUMNS: readonly RegisterColumn[] = [column('身分證號', 'nationalId'), column('出生日期', 'birthDate')];

export type CourseSheet = 'term' | 'madeUp' | 'retaken' | 'repeated' | 'transfer' | 'borrowed';

const BRIEFS = ['簡述', '內容簡述', '成果簡述', '課程學習成果簡述'];
const courseBrief = column('成果簡述', 'brief', ...BRIEFS);
const brief = column('內容簡述', 'brief', ...BRIEFS);

/** The columns of a course under the titles of its sheet: `prefix` stands before them. */
const course = (prefix: string): readonly RegisterColumn[] => [
  column(`${prefix}課程代碼`, 'courseCode', '課程代碼', '課程碼'),
  column(`${prefix}科目名稱`, 'subjectName', '科目名稱', '科目', '課程名稱'),
  column(`${prefix}開課年級`, 'grade', '開課年級', '年級'),
  {
    ...column(`${prefix}修課學分`, 'credits', '修課學分', '學分數', '學分', '修課節數', '節數', `${prefix}修課節數`),
    eveningTitle: `${prefix}修課節數`,
  },
];

/** Those of one that another school gave. */
const elsewhere = (school: string, taken: string, prefix: string): readonly RegisterColumn[] => [
  column(school, 'originSchoolCode', '修課學校代碼', '學校代碼'),
  column(`${taken}學年度`, 'academicYear', '學年度', '修課學年度'),
  column(`${taken}學期`, 'semester', '學期', '修課學期'),
  ...course(prefix),
];

/** The sheets of the course results' register, in its order. */
export const COURSE_SHEETS: readonly (RegisterSheetKind & { readonly of: CourseSheet })[] = [
  {
    of: 'term',
    list: 'courseResults',
    name: '學期課程學習成果',
    columns: [column('實際修課學期', 'semester', '修課學期', '應修課學期', '學期'), ...course(''), courseBrief],
  },
  {
    of: 'madeUp',
    list: 'courseResults',
    name: '補修課程學習成果',
    columns: [
      column('應修課學年度', 'academicYear'),
      column('應修課學期', 'semester'),
      semester('實際修課學期', 'madeUpTerm', '補修學期', '學期'),
      ...course(''),
      column('補修方式', 'madeUpMode', '補修方式代碼'),
      courseBrief,
    ],
  },
  {
    of: 'retaken',
    list: 'courseResults',
    name: '重修課程學習成果',
    columns: [
      column('原修課學年度', 'academicYear', '應修課學年度'),
      column('原修課學期', 'semester', '應修課學期'),
      semester('實際修課學期', 'retakenTerm', '重修學期', '學期'),
      ...course('原修課'),
      column('重修方式', 'retakenMode', '重修方式代碼'),
      courseBrief,
    ],
  },
  {
    of: 'repeated',
    list: 'courseResults',
    name: '重讀課程學習成果',
    columns: [semester('實際修課學期', 'repeatedYearTerm', '重讀學期', '學期'), ...course(''), courseBrief],
  },
  {
    of: 'transfer',
    list: 'courseResults',
    name: '轉學轉科課程學習成果',
    columns: [...elsewhere('原修課學校代碼', '原修課', '原修課'), courseBrief],
  },
  {
    of: 'borrowed',
    list: 'courseResults',
    name: '借讀課程學習成果',
    columns: [...elsewhere('借讀學校代碼', '借讀修課', '借讀校'), courseBrief],
  },
];

/** Evening divisions have no sheets for these. */
const NOT_EVENING: ReadonlySet<CourseSheet> = new Set(['madeUp', 'retaken', 'repeated']);

const startDate = column('開始日期', 'startDate', '起始日期', '開始日', '起日');
const endDate = column('結束日期', 'endDate', '截止日期', '結束日', '迄日');

/** The sheets of the multi-performances' register, in its order. */
export const PERFORMANCE_SHEETS: readonly RegisterSheetKind[] = [
  {
    list: 'cadreDeeds',
    name: '幹部經歷暨事蹟紀錄',
    columns: [
      column('單位名稱', 'unitName', '單位', '班級社團名稱'),
      startDate,
      endDate,
      column('擔任職務', 'position', '擔任職務名稱', '職務', '職務名稱', '幹部職稱'),
      brief,
      column('幹部等級', 'cadreLevelCode', '幹部等級代碼'),
    ],
  },
  {
    list: 'competitions',
    name: '競賽參與紀錄',
    columns: [
      column('競賽名稱', 'competitionName', '比賽名稱'),
      column('項目', 'division', '競賽項目', '競賽項目組別', '項目組別', '組別'),
      column('競賽等級代碼', 'competitionLevelCode', '競賽等級', '等級', '比賽等級'),
      column('獎項', 'award', '競賽獎項', '名次', '得獎名次', '獎項名次'),
      column('結果公布日期', 'resultDate', '公布日期', '得獎日期', '競賽日期'),
      brief,
      column('團體參與代碼', 'participationCode', '團體或個人參與代碼', '團體參與', '團體或個人', '參與方式', '個人或團體'),
    ],
  },
  {
    list: 'certificates',
    name: '檢定證照紀錄',
    columns: [
      column('證照代碼', 'certificateCode', '檢定證照代碼', '證照名稱代碼'),
      column('註1', 'certificateTypeCode', '證照備註', '檢定證照類型代碼', '檢定證照類型', '證照類型', '證照類別', '註一'),
      column('分數', 'score', '檢定證照結果分數', '總分', '成績'),
      column('分項結果', 'partialResults', '分項成績'),
      column('取得證照日期', 'obtainedDate', '取得檢定證照日期', '取得日期', '發證日期', '生效日期'),
      column('證照字號', 'certificateNumber', '檢定證照字號', '證書字號', '證照號碼', '字號'),
      column('檢定組別', 'division', '檢定證照組別', '組別', '級別'),
      brief,
    ],
  },
  {
    list: 'serviceLearning',
    name: '服務學習紀錄',
    columns: [
      column('服務名稱', 'serviceName', '服務學習名稱', '服務內容名稱'),
      column('服務單位', 'organiser', '服務單位名稱', '服務學習單位'),
      startDate,
      endDate,
      column('時數', 'hours', '服務學習時數', '服務時數', '總時數'),
      brief,
    ],
  },
  {
    list: 'flexibleLearning',
    name: '彈性學習時間紀錄',
    columns: [
      column('彈性學習時間類別種類代碼', 'flexibleLearningCode', '彈性學習時間類別(種類)代碼', '彈性學習時間類別', '類別代碼', '種類代碼'),
      column('內容開設名稱', 'activityName', '內容(開設名稱)', '開設名稱', '內容名稱'),
      column('開設單位', 'organiser'),
      column('開設學年度', 'academicYear', '學年度'),
      column('開設學期', 'semester', '學期'),
      column('每週節數', 'periodsPerWeek', '每周節數'),
      column('開設週數', 'weeks', '週數', '開設周數'),
      brief,
    ],
  },
  {
    list: 'groupActivities',
    name: '團體活動時間紀錄',
    columns: [
      column('團體活動時間類別代碼', 'groupActivityCode', '團體活動時間類別', '團體活動類別', '類別代碼'),
      column('辦理單位', 'organiser', '主辦單位'),
      column('團體活動內容名稱', 'activityName', '內容名稱', '活動名稱', '團體活動名稱'),
      column('活動學年度', 'academicYear', '學年度'),
      column('活動學期', 'semester', '學期'),
      column('節數', 'periods', '總節數', '時數'),
      brief,
    ],
  },
  {
    list: 'workplaceLearning',
    name: '職場學習紀錄',
    columns: [
      column('職場學習類別代碼', 'workplaceLearningCode', '職場學習類別', '類別代碼'),
      column('職場學習單位', 'organiser', '學習單位', '實習單位'),
      column('職場學習職稱', 'position', '職稱'),
      startDate,
      endDate,
      column('時數', 'hours', '職場學習時數', '總時數'),
      brief,
    ],
  },
  {
    list: 'works',
    name: '作品成果紀錄',
    columns: [column('名稱', 'title', '作品名稱', '作品成果名稱'), column('日期', 'workDate', '作品日期', '完成日期'), brief],
  },
  {
    list: 'advancedCourses',
    name: '大學及技專校院先修課程紀錄',
    columns: [
      column('計畫專案', 'project', '計畫專案名稱', '計畫名稱', '專案名稱'),
      column('開設單位', 'organiser', '開課單位', '開設學校'),
      column('課程名稱', 'courseName', '先修課程名稱'),
      startDate,
      endDate,
      column('學分數', 'credits', '學分'),
      column('總時數', 'hours', '時數'),
      brief,
    ],
  },
  {
    list: 'otherPerformances',
    name: '其他多元表現紀錄',
    columns: [
      column('名稱', 'title', '活動名稱', '其他多元表現名稱'),
      column('主辦單位', 'organiser', '辦理單位'),
      startDate,
      endDate,
      column('時數', 'hours', '總時數'),
      brief,
    ],
  },
];

export const REGISTER_SHEETS: readonly RegisterSheetKind[] = [...COURSE_SHEETS, ...PERFORMANCE_SHEETS];

const ABROAD = ['外部連結', '外部影音', '影音連結', '影音網址', '連結網址', '網址'];
/** Columns that the central database's registers do not have, and that schools add to them; each for the lists that have its field. */
const ADDED: readonly RegisterColumn[] = [
  column('學校代碼', 'originSchoolCode', '修課學校代碼', '就讀學校代碼'),
  column('單位代碼', 'unitCode', '修課單位代碼', '就讀單位代碼'),
  column('學年度', 'academicYear', '學年', '應修課學年度', '修課學年度'),
  column('學期', 'semester', '應修課學期', '修課學期'),
  column('開課學期', 'gradeSemester'),
  column(
    '文件檔案',
    'documentLink',
    ...['文件', '文件檔名', '文件檔案連結', '課程學習成果文件檔案連結', '檔名', '檔案', '檔案名稱', '檔案連結'],
    ...['附件', '附件檔名', '附件檔案', '證明文件', '證明文件檔名', '證明文件連結', '作品成果連結', '成果檔案', '文件連結', '上傳檔案'],
  ),
  column('影音檔案', 'mediaLink', '影音', '影音檔', '影音檔名', '影音檔案連結', '課程學習成果影音檔案連結', '影片', '影片檔名'),
  column('外部影音連結', 'externalLink', ...ABROAD),
  { ...column('是否認證', 'certification', '認證', '已認證', '認證與否', '教師認證', '認證結果', '是否通過認證'), part: 'yes' },
  column('認證狀態', 'certification', '認證狀態代碼'),
  column('認證教師', 'certifiedBy', '認證者', '認證老師'),
  column('認證時間', 'certifiedAt', '認證日期'),
  column('送審時間', 'sentForReviewAt', '送審日期', '送認證時間'),
  column('認證說明', 'certificationNote'),
  column(
    '上傳學年度及學期',
    'uploadTerm',
    '本課程學習成果上傳學年度及學期',
    '本紀錄上傳學年度及學期',
    '本課程學習成果上傳',
    '本紀錄上傳',
    '上傳學期',
    '上傳',
  ),
  column('建立日期', 'createdAt', '建立日期及時間', '建立時間', '上傳時間', '上傳日期'),
];
/** A year and a semester in one cell. */
const TERM_COLUMN: RegisterColumn = column('學年度及學期', 'term', '學年期', '學年學期', '學年度學期', '修課學年度及學期', '學期別');

/** Every column that a sheet is read from: its own, and those that schools add. */
export function columnsOf({ list, columns }: RegisterSheetKind): readonly RegisterColumn[] {
  const fields = new Set(wireListOf(list).properties.map(({ name }) => name));
  const own = new Set(columns.filter(({ part }) => !part).map(({ field }) => field));
  return [...columns, ...ADDED.filter(({ field }) => fields.has(field) && !own.has(field)), TERM_COLUMN];
}

/**
 * The sheet of a course result. What another school gave goes under its school and its code: as borrowed study when it
 * was that, else as taken before the transfer.
 */
export function courseSheetOf({ record, received }: PickedItem, evening: boolean): CourseSheet | undefined {
  if (!isCourseResult(record)) return undefined;
  const { duringBorrowedStudy, beforeTransfer, retaken, madeUp, inRepeatedYear } = record.fields;
  if (received && duringBorrowedStudy) return 'borrowed';
  if (received || beforeTransfer) return 'transfer';
  const sheet = retaken ? 'retaken' : madeUp ? 'madeUp' : inRepeatedYear ? 'repeated' : 'term';
  return evening && NOT_EVENING.has(sheet) ? undefined : sheet;
}

/** A register of picked items. What the form has no sheet for is left out: `unplacedIn` says which. */
export function registerOf<A>(items: readonly PickedItem<A>[], form: RegisterForm, schoolCode: string, academicYear: number): Register<A> {
  const { kind, batch, evening } = form;
  const number = NUMBERS[kind === 'courseResults' && evening ? 'eveningCourseResults' : kind][batch];
  const name = kind === 'multiPerformances' ? '多元表現名冊' : evening ? '進修部課程學習成果名冊' : '課程學習成果名冊';
  const cover: FilledSheet<A> = {
    items: [],
    name: '封面',
    rows: [
      ['學校代碼', '學年度', '學期', '名冊別'],
      [schoolCode, academicYear, WHOLE_YEAR, number],
    ],
  };
  const sheets =
    kind === 'courseResults'
      ? COURSE_SHEETS.filter(({ of }) => !(evening && NOT_EVENING.has(of))).map((sheet) =>
          sheetOf(
            sheet,
            items.filter((item) => courseSheetOf(item, evening) === sheet.of),
            evening,
          ),
        )
      : PERFORMANCE_SHEETS.map((sheet) =>
          sheetOf(
            sheet,
            items.filter((item) => item.record.list === sheet.list),
            evening,
          ),
        );
  return { name, number, sheets: [cover, ...sheets] };
}

/** The cover's 學期 in a register of a whole year. */
const WHOLE_YEAR = 0;

/** Course results that an evening division's register has no sheet for. */
export const unplacedIn = <A>(items: readonly PickedItem<A>[], { kind, evening }: RegisterForm): readonly PickedItem<A>[] =>
  kind === 'courseResults' ? items.filter((item) => isCourseResult(item.record) && courseSheetOf(item, evening) === undefined) : [];

function sheetOf<A>(sheet: RegisterSheetKind, items: readonly PickedItem<A>[], evening: boolean): FilledSheet<A> {
  const titles = [...STUDENT_COLUMNS, ...sheet.columns].map(({ title, eveningTitle }) => (evening ? eveningTitle : undefined) ?? title);
  const rows = items.map(({ student, record }) => [
    ...STUDENT_COLUMNS.map((column) => cellOf(column, student as unknown as Fields)),
    ...sheet.columns.map((column) => cellOf(column, record.fields as unknown as Fields)),
  ]);
  return { name: sheet.name, items, rows: [titles, ...rows] };
}

/** Fields with a day, which registers write in ROC years. */
const DAYS: ReadonlySet<string> = new Set(['birthDate', 'startDate', 'endDate', 'resultDate', 'obtainedDate', 'workDate']);

function cellOf({ field, part }: RegisterColumn, fields: Fields): Cell {
  const value = fields[field];
  if (DAYS.has(field)) return rocDay(String(value));
  if (part !== 'semester') return value as Cell;
  // Of a term that is not known, the one in which the course was due.
  const term = String(value ?? '');
  return hasTerm(term) ? (parseTerm(term)?.semester ?? '') : (fields.semester as Cell);
}

/** The folder with the files of a register's items, by the register's own name. */
export const filesFolderOf = (name: string): string => `${name}_附件`;

const SLOT_WORDS: Readonly<Record<Slot, string>> = { document: '文件', media: '影音' };
/** The digits of a row, so that files sort as their rows do. */
const ROW_DIGITS = 3;

/** The name of an item's file, by the item's row: `003_林小禾_國語文`; of the two files of an item, which one. @param row from 0, without titles */
export function rowFileName({ student, record }: PickedItem, row: number, slot: Slot): string {
  // As spreadsheets number rows: the first one has the titles.
  const number = String(row + 2).padStart(ROW_DIGITS, '0');
  const both = record.document !== null && record.media !== null;
  return [number, student.name, titleOf(record), ...(both ? [SLOT_WORDS[slot]] : [])].join('_');
}
