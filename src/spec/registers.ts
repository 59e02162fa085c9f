/**
 * The registers (名冊) in which a school submits what its students picked (docs/spec.md#registers): one workbook for course results,
 * one for multi-performances; a cover, then a sheet a list. Columns are those of the central database's own registers.
 */
import type { BasicData, ListName, PortfolioRecord } from './portfolio.js';
import { isCourseResult } from './portfolio.js';
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

export interface Register {
  readonly name: string;
  /** 名冊別 */
  readonly number: string;
  readonly sheets: readonly RegisterSheet[];
}

/** A picked item and whose it is. */
export interface PickedItem {
  readonly student: BasicData;
  readonly record: PortfolioRecord<unknown>;
  /** Whether another school sent it. */
  readonly received: boolean;
}

/** 名冊別 by batch (docs/spec.md#register-kinds). */
const NUMBERS: Readonly<Record<'courseResults' | 'multiPerformances' | 'eveningCourseResults', Readonly<Record<RegisterBatch, string>>>> = {
  courseResults: { year: '26', 'final-1': '36', 'final-2': '76' },
  eveningCourseResults: { year: '28', 'final-1': '38', 'final-2': '78' },
  multiPerformances: { year: '25', 'final-1': '35', 'final-2': '75' },
};

type Fields = Readonly<Record<string, unknown>>;
type Column = readonly [title: string, value: (fields: Fields, item: PickedItem) => Cell];

const field =
  (name: string) =>
  (fields: Fields): Cell =>
    fields[name] as Cell;
const day =
  (name: string) =>
  (fields: Fields): Cell =>
    rocDay(String(fields[name]));
/** The semester of a stored term, or the one in which the course was due. */
const semesterOf =
  (name: string) =>
  (fields: Fields): Cell => {
    const term = String(fields[name] ?? '');
    return hasTerm(term) ? (parseTerm(term)?.semester ?? '') : (fields.semester as Cell);
  };

const STUDENT: readonly Column[] = [
  ['身分證號', (_, { student }) => student.nationalId],
  ['出生日期', (_, { student }) => rocDay(student.birthDate)],
];

type CourseSheet = 'term' | 'madeUp' | 'retaken' | 'repeated' | 'transfer' | 'borrowed';

/** The columns of a course that another school gave, under the titles of its sheet. */
const elsewhere = (school: string, year: string, course: string, credits: string): readonly Column[] => [
  [school, field('originSchoolCode')],
  [`${year}學年度`, field('academicYear')],
  [`${year}學期`, field('semester')],
  [`${course}課程代碼`, field('courseCode')],
  [`${course}科目名稱`, field('subjectName')],
  [`${course}開課年級`, field('grade')],
  [`${course}修課${credits}`, field('credits')],
];

/** Sheets of the course results' register, in its order. `credits` is 學分, in evening divisions 節數. */
const courseSheets = (
  credits: string,
): readonly { readonly of: CourseSheet; readonly name: string; readonly columns: readonly Column[] }[] => {
  const own: readonly Column[] = [
    ['課程代碼', field('courseCode')],
    ['科目名稱', field('subjectName')],
    ['開課年級', field('grade')],
    [`修課${credits}`, field('credits')],
  ];
  const brief: Column = ['成果簡述', field('brief')];
  return [
    { of: 'term', name: '學期課程學習成果', columns: [['實際修課學期', field('semester')], ...own, brief] },
    {
      of: 'madeUp',
      name: '補修課程學習成果',
      columns: [
        ['應修課學年度', field('academicYear')],
        ['應修課學期', field('semester')],
        ['實際修課學期', semesterOf('madeUpTerm')],
        ...own,
        ['補修方式', field('madeUpMode')],
        brief,
      ],
    },
    {
      of: 'retaken',
      name: '重修課程學習成果',
      columns: [
        ['原修課學年度', field('academicYear')],
        ['原修課學期', field('semester')],
        ['實際修課學期', semesterOf('retakenTerm')],
        ['原修課課程代碼', field('courseCode')],
        ['原修課科目名稱', field('subjectName')],
        ['原修課開課年級', field('grade')],
        [`原修課修課${credits}`, field('credits')],
        ['重修方式', field('retakenMode')],
        brief,
      ],
    },
    { of: 'repeated', name: '重讀課程學習成果', columns: [['實際修課學期', semesterOf('repeatedYearTerm')], ...own, brief] },
    { of: 'transfer', name: '轉學轉科課程學習成果', columns: [...elsewhere('原修課學校代碼', '原修課', '原修課', credits), brief] },
    { of: 'borrowed', name: '借讀課程學習成果', columns: [...elsewhere('借讀學校代碼', '借讀修課', '借讀校', credits), brief] },
  ];
};

/** Evening divisions have no sheets for these. */
const NOT_EVENING: ReadonlySet<CourseSheet> = new Set(['madeUp', 'retaken', 'repeated']);

const PERFORMANCE_SHEETS: readonly { readonly list: ListName; readonly name: string; readonly columns: readonly Column[] }[] = [
  {
    list: 'cadreDeeds',
    name: '幹部經歷暨事蹟紀錄',
    columns: [
      ['單位名稱', field('unitName')],
      ['開始日期', day('startDate')],
      ['結束日期', day('endDate')],
      ['擔任職務', field('position')],
      ['內容簡述', field('brief')],
      ['幹部等級', field('cadreLevelCode')],
    ],
  },
  {
    list: 'competitions',
    name: '競賽參與紀錄',
    columns: [
      ['競賽名稱', field('competitionName')],
      ['項目', field('division')],
      ['競賽等級代碼', field('competitionLevelCode')],
      ['獎項', field('award')],
      ['結果公布日期', day('resultDate')],
      ['內容簡述', field('brief')],
      ['團體參與代碼', field('participationCode')],
    ],
  },
  {
    list: 'certificates',
    name: '檢定證照紀錄',
    columns: [
      ['證照代碼', field('certificateCode')],
      ['註1', field('certificateTypeCode')],
      ['分數', field('score')],
      ['分項結果', field('partialResults')],
      ['取得證照日期', day('obtainedDate')],
      ['證照字號', field('certificateNumber')],
      ['檢定組別', field('division')],
      ['內容簡述', field('brief')],
    ],
  },
  {
    list: 'serviceLearning',
    name: '服務學習紀錄',
    columns: [
      ['服務名稱', field('serviceName')],
      ['服務單位', field('organiser')],
      ['開始日期', day('startDate')],
      ['結束日期', day('endDate')],
      ['時數', field('hours')],
      ['內容簡述', field('brief')],
    ],
  },
  {
    list: 'flexibleLearning',
    name: '彈性學習時間紀錄',
    columns: [
      ['彈性學習時間類別種類代碼', field('flexibleLearningCode')],
      ['內容開設名稱', field('activityName')],
      ['開設單位', field('organiser')],
      ['開設學年度', field('academicYear')],
      ['開設學期', field('semester')],
      ['每週節數', field('periodsPerWeek')],
      ['開設週數', field('weeks')],
      ['內容簡述', field('brief')],
    ],
  },
  {
    list: 'groupActivities',
    name: '團體活動時間紀錄',
    columns: [
      ['團體活動時間類別代碼', field('groupActivityCode')],
      ['辦理單位', field('organiser')],
      ['團體活動內容名稱', field('activityName')],
      ['活動學年度', field('academicYear')],
      ['活動學期', field('semester')],
      ['節數', field('periods')],
      ['內容簡述', field('brief')],
    ],
  },
  {
    list: 'workplaceLearning',
    name: '職場學習紀錄',
    columns: [
      ['職場學習類別代碼', field('workplaceLearningCode')],
      ['職場學習單位', field('organiser')],
      ['職場學習職稱', field('position')],
      ['開始日期', day('startDate')],
      ['結束日期', day('endDate')],
      ['時數', field('hours')],
      ['內容簡述', field('brief')],
    ],
  },
  {
    list: 'works',
    name: '作品成果紀錄',
    columns: [
      ['名稱', field('title')],
      ['日期', day('workDate')],
      ['內容簡述', field('brief')],
    ],
  },
  {
    list: 'advancedCourses',
    name: '大學及技專校院先修課程紀錄',
    columns: [
      ['計畫專案', field('project')],
      ['開設單位', field('organiser')],
      ['課程名稱', field('courseName')],
      ['開始日期', day('startDate')],
      ['結束日期', day('endDate')],
      ['學分數', field('credits')],
      ['總時數', field('hours')],
      ['內容簡述', field('brief')],
    ],
  },
  {
    list: 'otherPerformances',
    name: '其他多元表現紀錄',
    columns: [
      ['名稱', field('title')],
      ['主辦單位', field('organiser')],
      ['開始日期', day('startDate')],
      ['結束日期', day('endDate')],
      ['時數', field('hours')],
      ['內容簡述', field('brief')],
    ],
  },
];

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
export function registerOf(items: readonly PickedItem[], form: RegisterForm, schoolCode: string, academicYear: number): Register {
  const { kind, batch, evening } = form;
  const number = NUMBERS[kind === 'courseResults' && evening ? 'eveningCourseResults' : kind][batch];
  const name = kind === 'multiPerformances' ? '多元表現名冊' : evening ? '進修部課程學習成果名冊' : '課程學習成果名冊';
  const cover: RegisterSheet = {
    name: '封面',
    rows: [
      ['學校代碼', '學年度', '學期', '名冊別'],
      [schoolCode, academicYear, WHOLE_YEAR, number],
    ],
  };
  const sheets =
    kind === 'courseResults'
      ? courseSheets(evening ? '節數' : '學分')
          .filter(({ of }) => !(evening && NOT_EVENING.has(of)))
          .map(({ of, name, columns }) =>
            sheetOf(
              name,
              columns,
              items.filter((item) => courseSheetOf(item, evening) === of),
            ),
          )
      : PERFORMANCE_SHEETS.map(({ list, name, columns }) =>
          sheetOf(
            name,
            columns,
            items.filter((item) => item.record.list === list),
          ),
        );
  return { name, number, sheets: [cover, ...sheets] };
}

/** The cover's 學期 in a register of a whole year. */
const WHOLE_YEAR = 0;

/** Course results that an evening division's register has no sheet for. */
export const unplacedIn = (items: readonly PickedItem[], { kind, evening }: RegisterForm): readonly PickedItem[] =>
  kind === 'courseResults' ? items.filter((item) => isCourseResult(item.record) && courseSheetOf(item, evening) === undefined) : [];

function sheetOf(name: string, own: readonly Column[], items: readonly PickedItem[]): RegisterSheet {
  const columns = [...STUDENT, ...own];
  const row = (item: PickedItem) => columns.map(([, value]) => value(item.record.fields as unknown as Fields, item));
  return { name, rows: [columns.map(([title]) => title), ...items.map(row)] };
}
