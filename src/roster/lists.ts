/** Lists of students that a clerk keeps, as tables: CSV, or a plain text of one column. */
import { basename } from 'node:path';
import { type Finding, LpxError, type Place } from '../errors.js';
import { canonicalCode, plainCode } from '../plain-text.js';
import { dataRows, rowFinding } from '../spec/text.js';
import { readTable, refuseRows } from './tables.js';

/** What a list picks of one student: references as `lpx status` shows them. */
export interface ListedPicks {
  readonly nationalId: string;
  readonly refs: readonly string[];
}

/** A student of a list, and the row that names them. */
export interface ListedStudent {
  readonly nationalId: string;
  readonly place: Place;
}

/** The first column of a list; lines that begin with `#` are comments. @throws as `readTable` */
export async function readNationalIds(file: string): Promise<ListedStudent[]> {
  return dataRows(await readTable(file))
    .map(([row, [nationalId = '']]) => ({ nationalId, place: { file: basename(file), row } }))
    .filter(({ nationalId }) => nationalId !== '' && !nationalId.startsWith('#'));
}

/**
 * A national id and a reference a row. A row of titles may come first; empty rows are skipped.
 * @throws as `readTable`; LPX_TABLE_ROW with every wrong row, LPX_TABLE_EMPTY
 */
export async function readPicks(file: string): Promise<ListedPicks[]> {
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
  return [...picks].map(([nationalId, refs]) => ({ nationalId, refs }));
}
