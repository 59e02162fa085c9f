import { basename, resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { type ExportedPackage, type ExportResult, exportPackages } from '../../exchange/export.js';
import { withStore } from '../../exchange/school-store.js';
import { maskId } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import { canonicalCode } from '../../plain-text.js';
import { readNationalIds } from '../../roster/lists.js';
import { isSchoolCode } from '../../spec/identifiers/school-code.js';
import type { ExchangeReason } from '../../spec/status-changes.js';
import { isTerm } from '../../spec/terms.js';
import { dayFrom } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { newPasswordFor, type PasswordOptions } from '../passwords.js';
import { startProgress } from '../progress.js';
import { findingLines, findingOutput } from '../render/findings.js';
import { packageLines } from '../render/report.js';
import { cell, columns, countCells } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface ExportOptions extends PasswordOptions {
  readonly list?: string;
  readonly all?: boolean;
  readonly reason: ExchangeReason;
  readonly left?: string;
  readonly force?: boolean;
  readonly term: readonly string[];
  readonly to?: string;
  readonly out: string;
  readonly encryption: 'aes256' | 'zipcrypto';
}

/** `lpx export`: the package of one or more students, and its signature. */
export async function exportStudents(context: Context, nationalIds: readonly string[], options: ExportOptions): Promise<Outcome> {
  const left = dayFrom(context, options.left);
  for (const value of options.term) if (!isTerm(value)) throw new LpxError('LPX_TERM', { value });
  const toSchool = canonicalCode(options.to ?? '');
  if (options.to !== undefined && !isSchoolCode(toSchool)) throw new LpxError('LPX_SCHOOL_CODE', { value: options.to });
  const listed = options.list === undefined ? [] : await readNationalIds(resolve(context.cwd, options.list));
  const named = [...nationalIds, ...listed];
  if (named.length === 0 && !options.all) throw new LpxError('LPX_USAGE', { problem: context.messages.usage.noStudents });

  const password = await newPasswordFor(context, options);
  const passwordFile =
    options.generatePassword && options.passwordOut !== undefined ? resolve(context.cwd, options.passwordOut) : undefined;
  const progress = startProgress(context, context.messages.progress.exporting);
  const result = await withStore(storeFolder(context), async (store) =>
    exportPackages(store, {
      nationalIds: options.all ? (await store.students()).map((student) => student.nationalId) : named,
      skipEmpty: options.all === true,
      reason: options.reason,
      left,
      force: options.force === true,
      terms: options.term,
      toSchool,
      outFolder: resolve(context.cwd, options.out),
      encryption: options.encryption,
      password: progress.holdFor(password),
      passwordFile,
      now: context.now(),
      operator: context.operator(),
      onProgress: progress.update,
    }),
  ).finally(progress.stop);
  return outcomeOf(context, result, options.term, passwordFile);
}

function outcomeOf(context: Context, result: ExportResult, terms: readonly string[], passwordPath: string | undefined): Outcome {
  const { messages, paint } = context;
  const { packages, encryption, reason, forced, students, leftOut, skipped, findings } = result;
  const factsOf = ({ zipFile, digests, contentsDigest }: ExportedPackage) => ({
    file: basename(zipFile),
    ...digests,
    contentsDigest,
    encryption,
    school: basename(zipFile).slice(0, 6),
    createdAt: '',
  });
  return {
    json: {
      packages: packages.map((one) => ({ package: factsOf(one), path: one.zipFile, signaturePath: one.signatureFile })),
      ...(passwordPath !== undefined && { passwordPath }),
      reason,
      forced,
      terms,
      students: students.map(({ nationalId, ...rest }) => ({ nationalIdMasked: maskId(nationalId), ...rest })),
      skipped: skipped.map(maskId),
      leftOut: leftOut.map(({ nationalId, ...rest }) => ({ nationalIdMasked: maskId(nationalId), ...rest })),
      findings: findings.map((finding) => findingOutput(messages, finding)),
    },
    text: [
      `${paint.green('✔')} ${packages.length === 1 ? messages.export.done : fill(messages.export.severalDone, { count: packages.length })}`,
      ...packages.flatMap((one) => [
        ...packageLines(messages, paint, { ...factsOf(one), file: one.zipFile }, [[messages.labels.signature, one.signatureFile]]),
        '',
      ]),
      ...columns(
        students.map((student) => [maskId(student.nationalId), cell(student.name), ...countCells(messages.labels, student)]),
        '  ',
      ),
      ...leftOutLines(context, result),
      ...(skipped.length > 0
        ? ['', fill(messages.export.skipped, { count: skipped.length, students: skipped.map(maskId).join(', ') })]
        : []),
    ],
    notes: [
      ...findingLines(messages, paint, findings),
      ...(forced ? [paint.yellow(messages.history.overridden.LPX_EXCHANGE_NOT_NEEDED ?? '')] : []),
      encryption === 'zipcrypto' ? messages.export.weak : messages.export.needsAes,
      ...(passwordPath !== undefined ? [fill(messages.export.passwordAt, { file: passwordPath })] : []),
      messages.export.advice,
    ],
  };
}

function leftOutLines({ messages, paint }: Context, { leftOut }: ExportResult): string[] {
  if (leftOut.length === 0) return [];
  const rows = leftOut.map((one) => [
    maskId(one.nationalId),
    cell(one.list, 28),
    cell(one.title, 36),
    one.term,
    paint.yellow(messages.leftOut[one.reason]),
  ]);
  return ['', `${messages.export.leftOut} (${leftOut.length})`, ...columns(rows, '  ')];
}
