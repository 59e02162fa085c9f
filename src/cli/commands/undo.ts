import { LpxError } from '../../errors.js';
import { withStore } from '../../exchange/school-store.js';
import { type TakenBack, type TakenBackStudent, type UndoResult, undoEntry } from '../../exchange/undo.js';
import { maskId } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import { entryNumber } from '../arguments.js';
import { canAsk, confirm } from '../confirm.js';
import type { Context, Outcome } from '../context.js';
import { printable } from '../render/printable.js';
import { changeText, fittingColumns, LEAST_NAME, localTime } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface UndoOptions {
  readonly dryRun?: boolean;
  readonly despiteSent?: boolean;
}

/** Students who are named on the screen. */
const NAMED = 20;

/** `lpx undo`: takes back what one entry of the history did, or an undo. */
export async function undo(context: Context, number: string, options: UndoOptions): Promise<Outcome> {
  const request = {
    id: entryNumber(context, '<number>', number),
    now: context.now(),
    operator: context.operator(),
    despiteSent: options.despiteSent === true,
  };
  const result = await withStore(storeFolder(context), async (store) => {
    const planned = () => undoEntry(store, { ...request, dryRun: true });
    if (options.dryRun) return planned();
    // What stands against it is said before the question.
    if (!context.yes) await askFirst(context, context.messages.undo.ask, undoLines(context, await planned()));
    return undoEntry(store, request);
  });
  return {
    json: context.json ? undoOutput(result) : {},
    text: undoLines(context, result),
    notes: result.dryRun ? [] : [...sentNotes(context, result), howBack(context, result)],
  };
}

/** Shows what would happen, and asks, where there is somebody to ask. @throws LPX_NOT_CONFIRMED */
export async function askFirst(context: Context, question: string, lines: readonly string[]): Promise<void> {
  for (const line of canAsk(context) ? lines : []) context.stderr.write(`${printable(line, false)}\n`);
  if (!(await confirm(context, question))) throw new LpxError('LPX_NOT_CONFIRMED');
}

/** Whom to tell of what had been sent. */
function sentNotes({ messages: { undo: words } }: Context, { sent }: UndoResult): string[] {
  const schoolsOf = (which: 'receipt' | 'export') => new Set(sent.filter(({ kind }) => kind === which).map(({ school }) => school));
  return [
    ...[...schoolsOf('receipt')].map((school) => fill(words.tellSender, { school: school || words.someSchool })),
    ...[...schoolsOf('export')].map((school) => fill(words.tellReceiver, { school: school || words.someSchool })),
    ...(sent.some(({ kind }) => kind === 'register' || kind === 'files') ? [words.writeAgain] : []),
  ];
}

const howBack = ({ messages }: Context, { historyId, root }: UndoResult): string =>
  fill(root.stands ? messages.undo.howUndo : messages.undo.howRedo, { id: historyId });

function undoLines(context: Context, result: UndoResult): string[] {
  const { messages, paint } = context;
  const { undo: words, labels } = messages;
  const { entry, redone, root, students, dryRun } = result;
  const [would, did] =
    redone === undefined
      ? [words.wouldUndo, words.undone]
      : root.stands
        ? [words.wouldRedo, words.redone]
        : [words.wouldUndoAgain, words.undoneAgain];
  const said = dryRun ? would : did;
  const facts = { id: entry.id, root: root.id, entryKind: messages.kinds[root.kind], at: localTime(entry.at), file: entry.file };
  const more = students.length - NAMED;
  return [
    `${dryRun ? paint.yellow('○') : paint.green('✔')} ${fill(said, facts)}`,
    ...fittingColumns(
      context,
      students
        .slice(0, NAMED)
        .map((student) => [maskId(student.nationalId), student.name, studentRemarks(messages, student).join(messages.history.and)]),
      [[1, LEAST_NAME]],
      '  ',
    ),
    ...(more > 0 ? [`  ${fill(labels.more, { count: more })}`, `  ${totals(messages, result)}`] : []),
    ...listingLines(messages, result).map((line) => `  ${line}`),
    ...result.sent.map(({ id, kind, at, file }) =>
      paint.yellow(`  ${fill(words.stays, { id, entryKind: messages.kinds[kind], at: localTime(at), file })}`),
    ),
  ];
}

/** What becomes of a student, in words. */
function studentRemarks({ undo: words, labels }: Context['messages'], student: TakenBackStudent): string[] {
  const counted = (['removed', 'returned', 'restored', 'picked', 'unpicked'] as const).flatMap((what) =>
    student[what] === 0 ? [] : [fill(words.counts[what], { count: student[what] })],
  );
  return [
    ...(student.roll ? [words.roll[student.roll]] : []),
    ...counted,
    ...student.changes.map((change) => changeText(labels, change)),
    ...(student.roll
      ? []
      : (['left', 'extendedYears', 'rollEntry'] as const).flatMap((what) => (student[what] ? [words.asBefore[what]] : []))),
  ];
}

/** All students together. */
function totals({ undo: words, history }: Context['messages'], { students }: TakenBack): string {
  const sum = (count: (student: TakenBackStudent) => number) => students.reduce((total, student) => total + count(student), 0);
  const rows = (['removed', 'returned', 'restored', 'picked', 'unpicked'] as const).map(
    (what) => [words.counts[what], sum((student) => student[what])] as const,
  );
  const off = sum(({ roll }) => (roll === 'off' ? 1 : 0));
  const back = sum(({ roll }) => (roll === 'back' ? 1 : 0));
  return [[words.studentsOff, off] as const, [words.studentsBack, back] as const, ...rows]
    .flatMap(([template, count]) => (count === 0 ? [] : [fill(template, { count })]))
    .join(history.and);
}

function listingLines({ undo: words }: Context['messages'], { courses, schools, schoolName }: TakenBack): string[] {
  return [
    ...(courses > 0 ? [fill(words.courses, { count: courses })] : []),
    ...(schools > 0 ? [fill(words.schools, { count: schools })] : []),
    ...(schoolName ? [fill(words.schoolName, { from: schoolName.from || '—', to: schoolName.to || '—' })] : []),
  ];
}

const undoOutput = ({ entry, redone, students, courses, schools, schoolName, sent, dryRun, historyId }: UndoResult) => ({
  entry: { ...entry, at: entry.at.toISOString() },
  ...(redone !== undefined && { redone }),
  dryRun,
  ...(historyId > 0 && { historyId }),
  students: students.map(({ id: _, roll, counts, ...rest }) => ({ ...rest, ...counts, ...(roll && { roll }) })),
  courses,
  schools,
  ...(schoolName && { schoolName }),
  sent: sent.map(({ id, kind, at, file, school }) => ({ id, kind, at: at.toISOString(), file, ...(school && { school }) })),
});
