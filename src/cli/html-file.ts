/** The HTML report that a command writes with `--html`, next to what it prints. */
import { basename, dirname, join, resolve } from 'node:path';
import { CATALOGUE, type Code, LpxError } from '../errors.js';
import type { StudentOutput } from '../exchange/note-output.js';
import { nextVersion, writeFiles } from '../io/publish.js';
import { fill } from '../messages/messages.js';
import type { Report } from '../report/model.js';
import { SeenContents } from '../spec/seen-contents.js';
import type { Context, Outcome } from './context.js';
import { noteFile } from './noting.js';

export interface HtmlOptions {
  readonly html?: string;
  readonly overwrite?: boolean;
}

/** A report that was asked for. */
export interface HtmlFile {
  readonly path: string;
  readonly replaces: boolean;
  /** Collects what the report shows beyond the command's result. */
  readonly seen: SeenContents;
  /** Whose data of the store it has, where the command has no entry in the history that says so. */
  readonly output?: StudentOutput;
}

/**
 * Undefined without `--html`.
 * @param replaces what `--overwrite` is for in this command
 * @throws LPX_USAGE
 */
export function htmlFile(
  { cwd, messages }: Context,
  { html, overwrite }: HtmlOptions,
  replaces: 'reports' | 'other files too' = 'reports',
): HtmlFile | undefined {
  if (html === undefined) {
    if (overwrite && replaces === 'reports')
      throw new LpxError('LPX_USAGE', { problem: fill(messages.usage.overwriteAlone, { option: '--html' }) });
    return undefined;
  }
  return { path: resolve(cwd, html), replaces: overwrite === true, seen: new SeenContents() };
}

/** Writes the report of a command, as `withPage`. */
export const withReport = (context: Context, outcome: Outcome, html: HtmlFile | undefined, reportOf: (html: HtmlFile) => Report) =>
  withPage(context, outcome, html, async (file) => {
    // Loaded only here: without a report, a command starts no slower.
    const { reportPage } = await import('../report/pages.js');
    return reportPage(reportOf(file), context.language);
  });

/** Writes a page, and says so in the outcome. What the command did is done: a page that cannot be written does not undo it. */
export async function withPage(
  context: Context,
  outcome: Outcome,
  html: HtmlFile | undefined,
  pageOf: (html: HtmlFile) => Promise<string>,
): Promise<Outcome> {
  if (!html) return outcome;
  const { messages, paint } = context;
  try {
    const path = await writePage(context, html, await pageOf(html));
    return {
      ...outcome,
      json: { ...outcome.json, html: path },
      text: [...outcome.text, `${paint.green('✔')} ${fill(messages.report.written, { file: path })}`],
    };
  } catch (error) {
    if (!(error instanceof LpxError)) throw error;
    // Its entry may be in the history, and no other place would help.
    if (CATALOGUE[error.code as Code].means === 'unknownWhetherDone') return { ...outcome, error: outcome.error ?? error };
    const reason = error.code === 'LPX_DISK_FULL' ? 'ENOSPC' : String(error.facts.reason ?? error.code);
    const lost = new LpxError('LPX_REPORT_LOST', { file: html.path, reason }, { cause: error });
    return { ...outcome, error: outcome.error ?? lost };
  }
}

/** @returns the path of the file, which only its owner can read. @throws LPX_WRITE_FAILED, LPX_DISK_FULL; as `noteFile` */
async function writePage(context: Context, { path, replaces, output }: HtmlFile, html: string): Promise<string> {
  const file = { name: basename(path), content: Buffer.from(html) };
  const files = replaces ? [file] : await nextVersion(dirname(path), [file]);
  const within =
    output && ((publish: () => Promise<void>) => noteFile(context, output, join(dirname(path), files[0]?.name ?? ''), publish));
  const [written = path] = await writeFiles(dirname(path), files, replaces ? 'replace' : 'keep', within && { within });
  return written;
}
