import { resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { checkReceipt, type NamedStudent, type Receipt, writeReceipt } from '../../exchange/receipt.js';
import { withStore } from '../../exchange/school-store.js';
import { fill, type Messages } from '../../messages/messages.js';
import type { Report, ReportTable } from '../../report/model.js';
import { taipeiTime } from '../../spec/terms.js';
import { wholeNumber } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { type HtmlOptions, htmlFile, withReport } from '../html-file.js';
import { findingOutput } from '../render/findings.js';
import { countedStudent, reportFindings, reportHead } from '../render/html.js';
import { cell, columns, localTime, NAME_COLUMNS, size } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface ReceiptOptions extends HtmlOptions {
  readonly check?: string;
  readonly by?: string;
  readonly out: string;
}

const LARGEST_ID = 999_999_999;

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
  const { receipt, path, students } = await withStore(storeFolder(context), (store) =>
    writeReceipt(store, {
      importId: wholeNumber(context, '<import-id>', importId, { from: 1, to: LARGEST_ID }),
      outFolder: resolve(context.cwd, out),
      existing: overwrite ? 'replace' : 'keep',
      now: context.now(),
      by: by ?? context.operator(),
    }),
  );
  const outcome = {
    json: { receipt, path },
    text: [`${paint.green('✔')} ${fill(messages.receipt.done, { file: path })}`, ...receiptLines(context, receipt, students)],
    notes: [fill(messages.receipt.send, { school: receipt.sendingSchool })],
  };
  return withReport(context, outcome, html, () => receiptReport(context, receipt, students));
}

/** A receipt on paper: for the files of a school, with ids whole. */
function receiptReport(context: Context, receipt: Receipt, named: readonly NamedStudent[]): Report {
  const { messages } = context;
  const { labels, receipt: words, report } = messages;
  return {
    ...reportHead(context, 'receipt', receipt.package.file),
    packages: [
      [
        { name: labels.package, value: receipt.package.file, isCode: true },
        { name: report.size, value: size(receipt.package.bytes) },
        { name: report.sendingSchool, value: receipt.sendingSchool },
        { name: report.receivingSchool, value: `${receipt.receivingSchool.code} ${receipt.receivingSchool.name}` },
        { name: report.importId, value: String(receipt.importId) },
        { name: words.imported, value: taipeiTime(new Date(receipt.importedAt)), isDate: true },
        { name: report.issued, value: taipeiTime(new Date(receipt.issuedAt)), isDate: true },
        { name: labels.by, value: receipt.issuedBy },
        { name: 'MD5', value: receipt.package.md5, isCode: true },
        { name: labels.contentsDigest, value: receipt.package.contentsDigest ?? '', isCode: true },
      ],
    ],
    students: receipt.students.map(({ nationalIdMasked, courseResults, multiPerformances, alreadyHere, leftOut }, i) => {
      const { nationalId, name } = named[i] ?? { nationalId: '', name: '' };
      const remarks = [
        alreadyHere > 0 ? `${words.alreadyHere} ${alreadyHere}` : '',
        leftOut.length > 0 ? `${words.leftOut} ${leftOut.length}` : '',
      ];
      const counts = { courseResults, multiPerformances };
      return countedStudent(
        { nationalId: nationalId || nationalIdMasked, name, ...counts },
        remarks.filter(Boolean).join(messages.usage.and),
      );
    }),
    tables: leftOutTables(messages, receipt, named),
    signers: ['clerk'],
  };
}

function leftOutTables(messages: Messages, { students }: Receipt, named: readonly NamedStudent[]): ReportTable[] {
  const { labels, report, receipt: words } = messages;
  const rows = students.flatMap(({ leftOut }, i) =>
    leftOut.map(({ list, title, reason }) => [named[i]?.name ?? '', list, title, messages.outcomes[reason]]),
  );
  return rows.length === 0 ? [] : [{ caption: words.leftOut, columns: [labels.name, labels.list, labels.title, report.remark], rows }];
}

async function check(context: Context, file: string, options: ReceiptOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const html = htmlFile(context, options, 'other files too');
  const { receipt, exportId, receiving, before, findings, students } = await withStore(storeFolder(context), (store) =>
    checkReceipt(store, { file, now: context.now(), operator: context.operator() }),
  );
  const { receipt: words } = messages;
  const outcome = {
    json: {
      receipt,
      exportId,
      receivedAt: receiving.at.toISOString(),
      receivedBy: receiving.by,
      before,
      findings: findings.map((finding) => findingOutput(messages, finding)),
    },
    text: [
      `${paint.green('✔')} ${words.fits}`,
      ...receiptLines(context, receipt, students),
      fill(before ? words.before : words.marked, { id: exportId }),
    ],
    findings,
  };
  return withReport(context, outcome, html, () => ({
    ...receiptReport(context, receipt, students),
    verdict: { mood: 'good', title: words.fits, lines: [fill(before ? words.before : words.marked, { id: exportId })] },
    findings: reportFindings(messages, findings),
  }));
}

function receiptLines({ messages, paint }: Context, receipt: Receipt, named: readonly NamedStudent[]): string[] {
  const { package: sent, receivingSchool, students, importedAt, issuedBy } = receipt;
  const { labels, receipt: words } = messages;
  const facts = [
    [labels.package, sent.file],
    [labels.school, cell(`${receivingSchool.code} ${receivingSchool.name}`)],
    [words.imported, localTime(new Date(importedAt))],
    [labels.by, cell(issuedBy)],
    ['MD5', sent.md5],
    ...(sent.contentsDigest ? [[labels.contentsDigest, sent.contentsDigest]] : []),
  ];
  const rows = students.map(({ nationalIdMasked, courseResults, multiPerformances, alreadyHere, leftOut }, i) => [
    nationalIdMasked,
    cell(named[i]?.name ?? '', NAME_COLUMNS),
    labels.courseResults,
    courseResults,
    labels.multiPerformances,
    multiPerformances,
    ...(alreadyHere > 0 ? [words.alreadyHere, alreadyHere] : []),
    ...(leftOut.length > 0 ? [paint.yellow(words.leftOut), leftOut.length] : []),
  ]);
  return [...columns(facts, '  '), ...columns(rows, '  ')];
}
