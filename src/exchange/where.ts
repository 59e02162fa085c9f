/** A store in short: its school, how much is in it, and the latest entry. */
import type { HistoryEntry, School, Store } from '../store/store.js';

export interface StoreOverview {
  readonly school: School;
  /** Where the attachments are. */
  readonly attachments: string;
  readonly students: number;
  /** Of these, those whom only a list has named so far. */
  readonly listed: number;
  /** Course results and multi-performances. */
  readonly records: number;
  /** Of these, those that another school sent. */
  readonly received: number;
  /** How many entries the history has, and the newest of them. */
  readonly history: number;
  readonly last: HistoryEntry | undefined;
}

export async function storeOverview(store: Store): Promise<StoreOverview> {
  const students = await store.students();
  const sum = (count: (student: (typeof students)[number]) => number) => students.reduce((total, student) => total + count(student), 0);
  const [last] = await store.history({ limit: 1, students: 'few' });
  return {
    school: store.school,
    attachments: store.attachments.location,
    students: students.length,
    listed: students.filter(({ listed }) => listed).length,
    records: sum(({ courseResults, multiPerformances }) => courseResults + multiPerformances),
    received: sum(({ received }) => received),
    history: await store.historyCount(),
    last,
  };
}
