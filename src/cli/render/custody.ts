/** The answer to a person who asks what became of their data: what is printed of it, and what stands on paper. */

import type { LogHead, StudentLog } from '../../exchange/log.js';
import type { HistoryEntry, School } from '../../exchange/school-store.js';
import { maskId, maskIds } from '../../masking.js';
import { fill, type Messages } from '../../messages/messages.js';
import type { CustodyPage, CustodyRow } from '../../report/custody.js';
import { countsText, hashesOf, kindOf, remarksOf } from './entries.js';

const CAME: readonly string[] = ['load', 'import', 'verify', 'recover', 'restore', 'move'];
const WENT: readonly string[] = ['export', 'receipt', 'files', 'output', 'register', 'backup'];

interface Part {
  readonly id: string;
  readonly heading: string;
  readonly entries: readonly HistoryEntry[];
}

/** Where data came from, where they went, and what was done with them here, each in the order it happened; without what is empty. */
export function partsOf({ log: words }: Messages, { entries, backups }: Pick<StudentLog, 'entries' | 'backups'>): Part[] {
  const all = [...entries, ...backups].sort((a, b) => a.id - b.id);
  const parts = [
    { id: 'came', heading: words.came, entries: all.filter(({ kind }) => CAME.includes(kind)) },
    { id: 'went', heading: words.went, entries: all.filter(({ kind }) => WENT.includes(kind)) },
    { id: 'here', heading: words.here, entries: all.filter(({ kind }) => ![...CAME, ...WENT].includes(kind)) },
  ];
  return parts.filter((part) => part.entries.length > 0);
}

/** Who answers, and what the log is at that moment. */
export interface Answering {
  readonly school: School;
  readonly operator: string;
  readonly logHead: LogHead;
}

export const custodyOnPaper = (messages: Messages, log: StudentLog, { school, operator, logHead }: Answering): CustodyPage => ({
  school,
  operator,
  logHead,
  name: log.name,
  nationalIdMasked: maskId(log.nationalId),
  remark: log.removedBy === undefined ? '' : fill(messages.log.page.removed, { id: log.removedBy }),
  parts: partsOf(messages, log).map(({ entries, ...part }) => ({
    ...part,
    entries: entries.map((entry) => rowOf(messages, entry, log.schoolNames)),
  })),
});

function rowOf(messages: Messages, entry: HistoryEntry, schoolNames: StudentLog['schoolNames']): CustodyRow {
  const code = 'school' in entry ? entry.school : '';
  const remarks = remarksOf(messages, 'school' in entry ? { ...entry, school: '' } : entry);
  return {
    number: entry.id,
    at: entry.at,
    kind: kindOf(messages, entry),
    other: { code, name: schoolNames.get(code) ?? '' },
    places: [entry.file, 'folder' in entry ? (entry.folder ?? '') : ''].filter((place) => place !== '').map((place) => maskIds(place)),
    hashes: hashesOf(messages, entry),
    operator: entry.operator,
    remarks: [...entry.students.map((student) => countsText(messages, entry, student)), ...remarks].filter((text) => text !== ''),
  };
}
