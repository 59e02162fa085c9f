/** Results as tables for other programs: CSV on stdout, or a workbook in a file. */
import { basename, dirname, resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import type { StudentOutput } from '../../exchange/note-output.js';
import { type NewFile, writeFiles } from '../../io/publish.js';
import { fill, inert } from '../../messages/messages.js';
import { csv, workbook } from '../../roster/tables.js';
import type { Context, Outcome } from '../context.js';
import { noteFile } from '../noting.js';

export interface TableOptions {
  /** Print the table. */
  readonly csv?: boolean;
  /** The file to write it to. */
  readonly xlsx?: string;
  readonly overwrite?: boolean;
  /** The file of a report, which may be what is to be replaced. */
  readonly html?: string;
}

export type Row = readonly (string | number)[];

/** What is a result is a table of: ids whole, days and times as ISO 8601 writes them, whatever the language. */
export interface Table {
  readonly name: string;
  /** The first row has the titles. */
  readonly rows: readonly Row[];
  /** Whose data of the store it has, for the history; undefined for nobody's. */
  readonly output?: StudentOutput;
}

/** The table that was asked for, before anything is done for it. @throws LPX_USAGE */
export function tableAsked({ json, messages: { usage } }: Context, options: TableOptions): TableOptions {
  const { csv, xlsx, overwrite, html } = options;
  if ([csv, xlsx !== undefined, json].filter(Boolean).length > 1) throw new LpxError('LPX_USAGE', { problem: usage.oneTable });
  if (overwrite && xlsx === undefined && html === undefined)
    throw new LpxError('LPX_USAGE', { problem: fill(usage.overwriteAlone, { option: '--xlsx' }) });
  return options;
}

/**
 * The outcome of a command as the table that was asked for; as it is when none was.
 * @throws LPX_WRITE_FAILED, LPX_DISK_FULL; LPX_STORE_BUSY when the history cannot have it
 */
export async function withTable(context: Context, asked: TableOptions, outcome: Outcome, tableOf: () => Table): Promise<Outcome> {
  if (!asked.csv && asked.xlsx === undefined) return outcome;
  const table = tableOf();
  const { output } = table;
  if (asked.xlsx === undefined) {
    if (output) await noteFile(context, output, undefined, async () => {});
    return { ...outcome, file: csvTable(table).content };
  }
  const { name, rows } = inertTable(table);
  const file = resolve(context.cwd, asked.xlsx);
  const { content } = await workbook(name, [{ name, rows }]);
  const within = output && ((publish: () => Promise<void>) => noteFile(context, output, file, publish));
  await writeFiles(dirname(file), [{ name: basename(file), content }], asked.overwrite ? 'replace' : 'keep', within && { within });
  const { messages, paint } = context;
  return { ...outcome, text: [`${paint.green('✔')} ${fill(messages.tables.written, { file, rows: rows.length - 1 })}`], notes: [] };
}

/** A table as a CSV file of its name. */
export const csvTable = (table: Table): NewFile => csv(table.name, inertTable(table));

/** Texts without a character that a program would obey, or that would turn the writing around. */
export const inertTable = ({ name, rows }: Table): Table => ({
  name,
  rows: rows.map((row) => row.map((cell) => (typeof cell === 'string' ? inert(cell) : cell))),
});
