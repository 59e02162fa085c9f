/** Lays out every student once, to find what is wrong and what fits into which package. Little is kept of each. */
import { type Code, errorOf, type Finding } from '../../errors.js';
import { addedSizes, EMPTY_SIZE, limitExceeded, type PackageSize, WRITABLE } from '../../package/limits.js';
import type { PersonalWords } from '../../package/password-strength.js';
import { canonicalCode } from '../../plain-text.js';
import { BoundedFindings, type UnfitStudent } from '../../spec/findings.js';
import type { Sending } from '../../store/package-claims.js';
import { showTo } from '../../store/records/seen-files.js';
import { referenceDataFor } from '../../store/reference-data.js';
import type { HistoryEntry, Store } from '../../store/store.js';
import { absentStudent } from '../../store/students.js';
import type { ExportedStudent, ExportRequest, LeftOut, SentStudent, SkippedStudent } from '../export.js';
import { type Draft, digestOf, layOut, sizeOf } from './draft.js';
import {
  basicDataMissing,
  bounded,
  dayFindings,
  exportedAlready,
  hindranceOf,
  nothingToExport,
  ON_THE_CLERKS_WORD,
  studentFindings,
} from './findings.js';
import { select } from './selection.js';

/** A student as planned: where and by what their draft is known when the package is written. */
export interface PlannedStudent {
  readonly summary: Omit<ExportedStudent, 'file'>;
  /** The contents digest of the draft. */
  readonly digest: string;
  /** Of a batch, whose packages are small and written at once; else it is laid out again when the package is written. */
  readonly draft?: Draft | undefined;
}

/** The students of one package. */
export interface PlannedPackage {
  readonly students: PlannedStudent[];
  size: PackageSize;
}

interface Plan {
  readonly packages: readonly PlannedPackage[];
  readonly overridden: ReadonlySet<Code>;
  readonly skipped: readonly SkippedStudent[];
  readonly sent: readonly SentStudent[];
  readonly unfit: readonly UnfitStudent[];
  readonly leftOut: readonly LeftOut[];
  readonly findings: readonly Finding[];
  /** Strings that a password must not be made of. */
  readonly personal: PersonalWords;
}

/** Lays out every student once: which records, whether they may be exported, and how much fits into a package. */
export async function planPackages(store: Store, request: ExportRequest): Promise<Plan> {
  const packages: PlannedPackage[] = [];
  const skipped: (SkippedStudent & { readonly finding: Finding })[] = [];
  const sent: SentStudent[] = [];
  const unfit: UnfitStudent[] = [];
  const leftOut: LeftOut[] = [];
  const ofDay = dayFindings(request);
  const found = new BoundedFindings().add(ofDay);
  const birthDates: string[] = [];
  const wanted = new Set(request.nationalIds.map(canonicalCode));
  const awaiting = await exportsAwaitingReceipt(store, wanted);
  for (const nationalId of wanted) {
    const student = await store.student(nationalId);
    if (!student) {
      const finding = await absentStudent(store, nationalId, request.namedAt?.get(nationalId));
      unfit.push({ nationalId: finding.place.student ?? '', name: '', findings: [finding] });
      continue;
    }
    const { name } = student.basicData;
    const selection = await select(store, student, request);
    leftOut.push(...selection.leftOut);
    const hindrance = hindranceOf(student, selection, request);
    if (hindrance?.severity === 'error') {
      const reason = hindrance.code === 'LPX_NOTHING_TO_EXPORT' ? 'empty' : 'late';
      if (request.skipEmpty) skipped.push({ nationalId, name, reason, finding: hindrance });
      else unfit.push({ nationalId, name, findings: [student.listed ? basicDataMissing(student, request) : hindrance] });
      continue;
    }
    if (student.listed) {
      unfit.push({ nationalId, name, findings: [basicDataMissing(student, request)] });
      continue;
    }
    const { portfolio } = selection;
    const { draft, document } = layOut(student.id, portfolio);
    const before = request.batch && !request.batch.resend ? await store.claims.sentBefore(sendingOf(draft, request)) : undefined;
    if (before) {
      sent.push({ nationalId, name, ...before });
      continue;
    }
    const known = await referenceDataFor(store, [portfolio]);
    const ofStudent = [
      ...(hindrance ? [hindrance] : []),
      ...studentFindings({ student, portfolio, draft, document, known }, store.school.code, request),
    ];
    if (errorOf(ofStudent)) unfit.push({ nationalId, name, findings: ofStudent });
    else {
      const earlier = awaiting.get(nationalId);
      found.add([...ofStudent, ...(earlier ? [exportedAlready(student, earlier)] : [])]);
      addToPackages(packages, draft, request);
      await showTo(request.seen, store, portfolio);
      birthDates.push(student.basicData.birthDate);
    }
  }
  const against = unfit.flatMap(({ findings }) => findings);
  const findings = found.list();
  const nobodyLeft = packages.length === 0 && sent.length === 0;
  if (nobodyLeft && against.length === 0) against.push(skipped[0]?.finding ?? nothingToExport({}, 0));
  const refusal = errorOf(findings) || !request.skipUnfit || nobodyLeft ? errorOf([...findings, ...bounded(against)]) : undefined;
  if (refusal) throw refusal;
  const overridden = new Set(findings.map(({ code }) => code).filter((code) => ON_THE_CLERKS_WORD.has(code)));
  const students = packages.flatMap((planned) => planned.students);
  const nationalIds = students.map(({ summary }) => summary.nationalId);
  return {
    packages,
    overridden,
    skipped: skipped.map(({ finding: _, ...student }) => student),
    sent,
    unfit,
    leftOut: leftOut.filter(({ nationalId }) => !unfit.some((student) => student.nationalId === nationalId)),
    findings,
    personal: { nationalIds, birthDates, schoolCodes: [store.school.code, request.toSchool].filter(Boolean) },
  };
}

/** The newest export of each student, where no receipt has come for it. For one student the others' exports are not read. */
async function exportsAwaitingReceipt(store: Store, nationalIds: ReadonlySet<string>): Promise<Map<string, HistoryEntry>> {
  const newest = new Map<string, HistoryEntry>();
  const student = nationalIds.size === 1 ? [...nationalIds][0] : undefined;
  for (const entry of await store.history({ kinds: ['export'], student })) {
    if (entry.undoneBy !== undefined) continue;
    for (const { nationalId } of entry.students) if (!newest.has(nationalId)) newest.set(nationalId, entry);
  }
  return new Map([...newest].filter(([, entry]) => entry.kind === 'export' && !entry.received));
}

const sendingOf = (draft: Draft, { toSchool }: ExportRequest): Sending => ({
  studentId: draft.studentId,
  contentsDigest: digestOf(draft),
  school: toSchool,
});

/** As many drafts are kept from planning to writing: the document of a student takes some 50 kB. */
const KEPT_DRAFTS = 100;

/** Puts a student into the last package, or begins one. */
function addToPackages(packages: PlannedPackage[], draft: Draft, { limits = WRITABLE, batch }: ExportRequest): void {
  const draftSize = sizeOf(draft);
  const isKept = batch !== undefined && packages.flatMap(({ students }) => students).length < KEPT_DRAFTS;
  const planned = {
    summary: { ...draft.summary, bytes: draftSize.total },
    digest: digestOf(draft),
    ...(isKept && { draft }),
  };
  const last = packages.at(-1);
  const size = addedSizes(last?.size ?? EMPTY_SIZE, draftSize);
  if (last && !limitExceeded(size, limits)) {
    last.students.push(planned);
    last.size = size;
  } else packages.push({ students: [planned], size: draftSize });
}
