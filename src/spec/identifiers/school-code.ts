import type { Finding } from '../../errors.js';
import { canonicalCode, plainCode } from '../../plain-text.js';
import { rowFinding } from '../text.js';

/** 學校代碼: six digits or letters (docs/spec.md#school-code). The list of schools changes yearly and is not ours to keep: `schoolsOf` reads it. */
export const isSchoolCode = (text: string): boolean => /^[0-9A-Za-z]{6}$/.test(text);

/** Titles of the columns in the lists that 教育部統計處 publishes. */
const CODE_TITLES: ReadonlySet<string> = new Set(['代碼', '學校代碼']);
const NAME_TITLES: ReadonlySet<string> = new Set(['學校名稱', '名稱']);

/**
 * A table's rows as schools: code and name, in the columns with those titles, else in the first two. Rows before the
 * titles and empty rows are skipped; of a row of another form its place is an error.
 */
export function schoolsOf(rows: readonly (readonly string[])[]): {
  readonly schools: readonly { readonly code: string; readonly name: string }[];
  readonly findings: readonly Finding[];
} {
  const cells = rows.map((row) => row.map((cell) => cell.trim()));
  const titles = cells.findIndex((row) => row.some((cell) => CODE_TITLES.has(cell)));
  const column = (names: ReadonlySet<string>, otherwise: number) => {
    const at = cells[titles]?.findIndex((cell) => names.has(cell)) ?? -1;
    return at < 0 ? otherwise : at;
  };
  const [codeAt, nameAt] = [column(CODE_TITLES, 0), column(NAME_TITLES, 1)];
  const schools = new Map<string, { readonly code: string; readonly name: string }>();
  const findings: Finding[] = [];
  for (const [i, row] of cells.entries()) {
    if (i <= titles || row.every((cell) => cell === '')) continue;
    const [code = '', name = ''] = [plainCode(row[codeAt] ?? ''), row[nameAt]];
    if (!isSchoolCode(code)) findings.push(rowFinding(i, 'schoolCode', code));
    else if (name === '') findings.push(rowFinding(i, 'schoolName', name));
    else schools.set(canonicalCode(code), { code: canonicalCode(code), name });
  }
  return { schools: [...schools.values()], findings };
}
