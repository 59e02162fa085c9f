/** Writes the registers (名冊) that a school submits: what its students picked of a school year. */
import { type Finding, LpxError } from '../errors.js';
import { type Existing, type NewFile, nextVersion, writeFiles } from '../io/publish.js';
import { canonicalCode } from '../plain-text.js';
import { csv, workbook } from '../roster/tables.js';
import { studentPlace } from '../spec/place.js';
import { type BasicData, countsOf, HALVES, type PortfolioRecord, titleOf, wireListOf } from '../spec/portfolio.js';
import { type PickedItem, type Register, type RegisterBatch, type RegisterForm, registerOf, unplacedIn } from '../spec/registers.js';
import { limitFindings, overFinding, standingOf } from '../store/pickable-items.js';
import type { HistoryCounts, Store } from '../store/store.js';
import { studentIn } from '../store/students.js';
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
}

export interface RegisterResult {
  readonly academicYear: number;
  readonly students: number;
  readonly registers: readonly WrittenRegister[];
  /** Picks that are left out, and why; and what is over a limit of those that are in. */
  readonly findings: readonly Finding[];
}

/** @throws LPX_NOT_IN_STORE, LPX_NOTHING_PICKED, LPX_WRITE_FAILED, LPX_DISK_FULL; then no file is left */
export async function writeRegisters(store: Store, request: RegisterRequest): Promise<RegisterResult> {
  const { academicYear, batch, evening, format, outFolder } = request;
  const { picked, counted, findings } = await pickedOf(store, request);
  const registers: { readonly register: Register; readonly items: number; readonly files: readonly NewFile[] }[] = [];
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
    const items = register.sheets.slice(1).reduce((sum, sheet) => sum + sheet.rows.length - 1, 0);
    if (items > 0) registers.push({ register, items, files: await filesOf(register, `${store.school.code}_${academicYear}`, format) });
  }
  if (registers.length === 0) throw new LpxError('LPX_NOTHING_PICKED', { year: academicYear }, { findings });
  const files = await namedFor(
    request,
    registers.flatMap((register) => register.files),
  );
  const paths: string[] = [];
  await store.change(async (change) => {
    const [first, ...others] = files;
    const file = others.length === 0 ? (first?.name ?? '') : '';
    const happening = { at: request.now, operator: request.operator, file, bytes: 0, folder: outFolder };
    const historyId = await change.addHistory({ kind: 'register', ...happening, details: { academicYear, batch } });
    for (const { id, counts } of counted) await change.addHistoryStudent(historyId, id, counts);
    paths.push(...(await writeFiles(outFolder, files, request.existing)));
    return { keep: true, result: undefined };
  });
  return {
    academicYear,
    students: counted.length,
    findings,
    registers: registers.map(({ register: { name, number }, items, files }) => ({
      name,
      number,
      items,
      files: paths.splice(0, files.length),
    })),
  };
}

/** The files under their names, or under those of the next version when these are not to be replaced. */
const namedFor = ({ existing, outFolder }: RegisterRequest, files: readonly NewFile[]): Promise<readonly NewFile[]> | readonly NewFile[] =>
  existing === 'replace' ? files : nextVersion(outFolder, files);

/** The picks of a school year. A pick whose record is no longer certified is left out, and reported. */
async function pickedOf(store: Store, { academicYear, nationalIds, includeLeft }: RegisterRequest) {
  const everyone = nationalIds.length > 0 ? [] : await studentsHere(store, includeLeft === true);
  const named = [...new Set([...nationalIds, ...everyone.map((student) => student.nationalId)].map(canonicalCode))];
  const picked: PickedItem[] = [];
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
