import { resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { type Acknowledgement, checkReceipt, type NamedStudent, type Receipt, writeReceipt } from '../../exchange/receipt.js';
import { withStore } from '../../exchange/school-store.js';
import { fill } from '../../messages/messages.js';
import type { Verdict } from '../../report/model.js';
import { entryNumber } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { type HtmlOptions, htmlFile, withPage } from '../html-file.js';
import { findingOutput } from '../render/findings.js';
import { frameOf, receiptOnPaper } from '../render/html.js';
import { COUNTED_STUDENT, cell, columns, fittingColumns, localTime } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface ReceiptOptions extends HtmlOptions {
  readonly check?: string;
  readonly by?: string;
  readonly out: string;
}

/** `lpx receipt`: acknowledges an import, or checks an acknowledgement against what was exported. */
export async function receipt(context: Context, importId: string | undefined, options: ReceiptOptions): Promise<Outcome> {
  if ((importId === undefined) === (options.check === undefined))
    throw new LpxError('LPX_USAGE', { problem: context.messages.usage.receiptOrCheck });
  return options.check === undefined
    ? write(context, importId as string, options)
    : check(context, resolve(context.cwd, options.check), options);
}

async function write(context: Context, importId: string, options: ReceiptOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const { by, out, overwrite } = options;
  const html = htmlFile(context, options, 'other files too');
  const { path, ...acknowledged } = await withStore(storeFolder(context), (store) =>
    writeReceipt(store, {
      importId: entryNumber(context, '<import-id>', importId),
      outFolder: resolve(context.cwd, out),
      existing: overwrite ? 'replace' : 'keep',
      now: context.now(),
      by: by ?? context.operator(),
    }),
  );
  const { receipt, students } = acknowledged;
  const outcome = {
    json: { receipt, path },
    text: [`${paint.green('✔')} ${fill(messages.receipt.done, { file: path })}`, ...receiptLines(context, receipt, students)],
    notes: [fill(messages.receipt.send, { school: receipt.sendingSchool })],
  };
  return withPage(context, outcome, html, () => receiptPage(context, acknowledged));
}

/** The receipt as `lpx slip` prints it, too. */
async function receiptPage(context: Context, acknowledged: Acknowledgement, checked?: Verdict): Promise<string> {
  const { paperReceipt } = await import('../../report/slip.js');
  return paperReceipt(frameOf(context), receiptOnPaper(acknowledged, checked));
}

async function check(context: Context, file: string, options: ReceiptOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const html = htmlFile(context, options, 'other files too');
  const { exportId, receiving, before, findings, ...acknowledged } = await withStore(storeFolder(context), (store) =>
    checkReceipt(store, { file, now: context.now(), operator: context.operator() }),
  );
  const { receipt, students } = acknowledged;
  const { receipt: words } = messages;
  const marked = fill(before ? words.before : words.marked, { id: exportId });
  const outcome = {
    json: {
      receipt,
      exportId,
      receivedAt: receiving.at.toISOString(),
      receivedBy: receiving.by,
      before,
      findings: findings.map((finding) => findingOutput(messages, finding)),
    },
    text: [`${paint.green('✔')} ${words.fits}`, ...receiptLines(context, receipt, students), marked],
    findings,
  };
  const page = () => receiptPage(context, acknowledged, { mood: 'good', title: words.fits, lines: [marked] });
  const nationalIds = students.map(({ nationalId }) => nationalId);
  return withPage(context, outcome, html && { ...html, output: { command: 'receipt', of: exportId, nationalIds } }, page);
}

function receiptLines(context: Context, receipt: Receipt, named: readonly NamedStudent[]): string[] {
  const { package: sent, receivingSchool, students, importedAt, issuedBy } = receipt;
  const { messages, paint } = context;
  const { labels, receipt: words } = messages;
  const facts = [
    [labels.package, sent.file],
    [labels.school, cell(`${receivingSchool.code} ${receivingSchool.name}`)],
    [words.imported, localTime(new Date(importedAt))],
    [labels.by, cell(issuedBy)],
    ['MD5', sent.md5],
    ...(sent.contentsDigest ? [[labels.contentsDigest, sent.contentsDigest]] : []),
  ];
  const rows = students.map(({ nationalIdMasked, courseResults, multiPerformances, alreadyHere, leftOut, owed = [] }, i) => [
    nationalIdMasked,
    named[i]?.name ?? '',
    labels.courseResults,
    courseResults,
    labels.multiPerformances,
    multiPerformances,
    ...(alreadyHere > 0 ? [words.alreadyHere, alreadyHere] : []),
    ...(leftOut.length > 0 ? [paint.yellow(words.leftOut), leftOut.length] : []),
    ...(owed.length > 0 ? [paint.yellow(messages.debts.owed), owed.length] : []),
  ]);
  return [...columns(facts, '  '), ...fittingColumns(context, rows, COUNTED_STUDENT, '  ')];
}
