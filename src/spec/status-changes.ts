/**
 * What happens to a learning portfolio when a student's status changes: the tables of the guide's part FOUR
 * (學生學籍異動之學生學習歷程檔案處理原則), its footnote on who exports, and its page on when data are exchanged.
 */
import { type AcademicTerm, type Day, isInSummer, lastDayOf, schoolYearOf, termOf, termOn, termTaughtBy } from './terms.js';

/** `suspension` is to leave for a while and come back; `experimental` to change to or from experimental education. */
export const STATUS_CHANGES = ['transfer', 'borrowed-study', 'experimental', 'suspension', 'repeat'] as const;
export type StatusChange = (typeof STATUS_CHANGES)[number];

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
const afterTheYear: Readonly<Record<PortfolioItem, Duties>> = {
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

/** What the schools do next, in order; `messages/` has the sentence of each. */
export type Step =
  | 'hostTellsGrades'
  | 'exportCertified'
  | 'exportUploaded'
  | 'sendPasswordApart'
  | 'verifyThenImport'
  | 'keepCourseCodes'
  | 'keepApart'
  | 'pickAtYearEnd'
  | 'pickUncredited'
  | 'submitNew'
  | 'submitHome'
  | 'pickedAtOld'
  | 'submitPicked'
  | 'pickAfterReturn'
  | 'pickHere'
  | 'repeatGrades'
  | 'creditGrades'
  | 'summer';

/** The answer to a clerk's question. */
export interface Advice {
  readonly change: StatusChange;
  readonly left: Day;
  /** The term of the last lessons, by the calendar of two semesters. */
  readonly term: AcademicTerm;
  readonly exchange: boolean;
  /** Why, in a word that `messages/` has a sentence for. */
  readonly why: 'withinYear' | 'afterYear' | 'borrowedEnds' | 'sameSchool';
  readonly exporter: Actor;
  readonly importer: Actor;
  /** The terms whose certified course results and uploaded multi-performances go; empty without an exchange. */
  readonly terms: readonly string[];
  readonly duties: Readonly<Record<PortfolioItem, Duties>>;
  readonly steps: readonly Step[];
  readonly sources: readonly Source[];
}

/**
 * Whether, between whom and of what an exchange is needed.
 * @param left the last day at the old school, or of the borrowed study; for the others the day the change takes effect
 */
export function advise(change: StatusChange, left: Day): Advice {
  const term = termTaughtBy(left);
  // Before the first lessons of a year nothing of it exists, and the year before is over.
  const ended = termOn(left).academicYear > term.academicYear;
  const base = { change, left, term, duties: DUTIES[change], terms: [] };
  if (change === 'repeat')
    return {
      ...base,
      ...withoutExchange,
      why: 'sameSchool',
      steps: ['repeatGrades', 'pickHere'],
      sources: ['repeat', 'responsible'],
    };
  if (change === 'suspension')
    return {
      ...base,
      ...withoutExchange,
      why: 'sameSchool',
      steps: ['creditGrades', ended ? 'submitPicked' : 'pickAfterReturn'],
      sources: ['suspension', 'responsible'],
    };
  if (change === 'borrowed-study')
    return {
      ...base,
      exchange: true,
      why: 'borrowedEnds',
      exporter: 'hostSchool',
      importer: 'homeSchool',
      terms: [termOf(term.academicYear, term.semester)],
      steps: ['hostTellsGrades', ...exchangeSteps, 'submitHome'],
      sources: ['borrowed-study', 'timing', 'responsible'],
    };
  const page = change === 'transfer' ? (['transfer'] as const) : [];
  if (ended)
    return { ...base, ...withoutExchange, duties: afterTheYear, why: 'afterYear', steps: ['pickedAtOld'], sources: [...page, 'timing'] };
  return {
    ...base,
    exchange: true,
    why: 'withinYear',
    exporter: 'oldSchool',
    importer: 'newSchool',
    terms: [1, 2].filter((semester) => semester <= term.semester).map((semester) => termOf(term.academicYear, semester)),
    steps: [...(isInSummer(left) ? (['summer'] as const) : []), ...exchangeSteps, 'submitNew'],
    sources: [...page, 'timing', 'flow', 'responsible'],
  };
}

const withoutExchange = { exchange: false, exporter: 'nobody', importer: 'nobody' } as const;

const exchangeSteps: readonly Step[] = [
  'exportCertified',
  'exportUploaded',
  'sendPasswordApart',
  'verifyThenImport',
  'keepCourseCodes',
  'keepApart',
  'pickAtYearEnd',
  'pickUncredited',
];

/**
 * Whether a student who left on a day left after the school year of these records had ended: then what was to be
 * picked and submitted was picked and submitted at the old school, and nothing is exchanged. A borrowed term is
 * exchanged whenever it ends.
 * @param newestTerm the newest term of the records
 */
export const endedBefore = (change: StatusChange, newestTerm: string, left: Day): boolean =>
  change !== 'borrowed-study' && left > lastDayOf(schoolYearOf(newestTerm));
