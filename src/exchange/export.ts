/**
 * Exports students: selects what an exchange carries, lays it out, and writes it into packages with their signatures.
 * One package, or as many as the limits of readers ask for. Students are gone over twice: once to find what is wrong and
 * what fits into which package, of which little is kept; and once more for each package when it is written. So memory is
 * that of one package, whatever the number of students.
 */
import { type Code, type Finding, LpxError, type Place } from '../errors.js';
import { assertFree } from '../io/publish.js';
import type { PackageSize } from '../package/limits.js';
import type { NewPasswordSource } from '../package/password-source.js';
import type { SharedFiles } from '../package/writer.js';
import type { UnfitStudent } from '../spec/findings.js';
import type { RecordCounts } from '../spec/portfolio.js';
import type { Unfit } from '../spec/rules/eligibility.js';
import type { SeenContents } from '../spec/seen-contents.js';
import type { ExchangeReason } from '../spec/status-changes.js';
import type { Day } from '../spec/terms.js';
import type { WorkFolder } from '../store/processes/work-folder.js';
import type { Store } from '../store/store.js';
import type { RandomSource } from '../zip/content.js';
import { ZipEngine } from '../zip/engine.js';
import type { Digests } from '../zip/threads/digest.js';
import type { Encryption } from '../zip/writer.js';
import { passwordOf } from './export/password.js';
import { planPackages } from './export/plan.js';
import { writePackages } from './export/write.js';

export interface ExportRequest {
  readonly nationalIds: readonly string[];
  /** Where a list names a student, by national id: part of the place of their errors. */
  readonly namedAt?: ReadonlyMap<string, Place> | undefined;
  /** Go on without students who have nothing to export, or whose year was over: nobody asked for them by name. */
  readonly skipEmpty: boolean;
  /** Skip students with errors, as long as one is left. */
  readonly skipUnfit?: boolean | undefined;
  /** Work everything out, and write nothing. */
  readonly dryRun?: boolean | undefined;
  readonly reason: ExchangeReason;
  /** The students' last day here. */
  readonly left: Day;
  /** Export although the rules say that no exchange is needed; the history records it. */
  readonly force: boolean;
  /** Take a last day that the records or the calendar speak against; the history remembers. */
  readonly acceptLeft?: boolean | undefined;
  /** Export records although files of theirs are owed, or the store has lost them. */
  readonly acceptPartial?: boolean | undefined;
  /** Terms like `1081`; empty for all. */
  readonly terms: readonly string[];
  /** The receiving school, for the history; may be empty. */
  readonly toSchool: string;
  readonly outFolder: string;
  readonly encryption: Encryption;
  /** A function is asked once it is known that there is something to export. */
  readonly password: NewPasswordSource;
  /** Take a password that is easily guessed; the history remembers. */
  readonly weakPassword?: boolean | undefined;
  /** A new file that the password is written to, readable by its owner alone. */
  readonly passwordFile?: string | undefined;
  readonly now: Date;
  /** Who exports, for the history. */
  readonly operator: string;
  readonly random?: RandomSource;
  /** How much is put into one package; by default, as much as readers accept. */
  readonly limits?: PackageSize;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Of a batch: what goes on is known by it, and what was sent before is not sent again. */
  readonly batch?: ExportOfBatch | undefined;
  /** The engine to write with, which lives longer than the export; without it, the export has its own. */
  readonly engine?: ZipEngine | undefined;
  /** Files that other exports carry too: they are read once. */
  readonly shared?: SharedFiles | undefined;
  /** Collects what is exported for a report. */
  readonly seen?: SeenContents | undefined;
}

export interface ExportOfBatch {
  /** What the history knows the packages by (`BatchJournal`). */
  readonly job: string;
  /** Send also what went to the same school before and has not changed since. */
  readonly resend: boolean;
  /** The run of the command that has a worker make the packages, for the history; undefined where none does. */
  readonly request?: string | undefined;
  /** By which others see that the thread lives: the same for all jobs of a thread, one after the other. */
  readonly work: WorkFolder;
  /** Called once everything is written, and before anything of it has its name. What it throws ends the export. */
  readonly beforePublishing: (packages: readonly { readonly file: string; readonly md5: string }[]) => Promise<void>;
}

export interface NamedStudent {
  readonly nationalId: string;
  readonly name: string;
}

/** A record that stays at home, and why. */
export interface LeftOut extends NamedStudent {
  readonly list: string;
  readonly title: string;
  readonly term: string;
  readonly reason: Unfit | 'other-term';
}

/** A student whom nobody asked for by name and who has nothing to export, or whose year was over. */
export interface SkippedStudent extends NamedStudent {
  readonly reason: 'empty' | 'late';
}

/** A student of a batch whose records and files went to the same school before, as they are. */
export interface SentStudent extends NamedStudent {
  /** The package that they went in, and when. */
  readonly file: string;
  readonly at: Date;
}

export interface ExportedStudent extends NamedStudent, RecordCounts {
  /** The package the student is in, by its base name; empty of a dry run. */
  readonly file: string;
  /** The part of the student's data that is exported, before it is packed. */
  readonly bytes: number;
  /** The exported course results, each with the school and code it keeps. */
  readonly courses: readonly {
    readonly title: string;
    readonly courseCode: string;
    readonly originSchoolCode: string;
    readonly term: string;
  }[];
}

/** A package that was written and published. */
export interface ExportedPackage {
  readonly zipFile: string;
  readonly signatureFile: string;
  readonly digests: Digests;
  /** See `contentsDigest`. */
  readonly contentsDigest: string;
  /** Local time, as the package's name has it. */
  readonly createdAt: string;
}

export interface ExportResult {
  /** In the order of their students; none of a dry run. */
  readonly packages: readonly ExportedPackage[];
  /** How many packages there are, or would be. */
  readonly packageCount: number;
  readonly dryRun: boolean;
  readonly encryption: Encryption;
  readonly reason: ExchangeReason;
  /** The receiving school; may be empty. */
  readonly toSchool: string;
  /** The rules that the clerk set aside for it. */
  readonly overridden: readonly Code[];
  readonly students: readonly ExportedStudent[];
  readonly skipped: readonly SkippedStudent[];
  /** None unless the export is of a batch. */
  readonly sent: readonly SentStudent[];
  /** Students who were asked for and are left out; none unless the request says `skipUnfit`. */
  readonly unfit: readonly UnfitStudent[];
  readonly leftOut: readonly LeftOut[];
  readonly findings: readonly Finding[];
}

/**
 * Exports students: course results that their teacher certified and multi-performances that were uploaded, of the terms
 * asked for; basic data with every cadre post. All packages are published at the end, or none.
 * @throws LPX_TO_OWN_SCHOOL, LPX_NOT_IN_STORE, LPX_NOTHING_TO_EXPORT, LPX_EXCHANGE_NOT_NEEDED when a student left after the school year was
 *   over, LPX_LEFT_TOO_EARLY, LPX_LEFT_IN_FUTURE, LPX_STUDENT_TOO_LARGE, and the errors of the data: the first of them, with
 *   all of all students; LPX_STUDENT_CHANGED when somebody changes a student meanwhile; LPX_PASSWORD_UNSUITABLE,
 *   LPX_PASSWORD_WEAK, LPX_ATTACHMENT_LOST, LPX_ATTACHMENT_BROKEN, LPX_DISK_FULL, LPX_WRITE_FAILED; then no package is left
 */
export async function exportPackages(store: Store, request: ExportRequest): Promise<ExportResult> {
  if (request.toSchool === store.school.code) throw new LpxError('LPX_TO_OWN_SCHOOL', { code: request.toSchool });
  const started = performance.now();
  const clock = () => new Date(request.now.getTime() + performance.now() - started);
  if (request.passwordFile !== undefined) await assertFree(request.passwordFile);
  const plan = await planPackages(store, request);
  const { encryption, reason, toSchool } = request;
  const { skipped, sent, unfit, leftOut, findings } = plan;
  const result = { packageCount: plan.packages.length, encryption, reason, toSchool, skipped, sent, unfit, leftOut };
  if (request.dryRun) {
    const students = plan.packages.flatMap((planned) => planned.students.map(({ summary }) => ({ ...summary, file: '' })));
    return { ...result, dryRun: true, packages: [], students, overridden: [...plan.overridden], findings };
  }
  if (plan.packages.length === 0) return { ...result, dryRun: false, packages: [], students: [], overridden: [], findings };
  const ownEngine = request.engine ? undefined : new ZipEngine();
  const engine = request.engine ?? (ownEngine as ZipEngine);
  let password: Buffer | undefined;
  try {
    ownEngine?.expect(plan.packages[0]?.size.total ?? 0);
    const checked = await passwordOf(request, plan.personal);
    password = checked.password;
    const overridden = [...plan.overridden, ...checked.overridden];
    const written = await writePackages(store, { ...request, engine, password, clock, overridden }, plan.packages);
    return { ...result, ...written, dryRun: false, overridden, findings: [...findings, ...checked.findings] };
  } finally {
    await ownEngine?.close();
    password?.fill(0);
  }
}
