/** A student's items, the picks, and what can still be picked: one view for status, picks and registers. */
import { type Finding, LpxError, type Place, type Severity } from '../../errors.js';
import { filePlace, studentPlace } from '../../spec/place.js';
import {
  type BasicData,
  HALVES,
  type Half,
  halfOf,
  isCourseResult,
  type ListName,
  type OwedFile,
  SLOTS,
  termOfRecord,
  titleOf,
  wireListOf,
} from '../../spec/portfolio.js';
import { type Unfit, unfitness } from '../../spec/rules/eligibility.js';
import { type OverQuota, overQuota, type Pickable, type Standing, standingsOf, totalOf } from '../../spec/rules/quotas.js';
import { asCertified, briefFindings, recordFileFindings } from '../../spec/rules/record-rules.js';
import { endedBefore } from '../../spec/status-changes.js';
import { dayOf, hasTerm, schoolYearOf } from '../../spec/terms.js';
import type { StoredRecord, StoredStudent } from '../store.js';
import { type RecordVersion, versionsIn } from './record-versions.js';

/** One course result or multi-performance of a student. */
export interface Item extends Pickable {
  /** Its reference: `O12` for an own record, `R5` for a received one. It never changes. */
  readonly ref: string;
  readonly stored: StoredRecord;
  /** `submitted`: according to the record, at the school that had it; it counts, and cannot be picked again. */
  readonly state: 'open' | 'picked' | 'submitted';
  /** Why it can be neither exchanged nor picked; undefined when it can. */
  readonly unfit: Unfit | undefined;
  /** Undefined of a record that is there in one form only. */
  readonly version: RecordVersion | undefined;
}

export interface StudentStanding {
  readonly items: readonly Item[];
  readonly standings: readonly Standing[];
  readonly totals: readonly { readonly half: Half; readonly picked: number; readonly limit: number }[];
  readonly over: readonly OverQuota[];
}

const PREFIX = { own: 'O', received: 'R' } as const;

/** The reference of a record. */
export const refOf = ({ provenance, id }: Pick<StoredRecord, 'provenance' | 'id'>): string => `${PREFIX[provenance]}${id}`;

export function standingOf(student: StoredStudent): StudentStanding {
  const versions = versionsIn(student.records);
  const items = student.records.flatMap((stored) => {
    const half = halfOf(stored.record);
    return half ? [itemOf(stored, half, versions.get(stored))] : [];
  });
  return standingOfItems(items, student.extendedYears);
}

/** The same once some items are picked otherwise. */
export const standingOfItems = (items: readonly Item[], extendedYears: number): StudentStanding => ({
  items,
  standings: standingsOf(items, extendedYears),
  totals: HALVES.map((half) => ({ half, ...totalOf(half, items, extendedYears) })),
  over: overQuota(items, extendedYears),
});

function itemOf(stored: StoredRecord, half: Half, version: RecordVersion | undefined): Item {
  const state = isSubmitted(stored) ? 'submitted' : stored.picked ? 'picked' : 'open';
  return {
    ref: refOf(stored),
    stored,
    half,
    schoolYear: schoolYearOf(termOfRecord(stored.record)),
    state,
    picked: state !== 'open',
    unfit: unfitness(stored.record),
    version,
  };
}

/**
 * Whether a record was submitted. One platform writes the term in which it was ticked (docs/spec.md#course-results): of a record that was
 * received within that school year, that is not a submission, since the receiving school submits it.
 */
function isSubmitted({ provenance, cameAt, record }: StoredRecord): boolean {
  const { submittedTerm } = record.fields;
  return hasTerm(submittedTerm) && (provenance === 'own' || endedBefore('transfer', submittedTerm, dayOf(cameAt)));
}

/** The other version of a record that is picked, where one is: only one of them can be. */
export const pickedVersionOf = (items: readonly Item[], { ref, stored }: Item): Item | undefined =>
  items.find((candidate) => candidate.ref !== ref && candidate.picked && candidate.version && candidate.stored.key === stored.key);

export const OPEN = { state: 'open', picked: false } as const;

/**
 * Of records that are back, those that cannot have their pick back: a limit is reached, or another version is picked. In
 * the order of the items each that still fits keeps its pick.
 */
export function picksWithoutRoom(items: readonly Item[], back: ReadonlySet<string>, extendedYears: number): Item[] {
  const returned = items.filter(({ ref, state }) => state === 'picked' && back.has(ref));
  let standing = items.map((item) => (returned.includes(item) ? { ...item, ...OPEN } : item));
  return returned.filter((item) => {
    const after = standing.map((candidate) => (candidate.ref === item.ref ? item : candidate));
    const over = overQuota(after, extendedYears).some(
      ({ half, schoolYear }) => half === item.half && [0, item.schoolYear].includes(schoolYear),
    );
    const without = over || pickedVersionOf(after, item) !== undefined;
    if (!without) standing = after;
    return without;
  });
}

export const overFinding = ({ half, schoolYear, picked, limit }: OverQuota, severity: Severity, place: Place): Finding =>
  schoolYear === 0
    ? { code: 'LPX_PICK_OVER_TOTAL', severity, place, facts: { half, count: picked, limit } }
    : { code: 'LPX_PICK_OVER', severity, place, facts: { half, year: schoolYear, count: picked, limit } };

/** An item as a place: in the store it goes by its reference. */
export const itemPlace = (basicData: BasicData, { ref, stored: { record } }: Item): Place => ({
  ...studentPlace(basicData),
  list: wireListOf(record.list).wire,
  ref,
  title: titleOf(record),
});

/** The item of a reference. @throws LPX_PICK_UNKNOWN */
export function itemNamed(items: readonly Item[], ref: string, basicData: BasicData): Item {
  const item = items.find((candidate) => candidate.ref === ref.trim().toUpperCase());
  if (!item) throw new LpxError('LPX_PICK_UNKNOWN', { ref }, { place: studentPlace(basicData) });
  return item;
}

/** A file that a record is owed, or that the store has lost. @param place of the record */
export const owedFinding = (
  file: Pick<OwedFile, 'slot' | 'name'> & { readonly why: OwedFile['why'] | 'lost' },
  list: ListName,
  { place, severity }: { readonly place: Place; readonly severity: Severity },
): Finding => ({
  code: 'LPX_FILE_OWED',
  severity,
  place: filePlace(place, wireListOf(list), file.slot, file.name),
  facts: { file: file.name, owedWhy: file.why, owedNext: severity === 'error' ? 'export' : 'none' },
});

/** A record's files and brief, checked against the limits of its term; files that it is owed. */
export function limitFindings(basicData: BasicData, item: Item): Finding[] {
  const { record, provenance } = item.stored;
  const place = itemPlace(basicData, item);
  const { brief } = record.fields as { readonly brief?: string };
  return [
    ...(record.owed ?? []).map((file) => owedFinding(file, record.list, { place, severity: 'warning' })),
    ...SLOTS.flatMap((slot) => {
      const file = record[slot];
      if (!file) return [];
      const ofFile = filePlace(place, wireListOf(record.list), slot, file.name);
      return recordFileFindings(record, slot, file, { place: ofFile, advice: provenance });
    }),
    ...briefFindings(brief ?? '', termOfRecord(record), place, provenance).map((finding) =>
      provenance === 'own' && isCourseResult(record) && record.fields.certification === '1' ? asCertified(finding) : finding,
    ),
  ];
}
