/** Appends what was verified to the history of a store: who checked which package, and what came of it. */
import { LpxError } from '../errors.js';
import type { Queued, Store } from '../store/store.js';
import { factsOfFile, isRefusal } from './import/refusal.js';
import { errorOfReport, type VerificationReport, type VerifyRequest, verifyPackage } from './verify.js';

/** A package as it was found. */
export interface CheckedPackage {
  readonly zipFile: string;
  /** Undefined when the file could not be read as a package at all. */
  readonly report?: VerificationReport | undefined;
  /** Undefined of one that is in order. */
  readonly error?: Pick<LpxError, 'code' | 'exitCode'> | undefined;
}

/** When, and by whom. */
export interface Checking extends Queued {
  readonly now: Date;
  readonly operator: string;
}

/** Verifies a package, and has noted what was found, also of a file that cannot be read as a package. @throws as `verifyPackage`, and what `note` throws */
export async function verifyNoted(request: VerifyRequest, note: (checked: CheckedPackage) => Promise<void>): Promise<VerificationReport> {
  const { zipFile } = request;
  const report = await verifyPackage(request).catch(async (error) => {
    if (error instanceof LpxError) await note({ zipFile, error });
    throw error;
  });
  await note({ zipFile, report, error: errorOfReport(report) });
  return report;
}

/**
 * Appends an entry for each package that was looked at, in their order; students of the package who are on the roll stand in it. What says
 * nothing of a package (a file that is not there, a failing disk) leaves no entry.
 * @throws LPX_STORE_BUSY, LPX_DISK_FULL, LPX_WRITE_FAILED, with nothing appended
 */
export async function noteVerifications(
  store: Store,
  checked: readonly CheckedPackage[],
  { now, operator, request }: Checking,
): Promise<void> {
  const judged = checked.filter(({ error }) => !error || isRefusal(error));
  if (judged.length === 0) return;
  const facts = await Promise.all(judged.map(({ zipFile, report }) => report?.package ?? factsOfFile(zipFile)));
  await store.change(async (change) => {
    for (const [i, { file, bytes, md5 }] of facts.entries()) {
      const { error, report } = judged[i] ?? {};
      const details = { md5, code: error?.code ?? '', ...(request !== undefined && { request }) };
      const historyId = await change.addHistory({ kind: 'verify', at: now, operator, file, bytes, details });
      const counted = error ? [] : (report?.students ?? []);
      const roll = await change.rollOf(counted.map(({ nationalId }) => nationalId));
      const students = counted.flatMap(({ nationalId, courseResults, multiPerformances, attachments }) => {
        const student = roll.get(nationalId);
        return student ? [{ studentId: student.id, courseResults, multiPerformances, attachments }] : [];
      });
      await change.addHistoryStudents(historyId, students);
    }
    return { keep: true, result: undefined };
  });
}
