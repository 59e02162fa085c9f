/** Loads reference data: course code files, and the list of schools. All or nothing. */
import { basename } from 'node:path';
import { type Finding, LpxError } from '../errors.js';
import { readTable, refuseRows } from '../roster/tables.js';
import { type CourseListing, listingsOf } from '../spec/course-code-file.js';
import { schoolsOf } from '../spec/identifiers/school-code.js';
import { garbledCells } from '../spec/rules/garbled-text.js';
import type { School, Store, StoreChange } from '../store/store.js';

export interface LoadTableRequest {
  readonly path: string;
  readonly now: Date;
  readonly operator: string;
}

export interface LoadedTable {
  /** Base name. */
  readonly file: string;
  readonly rows: number;
  /** Rows that are new, or other than they were. */
  readonly changed: number;
  /** Warnings about cells that lost characters. */
  readonly findings: readonly Finding[];
}

/** @throws as `readTable`; LPX_TABLE_EMPTY, LPX_TABLE_ROW with every wrong row */
export const loadCourseCodes = (store: Store, request: LoadTableRequest): Promise<LoadedTable> =>
  loadTable<CourseListing>(
    store,
    request,
    (rows) => {
      const { listings, findings } = listingsOf(rows);
      return { items: listings, findings };
    },
    (change, listings) => change.putCourses(listings),
  );

/** @throws as `loadCourseCodes` */
export const loadSchools = (store: Store, request: LoadTableRequest): Promise<LoadedTable> =>
  loadTable<School>(
    store,
    request,
    (rows) => {
      const { schools, findings } = schoolsOf(rows);
      return { items: schools, findings };
    },
    (change, schools) => change.putSchools(schools),
  );

async function loadTable<T>(
  store: Store,
  { path, now, operator }: LoadTableRequest,
  read: (rows: readonly (readonly string[])[]) => { readonly items: readonly T[]; readonly findings: readonly Finding[] },
  put: (change: StoreChange, items: readonly T[]) => Promise<number>,
): Promise<LoadedTable> {
  const file = basename(path);
  const rows = await readTable(path);
  const { items, findings } = read(rows);
  refuseRows(findings, file);
  if (items.length === 0) throw new LpxError('LPX_TABLE_EMPTY', { file });
  return store.change(async (change) => {
    await change.addHistory({ kind: 'load', at: now, file, bytes: 0, operator });
    const changed = await put(change, items);
    return { keep: changed > 0, result: { file, rows: items.length, changed, findings: garbledCells(rows) } };
  });
}
