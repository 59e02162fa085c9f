/** Loads the export of a school's platform: a folder with an exchange document becomes records of the store. */
import { setImmediate } from 'node:timers/promises';
import { type Difference, errorOf, type Finding } from '../errors.js';
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
import { basicDataPlace, studentPlace } from '../spec/place.js';
import {
  basicDataWire,
  type JsonObject,
  type Portfolio,
  portfoliosFromDocument,
  termOfRecord,
  type WireAttachment,
} from '../spec/portfolio.js';
import { MARKS } from '../spec/rules/file-type.js';
import { ruleFindings } from '../spec/rules/record-rules.js';
import { documentFindings } from '../spec/validate.js';
import { compareFiles } from '../store/records/compare-files.js';
import type { Coverage } from '../store/records/missing-records.js';
import { referenceDataFor } from '../store/reference-data.js';
import type { BasicDataChange, Store, StoreChange, StoredRecord } from '../store/store.js';
import type { StagedFile, Staging } from '../store/vault/attachments.js';
import { ZipEngine } from '../zip/engine.js';
import { TAKEN_TOGETHER } from '../zip/threads/jobs.js';
import { applyPlan } from './load/apply.js';
import { changesStore, planStudent, type StudentPlan, writtenOf } from './load/plan.js';

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
