/**
 * What happens to a learning portfolio when a student's status changes: the tables of the guide's part FOUR
 * (學生學籍異動之學生學習歷程檔案處理原則), its footnote on who exports, and its page on when data are exchanged.
 */
import { type Day, lastDayOf, schoolYearOf } from './terms.js';

/** `suspension` is to leave for a while and come back; `experimental` to change to or from experimental education. */
export const STATUS_CHANGES = ['transfer', 'borrowed-study', 'experimental', 'suspension', 'repeat'] as const;
export type StatusChange = (typeof STATUS_CHANGES)[number];

/** The status changes that bring an exchange. */
export const EXCHANGE_REASONS = ['transfer', 'borrowed-study', 'experimental'] as const satisfies readonly StatusChange[];
export type ExchangeReason = (typeof EXCHANGE_REASONS)[number];

/** The reasons of an export after which the student is no longer at the school. */
export const LEAVING_REASONS: readonly ExchangeReason[] = ['transfer', 'experimental'];

/** Who acts. `school` is the only one there is; old and new one in a transfer; host and home in borrowed study. */
export type Actor = 'school' | 'oldSchool' | 'newSchool' | 'bothSchools' | 'hostSchool' | 'homeSchool' | 'student' | 'teacher' | 'nobody';

export const PORTFOLIO_ITEMS = ['basicData', 'courseRecords', 'courseResults', 'multiPerformances'] as const;
export type PortfolioItem = (typeof PORTFOLIO_ITEMS)[number];

/** One row of a table of the guide. */
export interface Duties {
  /** Who records or, for the student's own work, uploads it. */
  readonly records: Actor;
  /** Who certifies it. */
  readonly certifies: Actor;
  /** Who exports it to whom, when the change falls within a school year. */
  readonly exports: Actor;
  readonly imports: Actor;
  /** Who submits it to the central database. */
  readonly submits: Actor;
}

/** A page of the guide, by the title it has there. */
export type Source = keyof typeof GUIDE_PAGES;

export const GUIDE_PAGES = {
  transfer: '學生學籍異動之學生學習歷程檔案處理原則：轉學處理原則',
  'borrowed-study': '學生學籍異動之學生學習歷程檔案處理原則：借讀處理原則',
  suspension: '學生學籍異動之學生學習歷程檔案處理原則：休學後復學處理原則',
  repeat: '學生學籍異動之學生學習歷程檔案處理原則：重讀處理原則',
  responsible: '學生學籍異動之學生學習歷程檔案權責學校/人員',
  timing: '學生學習歷程檔案資料交換時機',
  flow: '第1學期結束後轉學[匯出/匯入]流程',
} as const;

const nobodyElse = { certifies: 'nobody', exports: 'nobody', imports: 'nobody' } as const;
const ownWork = { records: 'student', certifies: 'teacher' } as const;
const uploaded = { records: 'student', certifies: 'nobody' } as const;

/** Within one school, everything stays on its platform. */
const oneSchool: Readonly<Record<PortfolioItem, Duties>> = {
  basicData: { records: 'school', submits: 'school', ...nobodyElse },
  courseRecords: { records: 'school', submits: 'school', ...nobodyElse },
  courseResults: { ...ownWork, exports: 'nobody', imports: 'nobody', submits: 'school' },
  multiPerformances: { ...uploaded, exports: 'nobody', imports: 'nobody', submits: 'school' },
};

const betweenSchools: Readonly<Record<PortfolioItem, Duties>> = {
  basicData: { records: 'bothSchools', submits: 'bothSchools', ...nobodyElse },
  courseRecords: { records: 'oldSchool', submits: 'oldSchool', ...nobodyElse },
  courseResults: { ...ownWork, exports: 'oldSchool', imports: 'newSchool', submits: 'newSchool' },
  multiPerformances: { ...uploaded, exports: 'oldSchool', imports: 'newSchool', submits: 'newSchool' },
};

/** Once the school year is over, it was the old school's to the end (guide part FOUR, 學生學習歷程檔案資料交換時機). */
export const AFTER_THE_YEAR: Readonly<Record<PortfolioItem, Duties>> = {
  ...betweenSchools,
  courseResults: { ...ownWork, exports: 'nobody', imports: 'nobody', submits: 'oldSchool' },
  multiPerformances: { ...uploaded, exports: 'nobody', imports: 'nobody', submits: 'oldSchool' },
};

/** The guide's matrix: status change by item. */
export const DUTIES: Readonly<Record<StatusChange, Readonly<Record<PortfolioItem, Duties>>>> = {
  transfer: betweenSchools,
  // The guide names it only where it says when data are exchanged: as in a transfer.
  experimental: betweenSchools,
  'borrowed-study': {
    basicData: { records: 'homeSchool', submits: 'homeSchool', ...nobodyElse },
    courseRecords: { records: 'homeSchool', submits: 'homeSchool', ...nobodyElse },
    courseResults: { ...ownWork, exports: 'hostSchool', imports: 'homeSchool', submits: 'homeSchool' },
    multiPerformances: { ...uploaded, exports: 'hostSchool', imports: 'homeSchool', submits: 'homeSchool' },
  },
  suspension: oneSchool,
  repeat: oneSchool,
};

/**
 * Whether a student who left on a day left after the school year of these records had ended: then what was to be
 * picked and submitted was picked and submitted at the old school, and nothing is exchanged. A borrowed term is
 * exchanged whenever it ends.
 * @param newestTerm the newest term of the records
 */
export const endedBefore = (change: StatusChange, newestTerm: string, left: Day): boolean =>
  change !== 'borrowed-study' && left > lastDayOf(schoolYearOf(newestTerm));

/** How students leave for good: to another school (轉出), or with their studies done (畢業). */
export const LEFT_AS = ['transferred', 'graduated'] as const;
export type LeftAs = (typeof LEFT_AS)[number];
