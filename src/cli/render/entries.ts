/** Entries of the history as they are shown: in lines, in JSON, as a table. */

import type { HistoryEntry, HistoryStudent } from '../../exchange/school-store.js';
import { maskId } from '../../masking.js';
import { CATALOGUE, type Code, EXIT } from '../../messages/catalogue.js';
import { fill, type Messages } from '../../messages/messages.js';
import type { Context } from '../context.js';
import type { Row } from './tables.js';
import { COUNTED_STUDENT, cell, changeText, columns, countCells, fittingColumns, localTime, size } from './text.js';

/** A line an entry: number, time, kind, of what, by whom, and more of it. */
export const entryLines = (context: Context, entries: readonly HistoryEntry[]): string[] =>
  fittingColumns(
    context,
    entries.map((entry) => entryCells(context, entry)),
    [
      [OPERATOR, 0],
      [SUBJECT, 10],
      [REMARKS, 12],
    ],
  );

/** As `entryLines`, but what there is to say of an entry is there in full: where it is too long for its line, below it. */
export function wholeEntryLines(context: Context, entries: readonly HistoryEntry[]): string[][] {
  const lines = entryLines(context, entries);
  const bare = fittingColumns(
    context,
    entries.map((entry) => entryCells(context, entry).slice(0, REMARKS)),
    [
      [OPERATOR, 0],
      [SUBJECT, 10],
    ],
  );
  return entries.map((entry, i) => {
    const remarks = entryCells(context, entry)[REMARKS] ?? '';
    const line = lines[i] ?? '';
    return line.includes(remarks) ? [line] : [bare[i] ?? '', `    ${remarks}`];
  });
}

const [SUBJECT, OPERATOR, REMARKS] = [3, 4, 5];

function entryCells({ messages, paint }: Context, entry: HistoryEntry): string[] {
  return [
    paint.bold(`#${entry.id}`),
    localTime(entry.at),
    kindOf(messages, entry),
    subjectOf(messages, entry),
    entry.operator,
    remarksOf(messages, entry).map(paint.dim).join('  '),
  ];
}

/** What an entry did: an undo by which what was undone stands again is called a redo. */
export const kindOf = (messages: Messages, entry: HistoryEntry): string =>
  entry.kind === 'undo' && (entry.details.redoes ?? entry.details.of === 'undo') ? messages.history.redo : messages.kinds[entry.kind];

/** The subject of an entry. */
function subjectOf({ history: words }: Context['messages'], entry: HistoryEntry): string {
  const [first] = entry.students;
  if (first && entry.studentCount === 1) return first.name;
  if (first) return fill(words.several, { name: first.name, total: entry.studentCount });
  if (entry.erased > 0) return words.erasedStudent;
  if (entry.kind === 'school') return entry.details.name;
  return entry.file;
}

/** What there is to say of an entry besides when, what and by whom. */
export function remarksOf(messages: Context['messages'], entry: HistoryEntry): string[] {
  const words = messages.history;
  const remarks = [
    ...ownRemarks(messages, entry),
    ...(entry.students.length === 1
      ? entry.students.flatMap((student) => studentRemarks(messages, student))
      : outcomeCounts(words, entry.outcomes)),
  ];
  // First, so that a narrow terminal does not cut it off.
  return entry.undoneBy === undefined ? remarks : [fill(words.undone, { id: entry.undoneBy }), ...remarks];
}

/** The remarks of an entry besides its students: where to or from, why, since when, with what result. */
function ownRemarks(messages: Context['messages'], entry: HistoryEntry): string[] {
  const { history: words, reasons } = messages;
  switch (entry.kind) {
    case 'export':
      return [
        entry.school && `${words.to} ${entry.school}`,
        reasons[entry.reason as keyof typeof reasons],
        entry.left && fill(words.left, { day: entry.left }),
        entry.terms,
        ...overriddenWords(words, entry.overridden),
        entry.received ? fill(words.received, { day: localTime(entry.received.at).slice(0, 10), by: entry.received.by }) : '',
      ].filter(Boolean);
    case 'import':
      return [
        entry.school && `${words.from} ${entry.school}`,
        entry.reason && reasons[entry.reason],
        ...overriddenWords(words, entry.overridden),
        stateText(messages, entry),
      ].filter(Boolean);
    case 'load':
      return overriddenWords(words, entry.overridden ?? '');
    case 'receipt':
      return [fill(words.refersTo, { id: entry.refersTo }), entry.school].filter(Boolean);
    case 'register':
      return [
        fill(words.registerOf, { year: entry.details.academicYear }),
        entry.details.files === undefined ? '' : fill(words.filesOf, { count: entry.details.files }),
      ].filter(Boolean);
    case 'files':
      return [fill(words.filesOf, { count: entry.details.files })];
    case 'output': {
      const { command, of: id } = entry.details;
      return [`lpx ${command}`, id === undefined ? '' : fill(words.refersTo, { id })].filter(Boolean);
    }
    case 'recover':
      return [
        fill(words.filesOf, { count: entry.details.files }),
        entry.details.missing === 0 ? '' : fill(words.stillMissing, { count: entry.details.missing }),
      ].filter(Boolean);
    case 'backup':
    case 'move':
      return [
        fill(words.recordsOf, { count: entry.details.records }),
        fill(words.filesOf, { count: entry.details.files }),
        entry.details.missing === 0 ? '' : fill(words.stillMissing, { count: entry.details.missing }),
      ].filter(Boolean);
    case 'repair':
      return [fill(messages.doctor.repairsOf, { checksums: 0, ...entry.details })];
    case 'probe':
      return [entry.details.host];
    case 'rehearsal':
    case 'restore':
      return [entry.details.snapshot];
    case 'undo': {
      const { refersTo: id, details } = entry;
      return [
        fill(words.undoOf, { id, entryKind: details.redoes === false ? words.redo : messages.kinds[details.of] }),
        details.despiteSent ? words.despiteSent : '',
      ].filter(Boolean);
    }
    case 'remove':
      return [entry.details.why].filter(Boolean);
    case 'erase':
      return [entry.details.reason].filter(Boolean);
    case 'verify':
      return [entry.details.code].filter(Boolean);
    case 'leave':
      return [entry.details.as === 'here' ? words.here : `${messages.leftAs[entry.details.as]} ${entry.details.on}`];
    default:
      return [];
  }
}

/** What an import came to, where it is not the usual; of one that was refused, why. */
function stateText(
  { history: words, exits, places }: Context['messages'],
  { state, code }: Extract<HistoryEntry, { kind: 'import' }>,
): string {
  if (state === 'done') return '';
  if (code === '') return words.states[state];
  const exit = NAMES_OF_EXITS.get(CATALOGUE[code as Code]?.exit);
  const why = words.refusals[code] ?? (exit === undefined ? code : (words.refusals[exit] ?? exits[exit]));
  return `${words.states[state]}${places.before}${why}`;
}

const NAMES_OF_EXITS = new Map(Object.entries(EXIT).map(([name, exit]) => [exit, name as keyof typeof EXIT]));

const overriddenWords = (words: Context['messages']['history'], overridden: string): string[] =>
  overridden
    .split(' ')
    .filter(Boolean)
    .map((code) => words.overridden[code] ?? code);

/** The remarks of an entry on a student besides the counts. */
function studentRemarks({ history: words, labels }: Context['messages'], { created, changes, records, sentAs }: HistoryStudent): string[] {
  return [
    ...(created ? [words.created] : []),
    ...changes.map((change) => changeText(labels, change)),
    ...recordCounts(words, records),
    ...(sentAs ? [fill(words.sentAs, { words: sentWords(sentAs) })] : []),
  ];
}

type Words = Context['messages']['history'];

/** What a load did with records other than adding them: `移除 1 筆`. */
const recordCounts = (words: Words, records: HistoryStudent['records']): string[] => {
  const counts: Record<string, number> = {};
  for (const { outcome } of records) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return outcomeCounts(words, counts);
};

const outcomeCounts = (words: Words, counts: Readonly<Record<string, number>>): string[] =>
  Object.entries(words.records).flatMap(([outcome, template]) => {
    const count = counts[outcome] ?? 0;
    return count === 0 ? [] : [fill(template, { count })];
  });

/** The records of a load, a line each, by what happened to them. */
const recordLines = (words: Words, records: HistoryStudent['records']): string[] =>
  Object.entries(words.records).flatMap(([outcome]) => {
    const of = records.filter((record) => record.outcome === outcome);
    const rows = of.map(({ ref, list, title }) => [ref, cell(list, 28), cell(title, 36)]);
    return of.length === 0 ? [] : [...recordCounts(words, of).map((line) => `      ${line}`), ...columns(rows, '        ')];
  });

/** The lines under an entry: where its files are, its hashes, its students. */
export function moreLines(context: Context, entry: HistoryEntry): string[] {
  const { messages, paint } = context;
  const { labels, history: words } = messages;
  const { folder } = factsOf(entry);
  const file = [
    entry.students.length > 0 ? entry.file : '',
    entry.bytes > 0 ? size(entry.bytes) : '',
    folder && fill(words.written, { folder }),
  ];
  const hashes = hashesOf(messages, entry);
  return [
    ...(file.some(Boolean) ? [`    ${file.filter(Boolean).join('  ')}`] : []),
    ...hashes.map((line) => paint.dim(`    ${line}`)),
    ...fittingColumns(
      context,
      entry.students.map((student) => [
        maskId(student.nationalId),
        student.name,
        ...(hasCounts(entry, student) ? countCells(labels, student) : []),
        ...studentRemarks(messages, student),
      ]),
      COUNTED_STUDENT,
      '    ',
    ).flatMap((line, i) => [line, ...recordLines(words, entry.students[i]?.records ?? [])]),
  ];
}

/** The hashes of an entry's package; none of other entries. */
export const hashesOf = ({ labels }: Context['messages'], entry: HistoryEntry): string[] =>
  'md5' in entry && entry.md5 !== '' ? identityLines(labels, { sha256: '', contentsDigest: '', ...entry }) : [];

/** How much of a student an entry is about; empty where it counts nothing. */
export const countsText = ({ labels }: Context['messages'], entry: HistoryEntry, student: HistoryStudent): string =>
  hasCounts(entry, student) && totalOf(student) > 0 ? countCells(labels, student).join(' ') : '';

/** A page or a table is of the student as a whole; a load that only removed or brought back records wrote none. */
const hasCounts = ({ kind }: HistoryEntry, student: HistoryStudent): boolean =>
  kind !== 'output' && (student.records.length === 0 || totalOf(student) > 0);

const totalOf = ({ courseResults, multiPerformances, attachments }: HistoryStudent): number =>
  courseResults + multiPerformances + attachments;

/** The hash by which a package is recognised; entries of version 0.1 have the SHA-256 of its ZIP. */
const identityLines = (labels: Context['messages']['labels'], { md5, sha256, contentsDigest }: Identity): string[] =>
  [`MD5 ${md5}`, sha256 && `SHA-256 ${sha256}`, contentsDigest && `${labels.contentsDigest} ${contentsDigest}`].filter(Boolean);

type Identity = Readonly<Record<'md5' | 'sha256' | 'contentsDigest', string>>;

/** Every entry has all the properties, whatever its kind. */
export function entryOutput(entry: HistoryEntry) {
  const facts = factsOf(entry);
  return {
    id: entry.id,
    kind: entry.kind,
    ...facts,
    at: entry.at.toISOString(),
    operator: entry.operator,
    file: entry.file,
    bytes: entry.bytes,
    ...('request' in entry && entry.request !== undefined && { request: entry.request }),
    ...(entry.undoneBy !== undefined && { undoneBy: entry.undoneBy }),
    studentCount: entry.studentCount,
    erased: entry.erased,
    students: entry.students.map(({ sentAs, ...rest }) => ({ ...rest, ...(sentAs && { sentAs }) })),
  };
}

const NOTHING = {
  state: 'done',
  code: '',
  folder: '',
  md5: '',
  sha256: '',
  contentsDigest: '',
  school: '',
  reason: '',
  terms: '',
  left: '',
  overridden: '',
  receivedAt: '',
  receivedBy: '',
} as const;

/** What only entries of some kinds have to say; empty where an entry does not. */
function factsOf(entry: HistoryEntry) {
  switch (entry.kind) {
    case 'export': {
      const { md5, sha256, contentsDigest, school, reason, terms, left, folder, overridden, received } = entry;
      const receiving = { receivedAt: received?.at.toISOString() ?? '', receivedBy: received?.by ?? '' };
      return { ...NOTHING, md5, sha256, contentsDigest, school, reason, terms, left, folder, overridden, ...receiving };
    }
    case 'import': {
      const { state, code, md5, sha256, contentsDigest, school, reason, overridden } = entry;
      return { ...NOTHING, state, code, md5, sha256, contentsDigest, school, reason, overridden };
    }
    case 'load':
      return { ...NOTHING, overridden: entry.overridden ?? '' };
    case 'receipt': {
      const { folder, school, md5, refersTo } = entry;
      return { ...NOTHING, folder, school, md5, refersTo };
    }
    case 'undo':
      return { ...NOTHING, refersTo: entry.refersTo, details: entry.details };
    case 'init':
    case 'pick':
      return NOTHING;
    default:
      return { ...NOTHING, folder: entry.folder ?? '', details: entry.details };
  }
}

const sentWords = ({ nationalId, name, birthDate }: NonNullable<HistoryStudent['sentAs']>): string =>
  [nationalId === '' ? '' : maskId(nationalId), name, birthDate]
    .filter((word) => word !== '')
    .map((word) => cell(word))
    .join('  ');

/** A row a student; of an entry without students, one row. */
export function historyTable({ messages }: Context, entries: readonly HistoryEntry[]): Row[] {
  const { labels, columns: title, history: words, kinds, reasons } = messages;
  const header = [
    ...[
      title.number,
      title.at,
      title.kind,
      title.state,
      title.operator,
      title.file,
      title.folder,
      title.bytes,
      'MD5',
      labels.contentsDigest,
    ],
    ...[title.otherSchool, title.reason, title.terms, title.left],
    ...[title.nationalId, title.name, title.courseResults, title.multiPerformances, title.attachments, title.remarks],
  ];
  const rows = entries.flatMap((entry): Row[] => {
    const { state, folder, md5, contentsDigest, school, reason, terms, left } = factsOf(entry);
    const ofEntry = [
      entry.id,
      localTime(entry.at),
      kinds[entry.kind],
      state === 'done' ? '' : words.states[state],
      entry.operator,
      entry.file,
      folder,
      entry.bytes > 0 ? entry.bytes : '',
      md5,
      contentsDigest,
      school,
      reasons[reason as keyof typeof reasons] ?? '',
      terms,
      left,
    ];
    const own = ownRemarks(messages, entry);
    if (entry.students.length === 0) return [[...ofEntry, '', '', '', '', '', own.join(messages.history.and)]];
    return entry.students.map((student) => [
      ...ofEntry,
      student.nationalId,
      student.name,
      student.courseResults,
      student.multiPerformances,
      student.attachments,
      [...own, ...studentRemarks(messages, student)].join(messages.history.and),
    ]);
  });
  return [header, ...rows];
}
