/** Advises on a change of status: whether an exchange is needed, who does what, and what comes next (guide part FOUR). */
import {
  type Actor,
  AFTER_THE_YEAR,
  DUTIES,
  type Duties,
  type PortfolioItem,
  type Source,
  type StatusChange,
} from '../spec/status-changes.js';
import { type AcademicTerm, type Day, isInSummer, termOf, termOn, termTaughtBy } from '../spec/terms.js';

/** The next steps of the schools, in order; `messages/` has the sentence of each. */
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
    return { ...base, ...withoutExchange, duties: AFTER_THE_YEAR, why: 'afterYear', steps: ['pickedAtOld'], sources: [...page, 'timing'] };
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
