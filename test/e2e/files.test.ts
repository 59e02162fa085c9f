import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseCsv } from 'hucre/csv';
import { expect, it } from 'vitest';
import { lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { exportFrom, PASSWORD, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const FOLDER = `${TRANSFER_STUDENT}_林小禾`;

it('lpx files writes what a student has, or a package, with a list that Excel opens, under its schema', async () => {
  const folder = tempFolder();
  const store = await transferSchool(folder);
  const { zipFile } = await exportFrom(store, join(folder, 'mail'));
  const env = { LPX_PASSWORD: PASSWORD.toString() };
  const of = async (what: string, out: string) => {
    const { code, json } = await lpxJson(['--store', store, 'files', what, '--out', join(folder, out)], { env });
    expect([code, outputFaults(json)]).toEqual([0, []]);
    return json;
  };
  const [here, sent] = [await of('林小禾', 'here'), await of(zipFile, 'sent')];
  expect([here.source, sent.source]).toEqual(['store', 'package']);
  const [student] = here.students;
  expect(student.folder).toBe(join(folder, 'here', FOLDER));
  const list = readFileSync(student.list, 'utf8');
  expect([list[0], statSync(student.list).mode & 0o777]).toEqual(['\ufeff', 0o600]);
  const rows = parseCsv(list.slice(1), { typeInference: false }).slice(1);
  const column = (at: number) => rows.map((row) => row[at]);
  expect(column(6)).toEqual(student.files.map(({ path }: { path: string }) => path));
  expect(column(10)).toEqual(student.files.map(({ sha256 }: { sha256: string }) => sha256));
  // What is not certified stays at home.
  const paths = (json: typeof here) => new Set(json.students[0].files.map(({ path }: { path: string }) => path));
  expect([...paths(sent)].filter((path) => !paths(here).has(path))).toEqual([]);
});

it('lpx files of a package that is refused says why, with its exit code, and writes nothing', async () => {
  const folder = tempFolder();
  const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
  const words = ['files', zipFile, '--out', join(folder, 'out')];
  const wrong = await lpxJson(words, { env: { LPX_PASSWORD: 'another-Pass-2021' } });
  expect([wrong.code, wrong.json.error.code, outputFaults(wrong.json)]).toEqual([4, 'LPX_PASSWORD_WRONG', []]);
  const unsigned = await lpxJson([...words, '--md5', '0'.repeat(32)], { env: { LPX_PASSWORD: PASSWORD.toString() } });
  expect([unsigned.code, outputFaults(unsigned.json)]).toEqual([3, []]);
  const picked = await lpx([...words, '--picked']);
  expect(picked.code).toBe(2);
  expect(readdirSync(folder).sort()).toEqual(['mail', 'school-990001']);
});
