import { withStore } from '../../exchange/school-store.js';
import { listStudents } from '../../exchange/students.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { findingOutput } from '../render/findings.js';
import { type TableOptions, tableAsked, withTable } from '../render/tables.js';
import { cell, columns, leftText } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

/** `lpx students`: who is in the store, with counts; of words, those whose name or id has them. */
export async function students(context: Context, words: readonly string[], options: TableOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const asked = tableAsked(context, options);
  const { school, list } = await withStore(storeFolder(context), async (store) => ({
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
    cell(student.name),
    ...(called ? [cell(student.className, 12), cell(student.seat, 6), cell(student.studentNumber, 16)] : []),
    student.courseResults,
    student.multiPerformances,
    student.attachments,
    student.received,
    paint.yellow(
      [
        student.listed ? messages.students.listed : '',
        student.owed > 0 ? fill(messages.students.owed, { count: student.owed }) : '',
        leftText(messages, student.left),
      ]
        .filter(Boolean)
        .join('  '),
    ),
  ]);
  const outcome = {
    json: {
      school,
      students: students.map(({ left, ...rest }) => ({ ...rest, ...(left && { left }) })),
      findings: findings.map((finding) => findingOutput(messages, finding)),
    },
    findings,
    text: students.length === 0 ? [words.length === 0 ? messages.students.none : messages.students.noneFit] : columns([header, ...rows]),
  };
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
    return { name: tables.names.students, rows: [head, ...rows] };
  });
}
