/** Prints a long list as it is read, so that it is never in memory as a whole. */
import type { LpxError } from '../../errors.js';
import { knownError } from '../../io/file-error.js';
import type { CommandName } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { failureDocument } from './findings.js';
import { jsonText } from './json.js';

/** How a list of entries is printed. */
export interface ListForm<E> {
  readonly command: CommandName;
  /** An entry in JSON. */
  readonly output: (entry: E) => object;
  /** The lines of entries that were read together. */
  readonly lines: (entries: readonly E[]) => readonly string[];
  /** What is said when there is none. */
  readonly none: string;
}

/** Prints entries, a page at a time: in lines, or as the `entries` of one JSON document. @throws what reading them throws */
export async function printPages<E>(context: Context, pages: AsyncIterable<readonly E[]>, form: ListForm<E>): Promise<Outcome> {
  if (context.json) return printJson(context, pages, form);
  let isEmpty = true;
  for await (const page of pages) {
    context.print(form.lines(page));
    isEmpty = false;
  }
  return { json: {}, text: isEmpty ? [form.none] : [] };
}

/** `ok`, and what went wrong on the way, stand after the entries. @throws what goes wrong before the first one, or is an interrupt */
async function printJson<E>(
  { stdout, messages }: Context,
  pages: AsyncIterable<readonly E[]>,
  { command, output }: ListForm<E>,
): Promise<Outcome> {
  let before = `{\n  "command": ${JSON.stringify(command)},\n  "entries": [`;
  let isBegun = false;
  let error: LpxError | undefined;
  try {
    for await (const page of pages)
      for (const entry of page) {
        stdout.write(`${before}\n${jsonText(output(entry)).trimEnd().replace(/^/gm, '    ')}`);
        before = ',';
        isBegun = true;
      }
  } catch (cause) {
    error = knownError(cause);
    if (!isBegun || error.code === 'LPX_INTERRUPTED') throw error;
  }
  if (!isBegun) return { json: { entries: [] }, text: [] };
  const { command: _, ...rest } = error ? failureDocument(messages, command, error, {}) : { command, ok: true };
  stdout.write(`\n  ],${jsonText(rest).slice(1)}`);
  return { json: {}, text: [], error, isPrinted: true };
}
