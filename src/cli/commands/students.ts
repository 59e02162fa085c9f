import { withStoreToRead } from '../../exchange/school-store.js';
import { listStudents } from '../../exchange/students.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { findingOutput } from '../render/findings.js';
import { type TableOptions, tableAsked, withTable } from '../render/tables.js';
import { fittingColumns, leftText, NAME_COLUMNS, type Yielding } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

/** `lpx students`: who is in the store, with counts; of words, those whose name or id has them. */
export async function students(context: Context, words: readonly string[], options: TableOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const asked = tableAsked(context, options);
  const { school, list } = await withStoreToRead(storeFolder(context), async (store) => ({
    school: store.school,
    list: await listStudents(store, words),
  }));
  const { labels } = messages;
  const { students, findings } = list;
  const called = students.some(({ className, seat, studentNumber }) => className + seat + studentNumber !== '');
  const calledTitles = called ? [labels.className, labels.seat, labels.studentNumber] : [];
  const header = [
    labels.nationalId,
    labels.name,
    ...calledTitles,
    labels.courseResults,
    labels.multiPerformances,
    labels.attachments,
    labels.received,
  ].map((text) => paint.dim(text));
  const rows = students.map((student) => [
    student.nationalId,
    student.name,
    ...(called ? [student.className, student.seat, student.studentNumber] : []),
    student.courseResults,
    student.multiPerformances,
    student.attachments,
    student.received,
    [
      student.listed ? messages.students.listed : '',
      student.owed > 0 ? fill(messages.students.owed, { count: student.owed }) : '',
      leftText(messages, student.left),
    ]
      .filter(Boolean)
      .map(paint.yellow)
      .join('  '),
  ]);
  const outcome = {
    json: {
      school,
      students: students.map(({ left, ...rest }) => ({ ...rest, ...(left && { left }) })),
      findings: findings.map((finding) => findingOutput(messages, finding)),
    },
    findings,
    text:
      students.length === 0
        ? [words.length === 0 ? messages.students.none : messages.students.noneFit]
        : fittingColumns(context, [header, ...rows], yieldingOf(called)),
  };
  const output = { command: 'students', nationalIds: students.map(({ nationalId }) => nationalId) } as const;
  return withTable(context, asked, outcome, () => {
    const { columns: titles, leftAs, tables } = messages;
    const head = [
      ...[titles.nationalId, titles.name, labels.className, labels.seat, labels.studentNumber],
      ...[titles.courseResults, titles.multiPerformances, titles.attachments, titles.received, messages.students.listed],
      ...[titles.leftAs, titles.left, messages.debts.owed],
    ];
    const rows = students.map(({ nationalId, name, className, seat, studentNumber, listed, left, ...counts }) => [
      ...[nationalId, name, className, seat, studentNumber],
      ...[counts.courseResults, counts.multiPerformances, counts.attachments, counts.received],
      ...[listed ? messages.prompt.yes : '', left ? leftAs[left.as] : '', left?.on ?? '', counts.owed],
    ]);
    return { name: tables.names.students, rows: [head, ...rows], output };
  });
}

/** Titles of counts first, which are wider than the counts; class and seat last of what is not needed to know a student. */
const yieldingOf = (called: boolean): Yielding[] =>
  called
    ? [...countTitles(5), [1, 24], [4, 0], [8, 0], [1, NAME_COLUMNS], [3, 0], [2, 8], [7, 0], [9, 12]]
    : [...countTitles(2), [1, 24], [5, 0], [1, NAME_COLUMNS], [6, 12]];

const countTitles = (first: number): Yielding[] => [
  [first, 8],
  [first + 1, 8],
];
