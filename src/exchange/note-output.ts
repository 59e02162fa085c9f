/** Appends to the history of a store that data of students leave it in a page or a table. */
import type { OutputCommand, Store } from '../store/store.js';

/** What is written. */
export interface StudentOutput {
  readonly command: OutputCommand;
  /** The students, by national id. */
  readonly nationalIds: readonly string[];
  /** The entry of the history that it is about; undefined for none. */
  readonly of?: number | undefined;
}

/** Where, when and by whom. File and folder are empty for a table that is printed. */
export interface OutputPlace {
  readonly file: string;
  readonly folder: string;
  readonly now: Date;
  readonly operator: string;
}

/**
 * Appends the entry, and gives the file its name: both or neither. Students whom the store does not have are not in the entry.
 * @throws LPX_STORE_BUSY, LPX_DISK_FULL, LPX_WRITE_FAILED, and what `publish` throws: then nothing is written
 */
export const noteOutput = (
  store: Store,
  { command, nationalIds, of }: StudentOutput,
  { file, folder, now, operator }: OutputPlace,
  publish: () => Promise<void>,
): Promise<void> =>
  store.change(async (change) => {
    const details = { command, ...(of !== undefined && { of }) };
    const historyId = await change.addHistory({ kind: 'output', at: now, operator, file, bytes: 0, folder, details });
    const students = (await change.studentIds(nationalIds)).map((studentId) => ({ studentId }));
    await change.addHistoryStudents(historyId, students);
    await publish();
    return { keep: true, result: undefined };
  });
