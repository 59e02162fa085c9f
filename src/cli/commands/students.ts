import { withStore } from '../../exchange/school-store.js';
import { listStudents } from '../../exchange/students.js';
import type { Context, Outcome } from '../context.js';
import { findingOutput } from '../render/findings.js';
import { cell, columns, leftText } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

/** `lpx students`: who is in the store, with counts; of words, those whose name or id has them. */
export async function students({ messages, paint, ...context }: Context, words: readonly string[] = []): Promise<Outcome> {
  const { school, list } = await withStore(storeFolder({ messages, paint, ...context }), async (store) => ({
    school: store.school,
    list: await listStudents(store, words),
  }));
  const { labels } = messages;
  const { students, findings } = list;
  const header = [labels.nationalId, labels.name, labels.courseResults, labels.multiPerformances, labels.attachments, labels.received].map(
    (text) => paint.dim(text),
  );
  const rows = students.map((student) => [
    student.nationalId,
    cell(student.name),
    student.courseResults,
    student.multiPerformances,
    student.attachments,
    student.received,
    paint.yellow(leftText(messages, student.left)),
  ]);
  return {
    json: {
      school,
      students: students.map(({ left, ...rest }) => ({ ...rest, ...(left && { left }) })),
      findings: findings.map((finding) => findingOutput(messages, finding)),
    },
    findings,
    text: students.length === 0 ? [words.length === 0 ? messages.students.none : messages.students.noneFit] : columns([header, ...rows]),
  };
}
