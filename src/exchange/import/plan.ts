/** What an import will do to one student, or why it may not: worked out before anything is written. */
import { type Code, errorOf, type Finding, findingOf } from '../../errors.js';
import type { TakenAttachment, TakenPortfolio } from '../../package/attachments.js';
import { parsePackageName } from '../../package/layout.js';
import { differencesOf } from '../../spec/identity.js';
import { basicDataPlace, studentPlace } from '../../spec/place.js';
import {
  type BasicData,
  basicDataWire,
  isCourseResult,
  type OwedFile,
  type PortfolioRecord,
  termOfRecord,
  titleOf,
  wireListOf,
} from '../../spec/portfolio.js';
import { unfitness } from '../../spec/rules/eligibility.js';
import { personFindings } from '../../spec/rules/same-person.js';
import { taipeiTime } from '../../spec/terms.js';
import { type Comparison, changedFinding, compareRecords, resemblesFinding } from '../../store/records/compare-records.js';
import { refOf } from '../../store/records/pickable-items.js';
import type { NewRecordOutcome, StoredRecord, StoredStudent } from '../../store/store.js';

/** The options by which the clerk decides what an import may do. */
export interface ClerksChoices {
  /** Admit students who are not in the store yet. */
  readonly createStudents: boolean;
  /** Keep a record next to a stored one that says something else, instead of refusing. */
  readonly keepBoth?: boolean | undefined;
  /** Replace a received record that has other content; the store keeps the former content. */
  readonly replace?: boolean | undefined;
  /** Take the students of the package for those of the roll although names or birth dates differ. */
  readonly samePerson?: boolean | undefined;
  /** The national id under which the store has the one student of the package whom it does not know by theirs. */
  readonly previousId?: string | undefined;
  /** Take records that name this school as theirs although the store does not know them. */
  readonly acceptOwnSchool?: boolean | undefined;
}

/** What becomes of one record of the package. */
export interface RecordChange {
  /** The list, by its name on the wire. */
  readonly list: string;
  readonly title: string;
  /** Empty for records that are not course results. */
  readonly courseCode: string;
  readonly originSchoolCode: string;
  readonly term: string;
  /**
   * `beside`: kept next to a stored one that differs; `replaced`: in its place; `uncertified`: left out, its teacher has not certified it;
   * `unsound`: left out, its attachments are not to be taken; `paid`: there before, and now with a file that it was owed.
   */
  readonly outcome: 'new' | 'same' | 'paid' | 'beside' | 'replaced' | 'uncertified' | 'unsound' | 'conflict';
  /** Files that it is owed; empty for none. */
  readonly owed: readonly OwedFile[];
}

export interface ImportedStudent {
  readonly nationalId: string;
  /** As the roll has it, of a student who is on it. */
  readonly name: string;
  readonly created: boolean;
  readonly records: readonly RecordChange[];
}

/** What the clerk chose, and what is known besides. */
interface PlanTerms extends ClerksChoices {
  /** Of the school that imports. */
  readonly schoolCode: string;
  /** When the package was made, as its name says; may be empty. */
  readonly sentAt: string;
  /** Warnings of students who come as new ones and were here before, by national id. */
  readonly again: ReadonlyMap<string, Finding>;
}

/** The effect of an import on one student. */
export interface StudentPlan {
  readonly portfolio: TakenPortfolio;
  readonly held: StoredStudent | undefined;
  readonly student: ImportedStudent;
  /** Records to put in; none when there is an error among the findings. */
  readonly incoming: readonly Comparison<TakenAttachment>[];
  /** Those that are there as they are. */
  readonly same: readonly Comparison<TakenAttachment>[];
  /** Those of them that take the place of stored ones. */
  readonly replacing: readonly Comparison<TakenAttachment>[];
  /** Those of them that bring files that stored ones are owed. */
  readonly paying: readonly Comparison<TakenAttachment>[];
  readonly findings: readonly Finding[];
  /** Rules that the clerk sets aside, by their codes. */
  readonly overridden: readonly Code[];
  /** What becomes of records that are not put in as new, for the history. */
  readonly outcomes: readonly NewRecordOutcome[];
}

/** The options by which a clerk takes responsibility for what is otherwise an error. */
const ANSWERED_BY: Partial<Record<Code, 'samePerson' | 'previousId' | 'acceptOwnSchool'>> = {
  LPX_STUDENT_DIFFERS: 'samePerson',
  LPX_STUDENT_UNCONFIRMED: 'samePerson',
  LPX_ID_CHANGED: 'previousId',
  LPX_OWN_SCHOOL: 'acceptOwnSchool',
};

/** Plans the import of one student of the package, with the errors that prevent it. Reads and writes nothing. */
export function planStudent(portfolio: TakenPortfolio, held: StoredStudent | undefined, terms: PlanTerms): StudentPlan {
  const certified = portfolio.records.filter((record) => !isUncertified(record));
  const comparisons = compareRecords(certified, held?.records ?? []);
  const found = [
    ...studentFindings(portfolio, held, terms).filter(({ code }) => code !== 'LPX_STUDENT_UNCONFIRMED' || !isAllHeld(comparisons)),
    ...comparisons.flatMap((comparison) => recordFindings(portfolio, comparison, terms)),
    ...ownSchoolFindings(portfolio, held, comparisons, terms),
  ];
  const isAnswered = (option: (typeof ANSWERED_BY)[Code]) => option !== undefined && Boolean(terms[option]);
  const answered = new Set(found.filter(({ code, severity }) => severity === 'error' && isAnswered(ANSWERED_BY[code])));
  const findings = found.map((finding): Finding => (answered.has(finding) ? { ...finding, severity: 'warning' } : finding));
  const refused = errorOf(findings) !== undefined;
  const incoming = refused ? [] : comparisons.filter(({ kind }) => kind !== 'same');
  const outcomes = new Map(comparisons.map((comparison) => [comparison.record, outcomeOf(comparison, terms)]));
  const records = [
    ...portfolio.records.map((record) => ({ record, change: changeOf(record, outcomes.get(record) ?? 'uncertified') })),
    ...portfolio.unsound.map((record) => ({ record, change: changeOf(record, 'unsound') })),
  ];
  return {
    portfolio,
    held,
    student: {
      nationalId: portfolio.basicData.nationalId,
      name: held?.basicData.name || portfolio.basicData.name,
      created: !held && !refused,
      records: records.map(({ change }) => change),
    },
    incoming,
    same: comparisons.filter(({ kind }) => kind === 'same'),
    replacing: incoming.filter((comparison) => outcomeOf(comparison, terms) === 'replaced'),
    paying: incoming.filter(({ kind }) => kind === 'paid'),
    findings,
    overridden: [...answered].map(({ code }) => code),
    outcomes: records
      .filter(({ change }) => change.outcome !== 'new')
      .map(({ record, change: { list, title, outcome } }) => {
        const stored = comparisons.find(
          (comparison) => comparison.record === record && (outcome === 'replaced' || outcome === 'paid'),
        )?.stored;
        return { list, title, outcome, record: stored };
      }),
  };
}

/** Whether the student has each record already: then the package mixes no two students up, and may be imported again. */
const isAllHeld = (comparisons: readonly Comparison<TakenAttachment>[]): boolean =>
  comparisons.length > 0 && comparisons.every(({ kind }) => kind === 'same');

/** Whether the student is on the roll, and is the same person. */
function studentFindings({ basicData }: TakenPortfolio, held: StoredStudent | undefined, { createStudents, again }: PlanTerms): Finding[] {
  const place = basicDataPlace(studentPlace(basicData), basicDataWire('nationalId'));
  if (!held) {
    const unknown = findingOf('LPX_STUDENT_UNKNOWN', 'error', studentPlace(basicData));
    const former = again.get(basicData.nationalId);
    return [...(createStudents ? [] : [unknown]), ...(former ? [former] : [])];
  }
  const stored = held.basicData.nationalId;
  const renumbered: Finding = {
    code: 'LPX_ID_CHANGED',
    severity: 'error',
    place: { ...place, otherStudent: stored },
    facts: {},
  };
  return [...(stored === basicData.nationalId ? [] : [renumbered]), ...personFindings(held.basicData, basicData)];
}

/** Conflicts and resemblances between a record of the package and the store. */
function recordFindings({ basicData }: TakenPortfolio, comparison: Comparison<TakenAttachment>, terms: PlanTerms): Finding[] {
  const { record, stored, resembles } = comparison;
  if (stored && outcomeOf(comparison, terms) === 'conflict') return [conflictFinding(basicData, record, { stored, ...terms })];
  return resembles ? [resemblesFinding(basicData, record, refOf(resembles))] : [];
}

/** A record that is stored in another form: what differs, which is newer, and what may be done. */
function conflictFinding(
  basicData: BasicData,
  record: PortfolioRecord<TakenAttachment>,
  { stored, sentAt }: { readonly stored: StoredRecord; readonly sentAt: string },
): Finding {
  const { code, severity, place } = changedFinding(basicData, record);
  const resolution = stored.provenance === 'received' ? 'replace' : 'keepBoth';
  const facts = { newer: newerOf(stored, record, sentAt), resolution };
  return { code, severity, place: { ...place, ref: refOf(stored) }, facts, differences: differencesOf(stored.record, record) } as Finding;
}

/** Which form is newer: by the time of certification, else by the packages that brought them. */
function newerOf(stored: StoredRecord, record: PortfolioRecord<unknown>, sentAt: string): 'stored' | 'received' | 'unknown' {
  const certifiedAt = ({ fields }: PortfolioRecord<unknown>) => ('certifiedAt' in fields ? fields.certifiedAt : '');
  const [here, there] = [certifiedAt(stored.record), certifiedAt(record)];
  if (here !== '' && there !== '' && here !== there) return there > here ? 'received' : 'stored';
  if (sentAt === '') return 'unknown';
  const cameAt = parsePackageName(stored.cameWith).createdAt || taipeiTime(stored.cameAt);
  return sentAt > cameAt ? 'received' : 'stored';
}

/**
 * Whoever sends may write this school's code into a package: records in its name that the store does not know are not
 * accepted silently. A school's own records that come back are known, and stay unchanged.
 */
function ownSchoolFindings(
  { basicData }: TakenPortfolio,
  held: StoredStudent | undefined,
  comparisons: readonly Comparison<TakenAttachment>[],
  { schoolCode, keepBoth }: PlanTerms,
): Finding[] {
  const unknown = comparisons.filter(
    ({ kind, record }) =>
      (kind === 'new' || (kind === 'changed' && keepBoth)) &&
      (basicData.schoolCode === schoolCode || record.fields.originSchoolCode === schoolCode),
  );
  const [first] = unknown;
  if (!first) return [];
  const hasOwn = held?.records.some(({ provenance }) => provenance === 'own') ?? false;
  return [
    {
      code: 'LPX_OWN_SCHOOL',
      severity: hasOwn ? 'error' : 'warning',
      place: basicDataPlace(studentPlace(basicData), basicDataWire('schoolCode')),
      facts: { count: unknown.length, school: schoolCode, title: titleOf(first.record) },
    },
  ];
}

/** A course result that its teacher has not certified is not part of an exchange (the guide's part FOUR; docs/spec.md#q13). */
const isUncertified = (record: PortfolioRecord<unknown>): boolean => unfitness(record) === 'uncertified';

/** Only received records are replaced: of its own, the school's platform is the truth. */
function outcomeOf(
  { kind, stored }: Comparison<TakenAttachment>,
  { keepBoth, replace }: Pick<PlanTerms, 'keepBoth' | 'replace'>,
): RecordChange['outcome'] {
  if (kind !== 'changed') return kind;
  if (replace && stored?.provenance === 'received') return 'replaced';
  return keepBoth ? 'beside' : 'conflict';
}

function changeOf(record: PortfolioRecord<unknown>, outcome: RecordChange['outcome']): RecordChange {
  return {
    list: wireListOf(record.list).wire,
    title: titleOf(record),
    courseCode: isCourseResult(record) ? record.fields.courseCode : '',
    originSchoolCode: record.fields.originSchoolCode,
    term: termOfRecord(record),
    outcome,
    owed: outcome === 'uncertified' || outcome === 'unsound' ? [] : (record.owed ?? []),
  };
}
