/** What of a record is lost, what it is owed, and what was repaired of it when it came, in words. */
import { fill, type Messages, visible } from '../messages/messages.js';
import type { OwedFile, PortfolioRecord } from '../spec/portfolio.js';
import type { ValueRepair } from '../spec/repair.js';

/** What a record has to be noted; the same as it stands on the record itself. */
export type NotedRecord = Pick<PortfolioRecord<unknown>, 'owed' | 'repairs'> & { readonly files?: readonly NotedFile[] };
type NotedFile = { readonly name: string; readonly lost?: boolean };

/** A line for each file that the store has lost. */
export const lostNotes = ({ debts }: Messages, files: readonly NotedFile[]): string[] =>
  files.flatMap(({ name, lost }) => (lost ? [fill(debts.lostLine, { file: visible(name) })] : []));

/** `報告.pdf (did not come with it; MD5 …)` */
export const owedText = ({ debts, words }: Messages, { name, md5, why }: Pick<OwedFile, 'name' | 'md5' | 'why'>): string =>
  fill(md5 === '' ? debts.unknown : debts.known, { name: visible(name), md5, why: words.owedWhy?.[why] ?? why });

export const repairText = ({ debts }: Messages, { property, from, to }: ValueRepair): string =>
  fill(debts.repair, { property, from: plain(from), to: plain(to) });

/** A line for each. */
export const recordNotes = (messages: Messages, { files = [], owed = [], repairs = [] }: NotedRecord): string[] => [
  ...lostNotes(messages, files),
  ...owed.map((file) => fill(messages.debts.owedLine, { file: owedText(messages, file) })),
  ...repairs.map((repair) => fill(messages.debts.repairLine, { repair: repairText(messages, repair) })),
];

/** A value without the quotation marks of JSON. */
const plain = (shown: string): string => visible(shown.replace(/^"(.*)"$/, '$1'));
