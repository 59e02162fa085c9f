import { resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { checkReceipt, type Receipt, writeReceipt } from '../../exchange/receipt.js';
import { withStore } from '../../exchange/school-store.js';
import { fill } from '../../messages/messages.js';
import { wholeNumber } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { findingOutput } from '../render/findings.js';
import { cell, columns, localTime, NAME_COLUMNS } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface ReceiptOptions {
  readonly check?: string;
  readonly by?: string;
  readonly out: string;
  readonly overwrite?: boolean;
}

const LARGEST_ID = 999_999_999;

/** `lpx receipt`: acknowledges an import, or checks an acknowledgement against what was exported. */
export async function receipt(context: Context, importId: string | undefined, options: ReceiptOptions): Promise<Outcome> {
  if ((importId === undefined) === (options.check === undefined))
    throw new LpxError('LPX_USAGE', { problem: context.messages.usage.receiptOrCheck });
  return options.check === undefined ? write(context, importId as string, options) : check(context, resolve(context.cwd, options.check));
}

async function write(context: Context, importId: string, { by, out, overwrite }: ReceiptOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const { receipt, path, names } = await withStore(storeFolder(context), (store) =>
    writeReceipt(store, {
      importId: wholeNumber(context, '<import-id>', importId, { from: 1, to: LARGEST_ID }),
      outFolder: resolve(context.cwd, out),
      existing: overwrite ? 'replace' : 'keep',
      now: context.now(),
      by: by ?? context.operator(),
    }),
  );
  return {
    json: { receipt, path },
    text: [`${paint.green('✔')} ${fill(messages.receipt.done, { file: path })}`, ...receiptLines(context, receipt, names)],
    notes: [fill(messages.receipt.send, { school: receipt.sendingSchool })],
  };
}

async function check(context: Context, file: string): Promise<Outcome> {
  const { messages, paint } = context;
  const { receipt, exportId, receiving, before, findings, names } = await withStore(storeFolder(context), (store) =>
    checkReceipt(store, { file, now: context.now(), operator: context.operator() }),
  );
  const { receipt: words } = messages;
  return {
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
      ...receiptLines(context, receipt, names),
      fill(before ? words.before : words.marked, { id: exportId }),
    ],
    findings,
  };
}

function receiptLines({ messages, paint }: Context, receipt: Receipt, names: readonly string[]): string[] {
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
    cell(names[i] ?? '', NAME_COLUMNS),
    labels.courseResults,
    courseResults,
    labels.multiPerformances,
    multiPerformances,
    ...(alreadyHere > 0 ? [words.alreadyHere, alreadyHere] : []),
    ...(leftOut.length > 0 ? [paint.yellow(words.leftOut), leftOut.length] : []),
  ]);
  return [...columns(facts, '  '), ...columns(rows, '  ')];
}
