/** A store with one student, made through the store itself: for tests of what it keeps. */
import { identityOf } from '#lpx/spec/identity.js';
import type { NewHistoryEntry, Store } from '#lpx/store/store.js';
import { courseResult, smallPortfolio } from './small-portfolio.js';

export const SCHOOL = { code: '990001', name: '示範高中' };
export const HISTORY: NewHistoryEntry = {
  kind: 'load',
  at: new Date(2021, 0, 21),
  file: 'a.json',
  bytes: 5_000_000_000,
  operator: 'clerk',
};
export const attachment = { sha256: 'a'.repeat(64), md5: 'b'.repeat(32), bytes: 5_000_000_000, type: 'pdf', name: '報告.pdf' };
export const { basicData } = smallPortfolio();

/** Adds the student with one received record, or takes it all back. */
export function addStudent(store: Store, keep: boolean): Promise<undefined> {
  return store.change(async (change) => {
    const historyId = await change.addHistory(HISTORY);
    const student = await change.addStudent(basicData, { 備註: [1] });
    const record = { ...courseResult(), document: attachment } as never;
    await change.addRecords(student.id, 'received', historyId, [{ record, ...identityOf(record) }]);
    await change.addHistoryStudent(historyId, student.id, { courseResults: 1, multiPerformances: 0, attachments: 1 });
    return { keep, result: undefined };
  });
}

/** Adds the student with own records that have these attachments. */
export function addRecords(store: Store, attachments: readonly object[]): Promise<undefined> {
  const records = attachments.map((document, i) => {
    const record = { ...courseResult({ createdAt: `2021-01-10 14:03:1${i}` }), document } as never;
    return { record, ...identityOf(record) };
  });
  return store.change(async (change) => {
    const historyId = await change.addHistory(HISTORY);
    const { id } = await change.addStudent(basicData, {});
    await change.addRecords(id, 'own', historyId, records);
    return { keep: true, result: undefined };
  });
}
