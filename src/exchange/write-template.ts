/** Writes the workbook that a school fills in with its lists and registers. */
import { basename, dirname } from 'node:path';
import { type Existing, writeFiles } from '../io/publish.js';
import { type TemplateWords, templateWorkbook } from '../roster/template.js';

export interface TemplateRequest {
  /** Its path; `.xlsx` is added to a name without a type. */
  readonly path: string;
  /** In the language of who fills it in. */
  readonly words: TemplateWords;
  /** What becomes of a file that is there already; without it, it stays, and that is an error. */
  readonly existing?: Existing;
}

export interface WrittenTemplate {
  /** Its path. */
  readonly file: string;
  /** Names of its sheets. */
  readonly sheets: readonly string[];
}

/**
 * The file is for its user alone: what is filled in is about students.
 * @throws LPX_WRITE_FAILED, also when the file is there already and has to stay; LPX_DISK_FULL
 */
export async function writeTemplate({ path, words, existing }: TemplateRequest): Promise<WrittenTemplate> {
  const { sheets, content } = await templateWorkbook(words);
  const name = /\.[^./\\]+$/.test(basename(path)) ? basename(path) : `${basename(path)}.xlsx`;
  const [file = ''] = await writeFiles(dirname(path), [{ name, content }], existing);
  return { file, sheets };
}
