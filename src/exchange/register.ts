/** Writes the registers (名冊) that a school submits: what its students picked of a school year. */
import { type Finding, LpxError } from '../errors.js';
import { distinctNames, safeName } from '../io/file-names.js';
import { type CopiedFile, type Existing, type NewFile, nextVersion, refuseOthers, writeFiles } from '../io/publish.js';
import { canonicalCode } from '../plain-text.js';
import { csv, workbook } from '../roster/tables.js';
import { filePlace, studentPlace } from '../spec/place.js';
import { type BasicData, countsOf, HALVES, type PortfolioRecord, SLOTS, titleOf, wireListOf } from '../spec/portfolio.js';
import {
  filesFolderOf,
  type PickedItem,
  type Register,
  type RegisterBatch,
  type RegisterForm,
  registerOf,
  rowFileName,
  unplacedIn,
} from '../spec/registers.js';
import { copiesOf, type FileCopy, namingAllDamage } from '../store/records/file-copies.js';
import { limitFindings, overFinding, standingOf } from '../store/records/pickable-items.js';
import type { HistoryCounts, Store, StoredAttachment } from '../store/store.js';
import { studentIn } from '../store/students.js';
import { partsOf } from './files.js';
import { studentsHere } from './students.js';

export interface RegisterRequest {
  /** ROC school year. */
  readonly academicYear: number;
  /** Empty for every student who is at the school. */
  readonly nationalIds: readonly string[];
  /** With no student named, also those who left. */
  readonly includeLeft?: boolean | undefined;
  readonly batch: RegisterBatch;
  readonly evening: boolean;
  readonly format: 'xlsx' | 'csv';
  /** Also copy the files of the picked records, named as the rows, into a folder next to each register. */
  readonly withFiles?: boolean | undefined;
  readonly outFolder: string;
  readonly now: Date;
  /** Who makes it, for the history. */
  readonly operator: string;
  /** What becomes of registers that are there already; without it they stay, and these are the next version. */
  readonly existing?: Existing;
}

export interface WrittenRegister {
  readonly name: string;
  /** 名冊別 */
  readonly number: string;
  readonly items: number;
  /** Paths; one workbook, or the CSV files of the sheets that hold anything. */
  readonly files: readonly string[];
  /** Paths of the files of its records; none unless they are asked for. */
  readonly attached: readonly string[];
}

export interface RegisterResult {
  readonly academicYear: number;
  readonly students: number;
  readonly registers: readonly WrittenRegister[];
  /** Picks that are left out, and why; and what is over a limit of those that are in. */
  readonly findings: readonly Finding[];
}

/**
 * @throws LPX_NOT_IN_STORE, LPX_NOTHING_PICKED, LPX_WRITE_FAILED, LPX_DISK_FULL; with files also LPX_ATTACHMENT_LOST and LPX_ATTACHMENT_BROKEN;
 *   then no file is left
 */
export async function writeRegisters(store: Store, request: RegisterRequest): Promise<RegisterResult> {
  const { academicYear, batch, evening, format, outFolder } = request;
  const { picked, counted, findings } = await pickedOf(store, request);
  const registers: PlannedRegister[] = [];
  for (const kind of HALVES) {
    const form: RegisterForm = { kind, batch, evening };
    const unplaced = unplacedIn(picked, form);
    findings.push(...unplaced.map(({ record, student }) => leftOut(student, record, 'noSheet')));
    const register = registerOf(
      picked.filter((item) => !unplaced.includes(item)),
      form,
      store.school.code,
      academicYear,
    );
    const items = register.sheets.reduce((sum, sheet) => sum + sheet.items.length, 0);
    const prefix = `${store.school.code}_${academicYear}`;
    const copies = request.withFiles ? copiesBy(register, prefix) : [];
    if (items > 0) registers.push({ register, items, files: await filesOf(register, prefix, format), copies });
  }
  if (registers.length === 0) throw new LpxError('LPX_NOTHING_PICKED', { year: academicYear }, { findings });
  const copies = registers.flatMap((register) => register.copies);
  const files = await namedFor(
    request,
    registers.flatMap((register) => [...register.files, ...copiesOf(store, register.copies)]),
  );
  if (request.existing === 'replace') refuseOthers(outFolder, files);
  const tables = files.filter((file) => 'content' in file);
  const happening = {
    at: request.now,
    operator: request.operator,
    file: tables.length === 1 ? (tables[0]?.name ?? '') : '',
    bytes: 0,
    folder: outFolder,
    details: { academicYear, batch, ...(request.withFiles && { files: copies.length }) },
  };
  const within = (publish: () => Promise<void>) =>
    store.change(async (change) => {
      const historyId = await change.addHistory({ kind: 'register', ...happening });
      for (const { id, counts } of counted) await change.addHistoryStudent(historyId, id, counts);
      await publish();
      return { keep: true, result: undefined };
    });
  const paths = await namingAllDamage(store, copies, () => writeFiles(outFolder, files, request.existing, { within }));
  return {
    academicYear,
    students: counted.length,
    findings,
    registers: registers.map(({ register: { name, number }, items, ...planned }) => ({
      name,
      number,
      items,
      files: paths.splice(0, planned.files.length),
      attached: paths.splice(0, planned.copies.length),
    })),
  };
}

interface PlannedRegister {
  readonly register: Register<StoredAttachment>;
  readonly items: number;
  readonly files: readonly NewFile[];
  readonly copies: readonly FileCopy[];
}

/** The files under their names, or under those of the next version when these are not to be replaced. */
const namedFor = async (
  { existing, outFolder }: RegisterRequest,
  files: readonly (NewFile | CopiedFile)[],
): Promise<readonly (NewFile | CopiedFile)[]> => (existing === 'replace' ? files : nextVersion(outFolder, files));

/** The files of a register's records, in a folder for each sheet, by the rows. */
function copiesBy({ name, sheets }: Register<StoredAttachment>, prefix: string): FileCopy[] {
  const nameOf = distinctNames();
  return sheets.flatMap((sheet) => {
    const folder = `${filesFolderOf(`${prefix}_${name}`)}/${safeName(sheet.name, '', name)}`;
    return sheet.items.flatMap((item, row) =>
      SLOTS.flatMap((slot) => {
        const attachment = item.record[slot];
        if (!attachment) return [];
        const list = wireListOf(item.record.list);
        const place = { ...studentPlace(item.student), list: list.wire, title: titleOf(item.record) };
        return [
          {
            sha256: attachment.sha256,
            name: `${folder}/${nameOf(folder, rowFileName(item, row, slot), partsOf(attachment).extension, name)}`,
            place: filePlace(place, list, slot, attachment.name),
          },
        ];
      }),
    );
  });
}

/** The picks of a school year. A pick whose record is no longer certified is left out, and reported. */
async function pickedOf(store: Store, { academicYear, nationalIds, includeLeft }: RegisterRequest) {
  const everyone = nationalIds.length > 0 ? [] : await studentsHere(store, includeLeft === true);
  const named = [...new Set([...nationalIds, ...everyone.map((student) => student.nationalId)].map(canonicalCode))];
  const picked: PickedItem<StoredAttachment>[] = [];
  const findings: Finding[] = [];
  const counted: { readonly id: number; readonly counts: HistoryCounts }[] = [];
  for (const nationalId of named) {
    const student = await studentIn(store, nationalId);
    const { items: all, over } = standingOf(student);
    const items = all.filter((item) => item.state === 'picked' && item.schoolYear === academicYear);
    const fit = items.filter((item) => item.unfit === undefined);
    for (const item of items) if (item.unfit) findings.push(leftOut(student.basicData, item.stored.record, item.unfit));
    if (fit.length > 0)
      for (const excess of over.filter(({ schoolYear }) => [0, academicYear].includes(schoolYear)))
        findings.push(overFinding(excess, 'warning', studentPlace(student.basicData)));
    for (const item of fit) findings.push(...limitFindings(student.basicData, item));
    if (fit.length > 0) counted.push({ id: student.id, counts: countsOf(fit.map(({ stored }) => stored.record)) });
    picked.push(
      ...fit.map(({ stored: { record, provenance } }) => ({ student: student.basicData, record, received: provenance === 'received' })),
    );
  }
  return { picked, counted, findings };
}

const leftOut = (student: BasicData, record: PortfolioRecord<unknown>, reason: string): Finding => ({
  code: 'LPX_REGISTER_UNPLACED',
  severity: 'warning',
  place: { ...studentPlace(student), list: wireListOf(record.list).wire, title: titleOf(record) },
  facts: { reason },
});

async function filesOf({ name, sheets }: Register, prefix: string, format: 'xlsx' | 'csv'): Promise<NewFile[]> {
  if (format === 'xlsx') return [await workbook(`${prefix}_${name}`, sheets)];
  return sheets.filter((sheet) => sheet.rows.length > 1).map((sheet) => csv(`${prefix}_${name}_${sheet.name}`, sheet));
}
