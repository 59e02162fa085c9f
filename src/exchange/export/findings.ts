/** What speaks against an export, or is to be known of it. */
import type { Code, Finding, Place } from '../../errors.js';
import { limitExceeded, type PackageSize, WRITABLE } from '../../package/limits.js';
import { BoundedFindings } from '../../spec/findings.js';
import { basicDataPlace, filePlace, recordPlaces, recordsByPlace, studentPlace } from '../../spec/place.js';
import { basicDataWire, isCourseResult, type JsonObject, type PortfolioRecord, SLOTS, wireListOf } from '../../spec/portfolio.js';
import { allRuleFindings, asCertified, type ReferenceData, recordFileFindings } from '../../spec/rules/record-rules.js';
import { endedBefore } from '../../spec/status-changes.js';
import { dayOf, firstDayOf, isInSummer, schoolYearOf } from '../../spec/terms.js';
import { documentFindings } from '../../spec/validate.js';
import { owedFinding } from '../../store/records/pickable-items.js';
import type { HistoryEntry, StoredAttachment, StoredStudent } from '../../store/store.js';
import type { ExportRequest } from '../export.js';
import { type Draft, sizeOf } from './draft.js';
import { hasSubstance, newestTermOf, type Selected, type Selection } from './selection.js';

/** Rules that a clerk may set aside; the history remembers which. */
export const ON_THE_CLERKS_WORD: ReadonlySet<Code> = new Set([
  'LPX_EXCHANGE_NOT_NEEDED',
  'LPX_LEFT_TOO_EARLY',
  'LPX_LEFT_IN_FUTURE',
  'LPX_FILE_OWED',
]);

/** Nobody knows more than name and birth date of a student whom only a list has named. */
export const basicDataMissing = ({ basicData }: StoredStudent, { namedAt }: ExportRequest): Finding => ({
  code: 'LPX_BASIC_DATA_MISSING',
  severity: 'error',
  place: { ...studentPlace(basicData), ...namedAt?.get(basicData.nationalId) },
  facts: {},
});

export const exportedAlready = ({ basicData }: StoredStudent, { at, file }: HistoryEntry): Finding => ({
  code: 'LPX_EXPORTED_ALREADY',
  severity: 'note',
  place: studentPlace(basicData),
  facts: { day: dayOf(at), file },
});

export const bounded = (findings: readonly Finding[]): Finding[] => new BoundedFindings().add(findings).list();

/** Why an exchange of a student has nothing to carry, or is not needed: an error, unless the clerk insists. */
export function hindranceOf(student: StoredStudent, { portfolio, leftOut }: Selection, request: ExportRequest): Finding | undefined {
  const place = { ...studentPlace(student.basicData), ...request.namedAt?.get(student.basicData.nationalId) };
  if (!hasSubstance(portfolio)) return nothingToExport(place, leftOut.length);
  if (!endedBefore(request.reason, newestTermOf(portfolio), request.left)) return undefined;
  const facts = { year: schoolYearOf(newestTermOf(portfolio)), left: request.left };
  return { code: 'LPX_EXCHANGE_NOT_NEEDED', severity: request.force ? 'warning' : 'error', place, facts };
}

export const nothingToExport = (place: Place, leftOut: number): Finding => ({
  code: 'LPX_NOTHING_TO_EXPORT',
  severity: 'error',
  place,
  facts: { leftOut },
});

interface LaidOutStudent {
  readonly student: StoredStudent;
  readonly portfolio: Selected;
  readonly draft: Draft;
  readonly document: readonly JsonObject[];
  readonly known: ReferenceData;
}

/** What there is to say of a student who has something to export. `school` is the code of this one. */
export const studentFindings = (
  { student, portfolio, draft, document, known }: LaidOutStudent,
  school: string,
  request: ExportRequest,
): Finding[] => [
  ...otherSchoolFindings(student, school, request),
  ...leftTooEarly(portfolio, request),
  ...tooLarge(draft, request.limits ?? WRITABLE),
  ...owedIn(portfolio, request),
  ...exportFindings(document, portfolio, known),
];

/** Findings of the calendar about the last day: that it is still to come, or that it lies in the summer. */
export function dayFindings({ left, now, reason, acceptLeft }: ExportRequest): Finding[] {
  const today = dayOf(now);
  const inFuture: Finding = { code: 'LPX_LEFT_IN_FUTURE', severity: acceptLeft ? 'warning' : 'error', place: {}, facts: { left, today } };
  const inSummer: Finding = { code: 'LPX_LEFT_IN_SUMMER', severity: 'warning', place: {}, facts: { left } };
  return [...(left > today ? [inFuture] : []), ...(reason !== 'borrowed-study' && isInSummer(left) ? [inSummer] : [])];
}

/** Nobody has records of a term that begins after they have left. */
function leftTooEarly({ basicData, records }: Selected, { left, reason, acceptLeft }: ExportRequest): Finding[] {
  const term = newestTermOf({ records });
  const day = firstDayOf(term, reason === 'experimental');
  if (left >= day) return [];
  const severity = acceptLeft ? 'warning' : 'error';
  return [{ code: 'LPX_LEFT_TOO_EARLY', severity, place: studentPlace(basicData), facts: { left, term, day } }];
}

/** Whom the platform has at another school this one cannot transfer; who came with a package is a student of this school. */
function otherSchoolFindings({ basicData, records }: StoredStudent, school: string, { reason }: ExportRequest): Finding[] {
  const isHere = basicData.schoolCode === school || records.some(({ cameBy }) => cameBy === 'import');
  if (isHere || reason === 'borrowed-study') return [];
  const place = basicDataPlace(studentPlace(basicData), basicDataWire('schoolCode'));
  return [{ code: 'LPX_EXPORT_OTHER_SCHOOL', severity: 'error', place, facts: { value: basicData.schoolCode, school } }];
}

/** Files that are owed, or that the store has lost: a package without them is not made unasked. */
const owedIn = (portfolio: Selected, { acceptPartial }: ExportRequest): Finding[] =>
  [...recordPlaces(portfolio)].flatMap(([record, place]) =>
    [...(record.owed ?? []), ...lostOf(record, portfolio)].map((file) =>
      owedFinding(file, record.list, { place, severity: acceptPartial ? 'warning' : 'error' }),
    ),
  );

const lostOf = (record: PortfolioRecord<StoredAttachment>, { lost }: Selected) =>
  SLOTS.flatMap((slot) => {
    const file = record[slot];
    return file && lost.has(file.sha256) ? [{ slot, name: file.name, why: 'lost' as const }] : [];
  });

/** A student who fits into no package. */
function tooLarge(draft: Draft, limits: PackageSize): Finding[] {
  const size = sizeOf(draft);
  const over = limitExceeded(size, limits);
  if (!over) return [];
  const facts = { what: over, value: size[over], limit: Math.floor(limits[over]) };
  return [{ code: 'LPX_STUDENT_TOO_LARGE', severity: 'error', place: studentPlace(draft.summary), facts }];
}

/**
 * Errors in the school's own records stop an export, because they can be corrected here; those of received records are only
 * reported. The brief of a course result is certified like the rest of it: nobody can shorten it any more.
 */
const STOP_OWN: ReadonlySet<Code> = new Set(['LPX_BRIEF_LONG', 'LPX_FILE_LARGE', 'LPX_FILE_TYPE']);

function exportFindings(document: readonly JsonObject[], portfolio: Selected, known: ReferenceData): Finding[] {
  const { ownRecords } = portfolio;
  const fromFiles = [...recordPlaces(portfolio)].flatMap(([record, place]) =>
    SLOTS.flatMap((slot) => {
      const file = record[slot];
      if (!file) return [];
      const ofFile = filePlace(place, wireListOf(record.list), slot, file.name);
      return recordFileFindings(record, slot, file, { place: ofFile, advice: ownRecords.has(record) ? 'own' : 'received' });
    }),
  );
  const recordAt = recordsByPlace([portfolio]);
  const withSeverity = [...documentFindings(document), ...allRuleFindings(document, known), ...fromFiles].map((finding): Finding => {
    const record = STOP_OWN.has(finding.code) ? recordAt(finding.place) : undefined;
    if (!record || !ownRecords.has(record)) return finding;
    if (finding.code === 'LPX_BRIEF_LONG' && isCourseResult(record)) return asCertified(finding);
    return { ...finding, severity: 'error' };
  });
  return bounded(withSeverity);
}
