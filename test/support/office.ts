/** Spreadsheet programs other than ours: LibreOffice without a window, and openpyxl. */
import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';

/**
 * Has LibreOffice open a file and save it in another form, with a profile of its own.
 * @param form `xlsx`, `ods`, or `csv:…` with the filter's options
 * @returns the path of the new file
 */
export async function savedByLibreOffice(file: string, form: string, outFolder: string): Promise<string> {
  const profile = `-env:UserInstallation=file://${join(outFolder, 'profile')}`;
  await execa('soffice', [profile, '--headless', '--norestore', '--convert-to', form, '--outdir', outFolder, file]);
  return join(outFolder, `${basename(file).replace(/\.[^.]*$/, '')}.${form.split(':')[0]}`);
}

/** Runs a program of openpyxl (`book` is the workbook, `json` and `sys` are there). @returns what it prints, as JSON */
export async function withOpenpyxl(file: string, program: string): Promise<unknown> {
  const script = join(dirname(file), 'openpyxl-program.py');
  writeFileSync(script, `import json, sys, openpyxl\nbook = openpyxl.load_workbook(sys.argv[1])\n${program}\n`);
  const { stdout } = await execa('/usr/bin/python3', [script, file], { env: { PYTHONIOENCODING: 'utf-8' } });
  return stdout === '' ? undefined : JSON.parse(stdout);
}
