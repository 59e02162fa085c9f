/**
 * The acknowledgement (收訖) of a package: the school that imported it says what it took, and the school that sent it
 * checks that against its own history. So both can prove what was transferred.
 */
import { basename } from 'node:path';
import { errorOf, type Finding, findingOf, LpxError, type Place } from '../errors.js';
import { type Existing, type NewFile, nextVersion, writeFiles } from '../io/publish.js';
import { readSmall } from '../io/read.js';
import type { Receipt } from '../spec/generated/receipt.js';
import { readJson } from '../spec/json.js';
import { HALF_WIRE, HALVES, MULTI_PERFORMANCE_WIRES, type PortfolioRecord, SLOTS, titleOf, wireListOf } from '../spec/portfolio.js';
import { isReceipt } from '../spec/validate.js';
import { schoolOf } from '../store/reference-data.js';
import type { HistoryStudent, KeptExport, KeptImport, Receiving, RecordOutcome, School, Store, StoredAttachment } from '../store/store.js';

export type { Receipt } from '../spec/generated/receipt.js';

export interface ReceiptRequest {
  /** The import's number in the history. */
  readonly importId: number;
  readonly outFolder: string;
  readonly now: Date;
  /** Who acknowledges. */
  readonly by: string;
  /** What becomes of a receipt that is there already; without it, it stays, and this is its next version. */
  readonly existing?: Existing;
}

/** Largest receipt that is read, in bytes. */
const RECEIPT_BYTES = 4 * 1024 * 1024;

/** A receipt, and what it does not say itself. */
export interface Acknowledgement {
  readonly receipt: Receipt;
  /** The receipt's students in its order, by id and name. */
  readonly students: readonly NamedStudent[];
  /** The school that sent the package. */
  readonly from: School;
  /** Whether the package's signature was checked; undefined where the history of another school has it. */
  readonly signed: boolean | undefined;
}

/** Writes `<package>.receipt.json`. @throws LPX_IMPORT_UNKNOWN, LPX_UNDO_DONE, LPX_WRITE_FAILED, LPX_DISK_FULL */
export async function writeReceipt(
  store: Store,
  { importId, outFolder, now, by, existing }: ReceiptRequest,
): Promise<Acknowledgement & { readonly path: string }> {
  const [entry] = await store.history({ kinds: ['import'], ids: [importId] });
  if (entry?.kind !== 'import' || entry.state === 'failed') throw new LpxError('LPX_IMPORT_UNKNOWN', { id: importId });
  const acknowledged = await receiptOf(store, entry, { now, by });
  const name = `${entry.file.replace(/\.zip$/i, '')}.receipt.json`;
  const written = { name, content: Buffer.from(`${JSON.stringify(acknowledged.receipt, null, 2)}\n`) };
  const file = existing === 'replace' ? written : await nextVersion(outFolder, [written]).then(([next]) => next as NewFile);
  return store.change(async (change) => {
    await change.addHistory({
      kind: 'receipt',
      at: now,
      operator: by,
      file: file.name,
      bytes: file.content.length,
      folder: outFolder,
      school: entry.school,
      md5: entry.md5,
      refersTo: importId,
    });
    const [path = ''] = await writeFiles(outFolder, [file], existing);
    return { keep: true, result: { ...acknowledged, path } };
  });
}

/** The receipt of an import that was done. @throws LPX_UNDO_DONE when it was taken back */
export async function receiptOf(
  store: Store,
  entry: KeptImport,
  { now, by }: { readonly now: Date; readonly by: string },
): Promise<Acknowledgement> {
  if (entry.undoneBy !== undefined) throw new LpxError('LPX_UNDO_DONE', { id: entry.id, by: entry.undoneBy });
  const records = await recordsOf(store, entry);
  const receipt: Receipt = {
    lpxReceipt: 2,
    sendingSchool: entry.school,
    receivingSchool: store.school,
    package: { file: entry.file, bytes: entry.bytes, md5: entry.md5, contentsDigest: entry.contentsDigest },
    files: filesOf(records.flatMap((ofStudent) => ofStudent.records)),
    importId: entry.id,
    importedAt: entry.at.toISOString(),
    importedBy: entry.operator,
    issuedAt: now.toISOString(),
    issuedBy: by,
    logHead: await store.log.head(),
    students: studentsOf(entry, await store.recordOutcomes(entry.id), records),
  };
  return {
    receipt,
    students: namedOf(receipt, entry.students),
    from: await schoolOf(store, entry.school),
    signed: entry.reason !== 'unsigned',
  };
}

/** A student's records that an import took in. */
interface TakenRecords {
  readonly nationalId: string;
  readonly records: readonly PortfolioRecord<StoredAttachment>[];
}

async function recordsOf(store: Store, entry: KeptImport): Promise<TakenRecords[]> {
  const students: TakenRecords[] = [];
  for (const { nationalId } of entry.students) {
    const records = (await store.student(nationalId))?.records ?? [];
    students.push({ nationalId, records: records.filter(({ historyId }) => historyId === entry.id).map(({ record }) => record) });
  }
  return students;
}

/** The files of records, each once. */
function filesOf(records: readonly PortfolioRecord<StoredAttachment>[]): NonNullable<Receipt['files']> {
  const files = new Map<string, number>();
  for (const record of records)
    for (const slot of SLOTS) {
      const attachment = record[slot];
      if (attachment) files.set(attachment.sha256, attachment.bytes);
    }
  return [...files].map(([sha256, bytes]) => ({ sha256, bytes }));
}

const COURSE_RESULTS = HALF_WIRE.courseResults.property;

/** How a receipt names a student: it travels as plain text. */
const masked = (nationalId: string): string => `${nationalId.slice(0, -4)}****`;

/** Students with something new, and those who had it all before; by the national ids of the package. */
function studentsOf(entry: KeptImport, outcomes: readonly RecordOutcome[], records: readonly TakenRecords[]): Receipt['students'] {
  const ids = [...new Set([...entry.students.map((student) => student.nationalId), ...outcomes.map((outcome) => outcome.nationalId)])];
  return ids.map((nationalId) => {
    const taken = entry.students.find((student) => student.nationalId === nationalId);
    const own = outcomes.filter((outcome) => outcome.nationalId === nationalId);
    const same = own.filter(({ outcome }) => outcome === 'same');
    const courses = same.filter(({ list }) => list === COURSE_RESULTS).length;
    const performances = same.filter(({ list }) => MULTI_PERFORMANCE_WIRES.has(list)).length;
    const owed = records.filter((student) => student.nationalId === nationalId).flatMap((student) => student.records.flatMap(owedOf));
    return {
      nationalIdMasked: masked(taken?.sentAs?.nationalId || nationalId),
      courseResults: (taken?.courseResults ?? 0) + courses,
      multiPerformances: (taken?.multiPerformances ?? 0) + performances,
      alreadyHere: courses + performances,
      leftOut: own.flatMap(({ list, title, outcome }) =>
        outcome === 'uncertified' || outcome === 'unsound' ? [{ list, title, reason: outcome }] : [],
      ),
      ...(owed.length > 0 && { owed }),
    };
  });
}

const owedOf = (record: PortfolioRecord<unknown>) =>
  (record.owed ?? []).map(({ name, md5, why }) => ({
    list: wireListOf(record.list).wire,
    title: titleOf(record),
    file: name,
    md5,
    why,
  }));

export interface CheckedReceipt extends Acknowledgement {
  /** The export it acknowledges, by its number in the history. */
  readonly exportId: number;
  readonly receiving: Receiving;
  /** Whether the export was marked as received before. */
  readonly before: boolean;
  /** Records that the other school left out, as warnings. */
  readonly findings: readonly Finding[];
}

export interface CheckRequest {
  /** The receipt. */
  readonly file: string;
  readonly now: Date;
  /** Who checks, for the history. */
  readonly operator: string;
}

/**
 * Holds a receipt against the store's exports and marks the one it acknowledges as received.
 * @throws LPX_FILE_NOT_FOUND, LPX_RECEIPT_UNREADABLE; LPX_RECEIPT_UNKNOWN when no export is that package, LPX_RECEIPT_DIFFERS
 *   when the receipt does not match the export, with all differences: then nothing is marked
 */
export async function checkReceipt(store: Store, { file, now, operator }: CheckRequest): Promise<CheckedReceipt> {
  const receipt = await readReceipt(file);
  const { contentsDigest } = receipt.package;
  const entry = (await store.history({ kinds: ['export'], md5: receipt.package.md5 }))
    .filter((happened) => happened.kind === 'export')
    .find((exported) => isPackage(exported, receipt.package));
  if (!entry) throw new LpxError('LPX_RECEIPT_UNKNOWN', { package: receipt.package.file }, { place: { file: basename(file) } });
  const differing = [
    ...(entry.contentsDigest && contentsDigest ? differs('contentsDigest', entry.contentsDigest, contentsDigest) : []),
    ...differs('sendingSchool', store.school.code, receipt.sendingSchool || store.school.code),
    ...differs('receivingSchool', entry.school || receipt.receivingSchool.code, receipt.receivingSchool.code),
    ...studentDifferences(entry, receipt),
  ];
  const error = errorOf(differing);
  if (error) throw error;
  const before = entry.received !== undefined;
  const by = [receipt.receivingSchool.code, receipt.receivingSchool.name, receipt.issuedBy].filter(Boolean).join(' ');
  const receiving = entry.received ?? { at: new Date(receipt.issuedAt), by };
  if (!before)
    await store.change(async (change) => {
      await change.markReceived(
        entry.id,
        receiving,
        (receipt.files ?? []).map(({ sha256 }) => sha256),
      );
      await change.addHistory({
        kind: 'receipt',
        at: now,
        operator,
        file: basename(file),
        bytes: 0,
        folder: '',
        school: receipt.receivingSchool.code,
        md5: entry.md5,
        refersTo: entry.id,
        receiving,
      });
      return { keep: true, result: undefined };
    });
  const students = namedOf(receipt, entry.students);
  const acknowledged = { receipt, students, from: store.school, signed: undefined };
  return { ...acknowledged, exportId: entry.id, receiving, before, findings: leftOutFindings(receipt, students) };
}

/** Whether an export is the package of a receipt: by MD5 and size, and by the SHA-256 that version 0.1 kept where both have it. */
const isPackage = (exported: KeptExport, { md5, bytes, sha256 }: Receipt['package']): boolean =>
  exported.md5 === md5 && exported.bytes === bytes && (exported.sha256 === '' || !sha256 || exported.sha256 === sha256);

async function readReceipt(file: string): Promise<Receipt> {
  const bytes = await readSmall(file, RECEIPT_BYTES, 'file');
  const unreadable = new LpxError('LPX_RECEIPT_UNREADABLE', { file: basename(file) });
  let value: unknown;
  try {
    ({ value } = readJson(bytes, basename(file)));
  } catch (error) {
    throw error instanceof LpxError ? unreadable : error;
  }
  if (!isReceipt(value) || [value.issuedAt, value.importedAt].some((time) => Number.isNaN(Date.parse(time)))) throw unreadable;
  return value;
}

function differs(what: string, here: string | number, there: string | number, place: Place = {}): Finding[] {
  return here === there ? [] : [{ code: 'LPX_RECEIPT_DIFFERS', severity: 'error', place, facts: { what, here, there } }];
}

/** Every student that was sent has arrived, with as many records of each half, those left out among them. */
function studentDifferences(entry: KeptExport, receipt: Receipt): Finding[] {
  const sent = entry.students.map(({ nationalId, name, courseResults, multiPerformances }) => ({
    student: masked(nationalId),
    name,
    courseResults,
    multiPerformances,
  }));
  const arrived = receipt.students.map(({ nationalIdMasked, courseResults, multiPerformances, leftOut }) => {
    const left = (fits: (list: string) => boolean) => leftOut.filter(({ list }) => fits(list)).length;
    return {
      student: nationalIdMasked,
      courseResults: courseResults + left((list) => list === COURSE_RESULTS),
      multiPerformances: multiPerformances + left((list) => MULTI_PERFORMANCE_WIRES.has(list)),
    };
  });
  const [here, there] = [sent.sort(byStudent), arrived.sort(byStudent)];
  const [idsHere, idsThere] = [here, there].map((students) => students.map(({ student }) => student).join(' '));
  if (idsHere !== idsThere) return differs('students', idsHere as string, idsThere as string);
  return here.flatMap(({ student, name, ...counts }, i) =>
    HALVES.flatMap((half) => differs(half, counts[half], there[i]?.[half] ?? 0, { student, name })),
  );
}

type Counted = { readonly student: string } & Readonly<Record<'courseResults' | 'multiPerformances', number>>;

/** Masked, two ids may look the same: then by how much there is of them. */
const byStudent = (a: Counted, b: Counted): number =>
  a.student < b.student ? -1 : a.student > b.student ? 1 : a.courseResults - b.courseResults || a.multiPerformances - b.multiPerformances;

/** Who a student of a receipt is; both empty where the history does not say. */
export interface NamedStudent {
  readonly nationalId: string;
  readonly name: string;
}

/** The students of a receipt, as the history has them. */
function namedOf(receipt: Receipt, students: readonly HistoryStudent[]): NamedStudent[] {
  const rest = students.map(({ nationalId, name, sentAs }) => ({ nationalId: sentAs?.nationalId || nationalId, name }));
  return receipt.students.map(({ nationalIdMasked }) => {
    // Masked, two ids may look the same; the order is that of the history.
    const at = rest.findIndex(({ nationalId }) => masked(nationalId) === nationalIdMasked);
    return (at < 0 ? undefined : rest.splice(at, 1)[0]) ?? { nationalId: '', name: '' };
  });
}

/** What the other school left out, and what it still misses. */
const leftOutFindings = (receipt: Receipt, students: readonly NamedStudent[]): Finding[] =>
  receipt.students.flatMap(({ nationalIdMasked, leftOut, owed = [] }, i) => {
    const student = { student: nationalIdMasked, ...(students[i]?.name && { name: students[i].name }) };
    return [
      ...leftOut.map(({ list, title, reason }) => findingOf('LPX_RECEIPT_LEFT_OUT', 'warning', { ...student, list, title }, { reason })),
      ...owed.map(({ list, title, file, why }) =>
        findingOf('LPX_RECEIPT_OWED', 'warning', { ...student, list, title, file }, { file, owedWhy: why }),
      ),
    ];
  });
