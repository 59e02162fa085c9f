/** What a course code says, part by part, in the words of a language. */
import { fill, type Messages } from '../messages/messages.js';
import type { CourseCodeFault, CourseCodePartValue } from '../spec/identifiers/course-code.js';

/** What a part means. `name`: from a table, or the school's; empty when none has it. */
export function partMeaning(messages: Messages, { part, kind }: CourseCodePartValue, name: string): string {
  if (name !== '') return name;
  if (kind === 'unknown') return messages.code.unknown;
  if (kind === 'malformed') return messages.code.malformed;
  return part === 'classGroup' || part === 'subject' ? messages.code.schoolDefined : messages.code.free;
}

/** What is wrong with a code. Characters that are missing one after another are one line. */
export function faultTexts(messages: Messages, faults: readonly CourseCodeFault[]): string[] {
  const missing = faults.filter(({ problem }) => problem === 'missing');
  const [first] = missing;
  const together = first && missing.length > 1 ? { position: first.position, last: first.position + missing.length - 1 } : undefined;
  const { severalMissing, ...words } = messages.code.faults;
  return [
    ...faults
      .filter(({ problem }) => together === undefined || problem !== 'missing')
      .map((fault) => fill(words[fault.problem], { ...fault }, messages.words)),
    ...(together ? [fill(severalMissing, together)] : []),
  ];
}
