/** Reads the choices of many students from a table: a national id and a reference a row. */
import { basename } from 'node:path';
import { type Finding, LpxError } from '../errors.js';
import { readTable, refuseRows } from '../roster/tables.js';
import { canonicalCode, plainCode } from '../spec/identifiers/plain.js';
import { dataRows, rowFinding } from '../spec/text.js';
import type { Choice } from './pick.js';

/**
 * A row of titles may stand first; empty rows are passed over.
 * @throws as `readTable`; LPX_TABLE_ROW with every row at fault, LPX_TABLE_EMPTY
 */
export async function readChoices(file: string): Promise<Choice[]> {
  const findings: Finding[] = [];
  const picks = new Map<string, string[]>();
  for (const [i, [nationalId = '', given = '']] of dataRows(await readTable(file))) {
    const ref = plainCode(given);
    if (nationalId === '') findings.push(rowFinding(i, 'nationalId', nationalId));
    else if (!/^[OR][0-9]+$/i.test(ref)) findings.push(rowFinding(i, 'reference', ref));
    else {
      const id = canonicalCode(nationalId);
      const refs = picks.get(id) ?? [];
      refs.push(ref);
      picks.set(id, refs);
    }
  }
  refuseRows(findings, file);
  if (picks.size === 0) throw new LpxError('LPX_TABLE_EMPTY', { file: basename(file) });
  return [...picks].map(([nationalId, refs]) => ({ nationalId, pick: refs, unpick: [] }));
}
