/** Loads what a school's platform hands over: a folder with an exchange document becomes records of the store. */
import { errorOf, type Finding } from '../errors.js';
import { statPlain } from '../io/read.js';
import { attachmentsOf, type TakenAttachment, type TakenRecord, takeAttachments, WHOLE } from '../package/attachments.js';
import { readExchangeFolder } from '../roster/exchange-folder.js';
import { findAttachments } from '../spec/attachments.js';
import { BoundedFindings } from '../spec/findings.js';
import { basicDataPlace, studentPlace } from '../spec/place.js';
import { basicDataWire, countsOf, type JsonObject, type Portfolio, portfoliosFromDocument } from '../spec/portfolio.js';
import { MARKS } from '../spec/rules/file-type.js';
import { ruleFindings } from '../spec/rules/record-rules.js';
import { documentFindings } from '../spec/validate.js';
import { type Comparison, changedFinding, compareRecords } from '../store/compare-records.js';
import { referenceDataFor } from '../store/reference-data.js';
import { restorableFiles } from '../store/restorable-files.js';
import { PROVENANCES, type Provenance, type Store, type StoreChange } from '../store/store.js';
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
}

export interface LoadedStudent {
  readonly nationalId: string;
  readonly name: string;
  /** Records put in, brought up to date, and found to be there as they are. */
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
}

export interface LoadResult {
  /** The document's name. */
  readonly file: string;
  readonly students: readonly LoadedStudent[];
  /** Warnings and notes; an error is thrown, with nothing loaded. */
  readonly findings: readonly Finding[];
}

/**
 * Loads one folder, whole or not at all. Records of this school become its own; those of other schools
 * stay apart as received ones. What is already there stays as it is.
 * @throws LPX_NO_DOCUMENT, LPX_JSON_UNREADABLE, and the first of the document's faults with all of them
 */
export async function loadFolder(store: Store, { path, now, operator, onProgress }: LoadRequest): Promise<LoadResult> {
  const folder = await readExchangeFolder(path);
  const schema = [...folder.findings, ...documentFindings(folder.document)];
  refuse(schema);
  const document = folder.document as JsonObject[];
  const portfolios = portfoliosFromDocument(document);
  const found = findAttachments(portfolios, folder.files, folder.originalNames, false);
  const ofDocument = [
    ...folder.findings,
    ...ruleFindings(document, await referenceDataFor(store, portfolios)),
    ...schoolFindings(portfolios, store.school.code),
  ];
  refuse([...ofDocument, ...found.findings]);

  const staging = await store.attachments.stage();
  const engine = new ZipEngine();
  try {
    const total = onProgress ? await bytesOf(new Set(found.attachments.map(({ file }) => file))) : 0;
    let done = 0;
    const taken = await takeAttachments(
      portfolios,
      found,
      {
        together: TAKEN_TOGETHER.hashed,
        threads: engine.threads,
        read: async (files) => {
          const parts = files.map((file) => ({ file, target: staging.nextPath() }));
          const results = await engine.run({ kind: 'copy', marks: MARKS, parts });
          for (const { target } of parts) staging.secure(target);
          for (const one of results) if (!('damage' in one)) done += one.bytes;
          onProgress?.(done, total);
          return results.map((taken, i) => ({ taken, stagedAt: parts[i]?.target }));
        },
      },
      { accept: WHOLE, advice: 'own' },
    );
    refuse(taken.findings);
    await staging.secured();
    const restorable = await restorableFiles(store, taken.portfolios);
    const ofFiles = [...taken.findings, ...restorable.map(({ finding }) => finding)];
    const findings = new BoundedFindings().add(ofDocument).add(ofFiles).list();
    const result = await store.change(async (change) => {
      const historyId = await change.addHistory({
        kind: 'load',
        at: now,
        file: folder.name,
        bytes: folder.documentBytes.length,
        operator,
      });
      const loaded: { readonly student: LoadedStudent; readonly written: readonly TakenRecord[]; readonly changed: boolean }[] = [];
      for (const portfolio of taken.portfolios) loaded.push(await loadStudent(change, portfolio, historyId, store.school.code));
      const written = loaded.flatMap((student) => student.written);
      await staging.keepAll([...attachmentsOf(written), ...restorable.map(({ attachment }) => attachment)]);
      return {
        keep: loaded.some((one) => one.changed),
        result: { file: folder.name, students: loaded.map((one) => one.student), findings },
      };
    });
    staging.committed();
    return result;
  } finally {
    await engine.close();
    await staging.discard();
  }
}

/** @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE */
async function bytesOf(files: Iterable<string>): Promise<number> {
  let bytes = 0;
  for (const file of files) bytes += (await statPlain(file)).size;
  return bytes;
}

async function loadStudent(change: StoreChange, portfolio: Portfolio<TakenAttachment>, historyId: number, schoolCode: string) {
  const { basicData, extras } = portfolio;
  const held = await change.student(basicData.nationalId);
  const student = held ?? (await change.addStudent(basicData, extras));
  const differs = JSON.stringify([student.basicData, student.extras]) !== JSON.stringify([basicData, extras]);
  if (differs) await change.updateStudent(student.id, basicData, extras);

  const comparisons = compareRecords(portfolio.records, student.records);
  const conflicts: Finding[] = [];
  for (const { stored, record } of comparisons.filter((one) => one.kind === 'changed')) {
    // What a package brought is another school's word; the platform does not overrule it.
    if (stored && (await change.historyKind(stored.historyId)) === 'import') conflicts.push(changedFinding(basicData, record));
  }
  refuse(conflicts);
  for (const comparison of comparisons) {
    if (comparison.kind === 'changed' && comparison.stored) await change.replaceRecord(comparison.stored, comparison, historyId);
  }
  const fresh = comparisons.filter((one) => one.kind === 'new');
  for (const provenance of PROVENANCES) {
    const ofThese = fresh.filter(({ record }) => provenanceOf(record, schoolCode) === provenance);
    await change.addRecords(student.id, provenance, historyId, ofThese);
  }
  const written = comparisons.filter((one) => one.kind !== 'same').map((one) => one.record);
  if (written.length > 0) await change.addHistoryStudent(historyId, student.id, countsOf(written));

  const count = (kind: Comparison<TakenAttachment>['kind']) => comparisons.filter((one) => one.kind === kind).length;
  return {
    student: {
      nationalId: basicData.nationalId,
      name: basicData.name,
      added: count('new'),
      updated: count('changed'),
      unchanged: count('same'),
    },
    written,
    changed: !held || differs || written.length > 0,
  };
}

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
