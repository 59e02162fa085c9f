/** Findings and errors, for people and as the output schemas have them. */
import { CATALOGUE, type Code, type Facts, type Finding, LpxError, maskedFacts, type Place } from '../../errors.js';
import { maskIds } from '../../masking.js';
import { type CommandName, consequenceOf, fill, type Messages, type Sentence, sentenceOf } from '../../messages/messages.js';
import type { UnfitStudent } from '../../spec/findings.js';
import type { Failure, Finding as FindingOutput } from '../generated/outputs.js';
import { failurePlace, placeBefore, placeOutput, placeText } from './places.js';
import type { Painter } from './printable.js';
import { bracketed, cell, columns } from './text.js';

interface Said {
  readonly code: Code;
  readonly facts: Facts;
  readonly place: Place;
}

/** What happened, with its place before it where the sentence does not say it; and what to do next. */
function said(messages: Messages, { code, facts, place }: Said): Sentence {
  const sentence = sentenceOf(messages, code, maskedFacts(facts, place), place.column !== undefined);
  const before = placeBefore(messages, messages.codes[code].what, place);
  return before === '' ? sentence : { ...sentence, what: `${before}${messages.places.before}${sentence.what}` };
}

/** A finding in one line for people. */
export const findingText = (messages: Messages, finding: Finding): string => said(messages, finding).what;

export function findingOutput(messages: Messages, finding: Finding): FindingOutput {
  const { code, severity, place } = finding;
  const { what, next } = sentenceOf(messages, code, maskedFacts(finding.facts, place), place.column !== undefined);
  return {
    code,
    severity,
    place: placeOutput(place),
    where: placeText(messages, place),
    message: what,
    hint: next,
    ...(finding.more !== undefined && { more: finding.more }),
    ...(finding.differences && { differences: finding.differences }),
  };
}

/** An error: what happened, what it means for the data, what to do next. */
export function failureOutput(messages: Messages, command: CommandName, error: LpxError): Failure {
  const { code, place } = error;
  const { what, next } = said(messages, error);
  return {
    code,
    exitCode: CATALOGUE[code].exit,
    place: failurePlace(place),
    where: placeText(messages, place),
    message: what,
    consequence: consequenceOf(messages, code, command),
    hint:
      code === 'LPX_USAGE'
        ? fill(messages.usage.see, { command: command === 'lpx' || command === 'help' ? '' : command.replace('-', ' ') })
        : next,
  };
}

/** The JSON of a command that failed. @param json the command's own part, as far as there is one */
export const failureDocument = (messages: Messages, command: CommandName, error: LpxError, json: object) => ({
  ok: false,
  command,
  findings: error.findings.map((finding) => findingOutput(messages, finding)),
  ...json,
  error: failureOutput(messages, command, error),
});

/** The name of a file in the vault, of 64 digits after its shelf, by how it begins. Objects of a backup keep theirs. */
export const withShortNames = (line: string): string =>
  line.replace(/(?<!(?:objects|rows|lists)[/\\][0-9a-f]{2}[/\\])(?<=[/\\][0-9a-f]{2}[/\\])([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…');

const LINES = { error: 100, warning: 10, note: 5 } as const;
const MARK = { error: '✘', warning: '!', note: '·' } as const;

/** Findings as lines, worst first; the same advice is given once. Long lists are cut, and say so. */
export function findingLines(messages: Messages, paint: Painter, findings: readonly Finding[]): string[] {
  const colour = { error: paint.red, warning: paint.yellow, note: paint.dim };
  return (['error', 'warning', 'note'] as const).flatMap((severity) => {
    const of = findings.filter((finding) => finding.severity === severity);
    // A line that says that there is one more takes the room of that one.
    const room = of.length === LINES[severity] + 1 ? of.length : LINES[severity];
    const shown = of
      .slice(0, room)
      .map((finding) => ({ finding, ...said(messages, finding) }))
      .flatMap(({ finding, what, next }, i, all) => [
        `${colour[severity](`${MARK[severity]} ${messages.severity[severity]}`)}  ${what}  ${paint.dim(finding.code)}`,
        ...differenceLines(messages, paint, finding),
        ...(all[i + 1]?.next === next ? [] : [`    → ${next}`]),
      ]);
    const rest = of.length - Math.min(of.length, room) + of.reduce((sum, { more = 0 }) => sum + more, 0);
    return rest > 0 ? [...shown, paint.dim(`  ${messages.labels.more.replace('{count}', String(rest))}`)] : shown;
  });
}

/** Each property that differs, with the stored value above the received one. */
function differenceLines({ versions }: Messages, paint: Painter, { differences = [] }: Finding): string[] {
  return differences.flatMap(({ property, stored, received }) => [
    `    ${paint.cyan(property)}`,
    ...columns(
      [
        [versions.stored, cell(shown(stored), DIFFERENCE_COLUMNS)],
        [versions.received, cell(shown(received), DIFFERENCE_COLUMNS)],
      ],
      '      ',
    ),
  ]);
}

const DIFFERENCE_COLUMNS = 62;
const shown = (text: string): string => (text === '' ? '—' : maskIds(text));

const isError = ({ severity }: Finding): boolean => severity === 'error';

/** The findings to list before an error is said: a single error is said on its own, with what it means and what to do. */
export function listedFindings(messages: Messages, paint: Painter, findings: readonly Finding[]): string[] {
  const several = findings.filter(isError).length > 1;
  return findingLines(messages, paint, several ? findings : findings.filter((finding) => !isError(finding)));
}

/** Commands that can skip students with errors. */
const NARROWED: ReadonlySet<CommandName> = new Set(['export', 'import']);

/** An error as lines for stderr; of several, which are listed above, how many they are. */
export function errorLines(messages: Messages, paint: Painter, command: CommandName, error: LpxError): string[] {
  const failure = failureOutput(messages, command, error);
  const errors = error.findings.filter(isError);
  const { several } = messages;
  if (errors.length > 1) {
    const count = errors.reduce((sum, { more = 0 }) => sum + 1 + more, 0);
    const students = studentsOf(errors);
    return [
      `${paint.red('✘')} ${fill(students > 1 ? several.students : several.errors, { count, students })}  ${paint.dim(failure.code)}`,
      `  ${failure.consequence}`,
      `  → ${whatToDo(messages, command, errors)}`,
    ];
  }
  return [
    `${paint.red('✘')} ${failure.message}  ${paint.dim(failure.code)}`,
    ...errors.flatMap((finding) => differenceLines(messages, paint, finding)),
    `  ${failure.consequence}`,
    `  → ${failure.hint}`,
  ];
}

/** What to do about several errors. */
function whatToDo({ several }: Messages, command: CommandName, errors: readonly Finding[]): string {
  if (errors.some(({ code }) => code === 'LPX_UNDO_FIRST')) return several.undoFirst;
  if (errors.every(({ code }) => code === 'LPX_UNDO_SENT')) return several.despiteSent;
  return studentsOf(errors) > 1 && NARROWED.has(command) ? several.narrow : several.correct;
}

const studentsOf = (errors: readonly Finding[]): number =>
  new Set(errors.map(({ place }) => place.student).filter((student) => student !== undefined)).size;

/** Why students were left out, under a title; nothing when nobody was. */
export function unfitLines(messages: Messages, paint: Painter, unfit: readonly UnfitStudent[], title: string): string[] {
  if (unfit.length === 0) return [];
  const against = unfit.flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'error'));
  return ['', bracketed(messages, title, unfit.length), ...findingLines(messages, paint, against)];
}

export const unfitOutput = (messages: Messages, { findings, ...student }: UnfitStudent) => ({
  ...student,
  findings: findings.map((finding) => findingOutput(messages, finding)),
});

/** The error that ends a command which left students out; undefined when it left nobody out. */
export const errorOfUnfit = (unfit: readonly UnfitStudent[]): LpxError | undefined =>
  unfit.length === 0 ? undefined : new LpxError('LPX_STUDENTS_LEFT_OUT', { count: unfit.length });
