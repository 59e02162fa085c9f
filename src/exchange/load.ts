/** Loads the export of a school's platform: a folder with an exchange document becomes records of the store. */
import { setImmediate } from 'node:timers/promises';
import { type Difference, errorOf, type Finding, findingOf } from '../errors.js';
import { statPlain } from '../io/read.js';
import {
  type Acceptance,
  attachmentsOf,
  type GroupReader,
  leftOut,
  type TakenAttachment,
  type TakenFile,
  type TakenRecord,
  takeAttachments,
  WHOLE,
} from '../package/attachments.js';
import { readExchangeFolder } from '../roster/exchange-folder.js';
import { type FoundAttachments, findAttachments } from '../spec/attachments.js';
import { BoundedFindings } from '../spec/findings.js';
import { differencesOf } from '../spec/identity.js';
import { compareNames } from '../spec/person-name.js';
import { basicDataPlace, studentPlace } from '../spec/place.js';
import {
  type BasicData,
  basicDataWire,
  countsOf,
  type JsonObject,
  type Portfolio,
  portfoliosFromDocument,
  termOfRecord,
  titleOf,
  type WireAttachment,
  wireListOf,
} from '../spec/portfolio.js';
import { MARKS } from '../spec/rules/file-type.js';
import { ruleFindings } from '../spec/rules/record-rules.js';
import { documentFindings } from '../spec/validate.js';
import { compareFiles } from '../store/records/compare-files.js';
import { type Comparison, changedFinding, compareRecords, paidRecord, paymentOf } from '../store/records/compare-records.js';
import { type Coverage, missingRecords, removalFindings } from '../store/records/missing-records.js';
import { picksWithoutRoom, refOf, standingOf } from '../store/records/pickable-items.js';
import { referenceDataFor } from '../store/reference-data.js';
import {
  type BasicDataChange,
  type NewRecordOutcome,
  PROVENANCES,
  type Provenance,
  type Store,
  type StoreChange,
  type StoredAttachment,
  type StoredRecord,
  type StoredStudent,
} from '../store/store.js';
import { changesBetween } from '../store/stored-rows.js';
import { studentIn } from '../store/students.js';
import type { StagedFile, Staging } from '../store/vault/attachments.js';
import { ZipEngine } from '../zip/engine.js';
import { TAKEN_TOGETHER } from '../zip/threads/jobs.js';

export interface LoadRequest {
  /** A folder, or the JSON in it. */
  readonly path: string;
  readonly now: Date;
  /** Who loads, for the history. */
  readonly operator: string;
  /** Called with the bytes of attachments read so far, and of all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Work everything out, and change nothing. */
  readonly dryRun?: boolean | undefined;
  /** Keep records whose files are missing or of another MD5: they are owed them. */
  readonly acceptPartial?: boolean | undefined;
  /** Leave records that the platform no longer has. */
  readonly keepMissing?: boolean | undefined;
  /** Take them out although they are many, all of a list, or picked: somebody was asked. */
  readonly confirmed?: boolean | undefined;
}

/** A record by what a person calls it. */
export interface NamedRecord {
  readonly ref: string;
  /** The list, by its name on the wire. */
  readonly list: string;
  readonly title: string;
  readonly term: string;
}

/** A record that was brought up to date, and how: properties by their names on the wire. */
export interface UpdatedRecord extends NamedRecord {
  readonly changes: readonly { readonly property: string; readonly from: string; readonly to: string }[];
}

export interface LoadedStudent {
  readonly nationalId: string;
  readonly name: string;
  /** Whether the student was not there before. */
  readonly created: boolean;
  /** What became of basic data. */
  readonly changes: readonly BasicDataChange[];
  /** Records put in, brought up to date, and found to be there as they are. */
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  /** The records that were brought up to date. */
  readonly updates: readonly UpdatedRecord[];
  /** Records that had been taken out and are there again: not among the unchanged; also among the updated when they changed meanwhile. */
  readonly returned: readonly NamedRecord[];
  /** Of those, the ones that were picked and no longer are: a limit is reached by now, or another version is picked. */
  readonly unpicked: readonly NamedRecord[];
  /** Records that the platform no longer has: taken out, or kept with `keepMissing`. */
  readonly removed: readonly NamedRecord[];
  readonly kept: readonly NamedRecord[];
}

export interface LoadResult {
  /** The document's name. */
  readonly file: string;
  readonly students: readonly LoadedStudent[];
  readonly dryRun: boolean;
  /** Whether anything is other than before, or would be. */
  readonly changed: boolean;
  /** Warnings and notes; an error is thrown, with nothing loaded. */
  readonly findings: readonly Finding[];
}

/**
 * Loads one folder, whole or not at all. Records of this school become its own; those of other schools stay apart as
 * received ones. Of the school's own records the document is the truth, in the lists and terms that it covers: what it no
 * longer has is taken out, kept but neither exported nor picked, and is back when it reappears, with its pick where the limits still allow that.
 * @throws LPX_NO_DOCUMENT, LPX_LOAD_PACKAGE, LPX_LOAD_TABLE, LPX_JSON_UNREADABLE, and the first of the document's faults
 *   with all of them; LPX_LIST_EMPTIED, LPX_MANY_MISSING, LPX_PICK_MISSING for records that are not taken out unasked
 */
export async function loadFolder(store: Store, request: LoadRequest): Promise<LoadResult> {
  const folder = await readExchangeFolder(request.path);
  const schema = [...folder.findings, ...documentFindings(folder.document)];
  refuse(schema);
  const document = folder.document as JsonObject[];
  const portfolios = portfoliosFromDocument(document, folder.repairs);
  const found = findAttachments(portfolios, folder.files, folder.originalNames, false);
  const findings = [
    ...folder.findings,
    ...ruleFindings(document, await referenceDataFor(store, portfolios)),
    ...schoolFindings(portfolios, store.school.code),
  ];
  const accept: Acceptance = { ...WHOLE, partial: request.acceptPartial === true ? 'owe' : false };
  refuse([...findings, ...(accept.partial ? found.findings.map(leftOut) : found.findings)]);
  const terms = new Set(portfolios.flatMap(({ records }) => records.map(termOfRecord)));
  const total = request.onProgress ? await bytesOf(new Set(found.attachments.map(({ file }) => file))) : 0;
  let owes = false;
  return loadRecords(store, request, {
    file: folder.name,
    bytes: folder.documentBytes.length,
    overridden: () => (owes ? 'LPX_FILE_OWED' : ''),
    parts: async function* () {
      yield {
        portfolios,
        found,
        placed: (finding) => finding,
        checked: (taken) => () => {
          owes = taken.some(({ records }) => records.some(({ owed = [] }) => owed.length > 0));
          return { portfolios: taken, complete: (records) => records };
        },
      };
    },
    coverage: (i) => ({ lists: folder.lists[i] ?? new Set(), terms }),
    findings: () => findings,
    accept,
    roll: 'platform',
    onRead: (bytes) => request.onProgress?.(bytes, total),
  });
}

/** Records to load, a part at a time, and the files that were found for them. All records of a student are in one part. */
export interface RecordSource {
  /** Base name of where they come from. */
  readonly file: string;
  readonly bytes: number;
  readonly parts: () => AsyncIterable<RecordPart>;
  /** What the source speaks of, for each portfolio of a source of one part. */
  readonly coverage: (index: number) => Coverage;
  /** The codes of the rules that the clerk set aside, with blanks between. Asked, as the findings are, once all parts are checked. */
  readonly overridden: () => string;
  readonly findings: () => readonly Finding[];
  readonly accept: Acceptance;
  /** Whether basic data are the platform's, or those that the store has anyway. */
  readonly roll: 'platform' | 'store';
  /** What is loaded before, as part of the same change. @returns whether anything was written */
  readonly before?: ((change: StoreChange) => Promise<boolean>) | undefined;
  /** Called with the bytes of attachments read so far. */
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/** The records of some students, to be checked. */
export interface RecordPart {
  readonly portfolios: readonly Portfolio<WireAttachment>[];
  readonly found: FoundAttachments<string>;
  /** A finding about these records, where it stands in the source. */
  readonly placed: (finding: Finding) => Finding;
  /** Called with what of it may be loaded. @returns where that is found again when it is, which decides what waits in memory */
  readonly checked: (portfolios: readonly Portfolio<TakenAttachment>[]) => () => CheckedPart;
}

export interface CheckedPart {
  readonly portfolios: readonly Portfolio<TakenAttachment>[];
  /** What a source that says less than a document leaves open, by the records that the store has of the student. */
  readonly complete: (
    records: readonly TakenRecord[],
    stored: readonly StoredRecord[],
    onKept: (record: TakenRecord, differences: readonly Difference[]) => void,
  ) => readonly TakenRecord[];
}

/** Takes the files of records in, and brings the store up to date with both, once all of it is checked. @throws as `loadFolder` */
export async function loadRecords(store: Store, request: Omit<LoadRequest, 'path'>, source: RecordSource): Promise<LoadResult> {
  const staging = await store.attachments.stage();
  const engine = new ZipEngine();
  try {
    const { parts, restorable, missing, findings } = await checkParts(store, source, { staging, engine });
    await staging.secured(request.dryRun ? [] : missing);
    const result = await store.change(async (change) => {
      const changedBefore = (await source.before?.(change)) ?? false;
      const { students, changed, written, kept } = await writeParts(change, parts, { source, request, schoolCode: store.school.code });
      const dryRun = request.dryRun === true;
      if (!dryRun) await staging.keepAll([...written, ...restorable]);
      return {
        keep: (changed || changedBefore) && !dryRun,
        result: { file: source.file, dryRun, students, changed, findings: new BoundedFindings().add(findings).add(kept).list() },
      };
    });
    if (!request.dryRun) staging.committed();
    return result;
  } finally {
    await engine.close();
    await staging.discard();
  }
}

interface CheckedParts {
  readonly parts: readonly (() => CheckedPart)[];
  /** Staged files whose copies in the store are lost or broken. */
  readonly restorable: readonly TakenAttachment[];
  /** Staged files that the store does not hold whole: these, and the new ones. */
  readonly missing: readonly StagedFile[];
  readonly findings: readonly Finding[];
}

/** Checks the files of all parts, and stages them. @throws the first error with all of them */
async function checkParts(
  store: Store,
  source: RecordSource,
  { staging, engine }: { readonly staging: Staging; readonly engine: ZipEngine },
): Promise<CheckedParts> {
  const { accept, onRead } = source;
  let done = 0;
  const reader: GroupReader<string, TakenFile> = {
    together: TAKEN_TOGETHER.hashed,
    threads: engine.threads,
    read: async (files) => {
      const parts = files.map((file) => ({ file, target: staging.nextPath() }));
      const results = await engine.run({ kind: 'copy', marks: MARKS, parts });
      for (const { target } of parts) staging.secure(target);
      for (const result of results) if (!('damage' in result)) done += result.bytes;
      onRead?.(done);
      return results.map((taken, i) => ({ taken, stagedAt: parts[i]?.target }));
    },
  };
  const parts: (() => CheckedPart)[] = [];
  const restorable: TakenAttachment[] = [];
  const missing: StagedFile[] = [];
  const ofFiles = new BoundedFindings();
  let records = 0;
  for await (const { portfolios, found, placed, checked } of source.parts()) {
    const taken = await takeAttachments(portfolios, found, reader, { accept, advice: 'own' });
    const compared = await compareFiles(store, taken.portfolios);
    restorable.push(...compared.restorable.map(({ attachment }) => attachment));
    missing.push(...compared.missing.map(({ sha256, bytes, stagedAt }) => ({ sha256, bytes, stagedAt })));
    ofFiles.add([...taken.findings, ...compared.restorable.map(({ finding }) => finding)].map(placed));
    records += taken.portfolios.reduce((sum, portfolio) => sum + portfolio.records.length, 0);
    parts.push(checked(taken.portfolios));
  }
  const ofSource = source.findings();
  const findings = new BoundedFindings().add(ofSource).add(ofFiles.list()).list();
  if (!accept.partial || records === 0) {
    if (errorOf(ofSource)) refuse(findings);
    refuse(ofFiles.list());
  }
  return { parts, restorable, missing, findings };
}

interface WritingTerms {
  readonly source: RecordSource;
  readonly request: Omit<LoadRequest, 'path'>;
  readonly schoolCode: string;
}

/** Plans each part and writes it. @throws the first reason against it with all of them, when some may be written already */
async function writeParts(change: StoreChange, parts: readonly (() => CheckedPart)[], { source, request, schoolCode }: WritingTerms) {
  const { now, operator } = request;
  const keepMissing = request.keepMissing === true;
  const [conflicts, doubts, kept] = [new BoundedFindings(), new BoundedFindings(), new BoundedFindings()];
  const isRefused = () => errorOf([...conflicts.list(), ...doubts.list()]) !== undefined;
  const students: LoadedStudent[] = [];
  const written: TakenAttachment[] = [];
  const matched = new Set<number>();
  let historyId: number | undefined;
  for (const part of parts) {
    // The database's statements of the last part are only freed when the event loop gets its turn; so is an interrupt heard.
    await setImmediate();
    const { portfolios, complete } = part();
    const plans: StudentPlan[] = [];
    for (const [i, portfolio] of portfolios.entries())
      plans.push(await planStudent(change, portfolio, { complete, coverage: source.coverage(i), roll: source.roll }));
    for (const plan of plans) {
      kept.add(plan.kept);
      conflicts.add(plan.conflicts);
      if (!keepMissing && !request.confirmed) doubts.add(plan.doubts);
    }
    if (isRefused()) continue;
    if (plans.some((plan) => changesStore(plan, keepMissing))) {
      const { file, bytes } = source;
      historyId ??= await change.addHistory({ kind: 'load', at: now, file, bytes, overridden: source.overridden(), operator });
    }
    for (const plan of plans) {
      students.push(await applyPlan(change, plan, { historyId, schoolCode, keepMissing }));
      written.push(...attachmentsOf(writtenOf(plan)));
      for (const { kind, stored } of plan.comparisons) if (kind === 'same' && stored) matched.add(stored.historyId);
    }
  }
  if (historyId !== undefined) await change.addMatches(historyId, matched);
  refuse(conflicts.list());
  refuse(doubts.list());
  return { students, written, kept: kept.list(), changed: historyId !== undefined };
}

/** @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE */
async function bytesOf(files: Iterable<string>): Promise<number> {
  let bytes = 0;
  for (const file of files) bytes += (await statPlain(file)).size;
  return bytes;
}

/** The effect of a load on one student, with the errors that prevent it. */
interface StudentPlan {
  readonly portfolio: Portfolio<TakenAttachment>;
  readonly held: StoredStudent | undefined;
  /** Whether the source has no basic data of its own. */
  readonly keepsBasicData: boolean;
  readonly changes: readonly BasicDataChange[];
  /** Records of the document; what they are compared with includes those that were taken out. */
  readonly comparisons: readonly Comparison<TakenAttachment>[];
  /** Those that were taken out and are there again. */
  readonly returned: readonly StoredRecord[];
  readonly missing: readonly StoredRecord[];
  /** What a register says otherwise than the platform, which stays; what the platform says otherwise than a list, which does not. */
  readonly kept: readonly Finding[];
  readonly conflicts: readonly Finding[];
  /** Why missing records should not be removed without confirmation. */
  readonly doubts: readonly Finding[];
}

/** How a student's records are planned. */
interface PlanTerms {
  readonly complete: CheckedPart['complete'];
  readonly coverage: Coverage;
  readonly roll: RecordSource['roll'];
}

async function planStudent(
  change: StoreChange,
  given: Portfolio<TakenAttachment>,
  { complete, coverage, roll }: PlanTerms,
): Promise<StudentPlan> {
  const held = await change.student(given.basicData.nationalId);
  const present = held?.records ?? [];
  const removed = held ? (await change.removedRecords(held.id)).filter(({ provenance }) => provenance === 'own') : [];
  const isOfStore = roll === 'store' && held !== undefined;
  const kept: Finding[] = [];
  const portfolio: Portfolio<TakenAttachment> = {
    ...(isOfStore ? { basicData: held.basicData, extras: held.extras } : given),
    records: complete(given.records, [...present, ...removed], (record, differences) => {
      const place = { ...studentPlace(given.basicData), list: wireListOf(record.list).wire, title: titleOf(record) };
      for (const { property, stored, received } of differences)
        kept.push(findingOf('LPX_REGISTER_DIFFERS', 'warning', place, { property, stored, listed: received }));
    }),
  };
  const { basicData, records } = portfolio;
  const comparisons = compareRecords(records, [...present, ...removed]);
  const found = new Set(comparisons.flatMap(({ stored }) => stored ?? []));
  const missing = missingRecords(present, found, coverage);
  const conflicts: Finding[] = [];
  for (const { kind, stored, record } of comparisons) {
    // Records imported from another school win over the platform's copy.
    if (kind === 'changed' && stored && (await change.historyKind(stored.historyId)) === 'import')
      conflicts.push(changedFinding(basicData, record));
  }
  if (roll === 'platform' && held?.listed) kept.push(...otherPersonFindings(held.basicData, basicData));
  return {
    portfolio,
    held,
    keepsBasicData: roll === 'store',
    changes: held ? changesOf(held, basicData) : [],
    comparisons,
    returned: removed.filter((record) => found.has(record)),
    missing,
    kept,
    conflicts,
    doubts: removalFindings(basicData, missing, present, records),
  };
}

/** A warning where the platform describes another person than the list did who put the student on the roll. */
function otherPersonFindings(listed: BasicData, platform: BasicData): Finding[] {
  const isOther =
    compareNames(listed.name, platform.name) === 'different' &&
    listed.birthDate !== '' &&
    platform.birthDate !== '' &&
    listed.birthDate !== platform.birthDate;
  const facts = { listed: `${listed.name} ${listed.birthDate}`, stored: `${platform.name} ${platform.birthDate}` };
  return isOther ? [findingOf('LPX_LOAD_OTHER_PERSON', 'warning', studentPlace(platform), facts)] : [];
}

/** What becomes of basic data; of one whom only a list described, of what the list says. */
const changesOf = ({ basicData, listed }: StoredStudent, after: BasicData): BasicDataChange[] =>
  changesBetween(basicData, after).filter(
    ({ property, from }) => !listed || ((property === 'name' || property === 'birthDate') && from !== ''),
  );

/** The records that a plan writes. */
const writtenOf = ({ comparisons }: StudentPlan): TakenRecord[] =>
  comparisons.filter(({ kind }) => kind !== 'same').map(({ record }) => record);

const isOther = ({ portfolio: { basicData, extras }, held, keepsBasicData }: StudentPlan): boolean =>
  held !== undefined &&
  !keepsBasicData &&
  (held.listed || JSON.stringify([held.basicData, held.extras]) !== JSON.stringify([basicData, extras]));

const changesStore = (plan: StudentPlan, keepMissing: boolean): boolean =>
  !plan.held ||
  isOther(plan) ||
  writtenOf(plan).length + removedBy(plan, keepMissing).length + plan.returned.length + confirmedBy(plan).length > 0;

/** Records that a register brought and that the platform says, too: from now on they are the platform's. */
const confirmedBy = ({ comparisons, keepsBasicData }: StudentPlan) =>
  comparisons.flatMap((comparison) =>
    comparison.kind === 'same' && comparison.stored?.ofPlatform === false && !keepsBasicData
      ? [{ ...comparison, stored: comparison.stored }]
      : [],
  );

const removedBy = ({ missing }: StudentPlan, keepMissing: boolean): readonly StoredRecord[] => (keepMissing ? [] : missing);

interface ApplyTerms {
  /** Undefined where nothing changes. */
  readonly historyId: number | undefined;
  readonly schoolCode: string;
  readonly keepMissing: boolean;
}

/** Carries a plan out. */
async function applyPlan(
  change: StoreChange,
  plan: StudentPlan,
  { historyId, schoolCode, keepMissing }: ApplyTerms,
): Promise<LoadedStudent> {
  if (historyId === undefined || !changesStore(plan, keepMissing)) return loadedStudent(plan, keepMissing, []);
  const { portfolio, held, comparisons, returned, changes } = plan;
  const { basicData, extras } = portfolio;
  const student = held ?? (await change.addStudent(basicData, extras));
  if (isOther(plan)) await change.updateStudent(student.id, basicData, extras);
  const removed = removedBy(plan, keepMissing);
  await change.removeRecords(removed, historyId);
  await change.restoreRecords(returned);
  const updated = comparisons.flatMap((comparison) =>
    comparison.kind === 'changed' && comparison.stored ? [{ ...comparison, stored: comparison.stored }] : [],
  );
  for (const comparison of [...updated, ...confirmedBy(plan)]) await change.replaceRecord(comparison.stored, comparison, historyId);
  for (const { kind, stored, record } of comparisons)
    if (kind === 'paid' && stored) await change.payRecord(stored, paidRecord(stored.record, paymentOf(stored.record, record)), historyId);
  for (const provenance of PROVENANCES) {
    const added = comparisons.filter(({ kind, record }) => kind === 'new' && provenanceOf(record, schoolCode) === provenance);
    await change.addRecords(student.id, provenance, historyId, added);
  }
  const unpicked = await unpickWithoutRoom(change, basicData.nationalId, returned);
  await change.addHistoryStudent(historyId, student.id, countsOf(writtenOf(plan)), { created: !held, changes });
  await change.addRecordOutcomes(historyId, student.id, [
    ...updated.map(({ stored }) => outcomeOf(stored, 'replaced')),
    ...removed.map((stored) => outcomeOf(stored, 'removed')),
    ...returned.map((stored) => outcomeOf(stored, 'returned')),
    ...unpicked.map((stored) => outcomeOf(stored, 'unpicked')),
  ]);
  return loadedStudent(plan, keepMissing, unpicked);
}

function loadedStudent(plan: StudentPlan, keepMissing: boolean, unpicked: readonly StoredRecord[]): LoadedStudent {
  const { portfolio, held, comparisons, returned, changes } = plan;
  const { nationalId, name } = portfolio.basicData;
  const countOf = (kind: Comparison<TakenAttachment>['kind']) => comparisons.filter((comparison) => comparison.kind === kind).length;
  return {
    nationalId,
    name,
    created: !held,
    changes,
    added: countOf('new'),
    updated: countOf('changed') + countOf('paid'),
    unchanged: comparisons.filter(({ kind, stored }) => kind === 'same' && !(stored && returned.includes(stored))).length,
    updates: comparisons.flatMap(({ kind, stored, record }) =>
      (kind === 'changed' || kind === 'paid') && stored ? [updatedRecord(stored, record)] : [],
    ),
    returned: returned.map(namedRecord),
    unpicked: unpicked.map(namedRecord),
    removed: removedBy(plan, keepMissing).map(namedRecord),
    kept: keepMissing ? plan.missing.map(namedRecord) : [],
  };
}

/** Takes the picks of records that are back where the limits no longer allow them. @returns those records */
async function unpickWithoutRoom(change: StoreChange, nationalId: string, returned: readonly StoredRecord[]): Promise<StoredRecord[]> {
  if (!returned.some(({ picked }) => picked)) return [];
  const student = await studentIn(change, nationalId);
  const without = picksWithoutRoom(standingOf(student).items, new Set(returned.map(refOf)), student.extendedYears);
  for (const { stored } of without) await change.removePick(stored);
  return without.map(({ stored }) => stored);
}

const outcomeOf = (stored: StoredRecord, outcome: 'replaced' | 'removed' | 'returned' | 'unpicked'): NewRecordOutcome => ({
  list: wireListOf(stored.record.list).wire,
  title: titleOf(stored.record),
  outcome,
  record: stored,
});

const namedRecord = (stored: StoredRecord): NamedRecord => ({
  ref: refOf(stored),
  list: wireListOf(stored.record.list).wire,
  title: titleOf(stored.record),
  term: termOfRecord(stored.record),
});

const updatedRecord = (stored: StoredRecord, record: TakenRecord): UpdatedRecord => ({
  ...namedRecord(stored),
  changes: differencesOf<StoredAttachment>(stored.record, record).map(({ property, stored: from, received: to }) => ({
    property,
    from,
    to,
  })),
});

/** A record of this school, or of none named, is its own. */
function provenanceOf({ fields }: TakenRecord, schoolCode: string): Provenance {
  return fields.originSchoolCode === '' || fields.originSchoolCode === schoolCode ? 'own' : 'received';
}

function schoolFindings(portfolios: readonly Portfolio<unknown>[], schoolCode: string): Finding[] {
  return portfolios
    .filter(({ basicData }) => basicData.schoolCode !== schoolCode)
    .map(({ basicData }) => ({
      code: 'LPX_LOAD_OTHER_SCHOOL',
      severity: 'warning',
      place: basicDataPlace(studentPlace(basicData), basicDataWire('schoolCode')),
      facts: { value: basicData.schoolCode, school: schoolCode },
    }));
}

/** Ends the load on the first error, telling all of them. */
function refuse(findings: readonly Finding[]): void {
  const error = errorOf(new BoundedFindings().add(findings).list());
  if (error) throw error;
}
