import { fill, inert } from '../../messages/messages.js';
import {
  COURSE_CODE_CHARACTERS,
  type CourseCodeExplanation,
  type CourseCodePartValue,
  explainCourseCode,
} from '../../spec/identifiers/course-code.js';
import type { Context, Outcome } from '../context.js';
import { columns } from '../render/text.js';

/** `lpx code`: every part of course codes, named. */
export async function code(context: Context, codes: readonly string[]): Promise<Outcome> {
  const explained = codes.map(explainCourseCode);
  const { part: labels = {} } = context.messages.words;
  return {
    json: {
      codes: explained.map((one) => ({ ...one, parts: one.parts.map((part) => ({ ...part, label: labels[part.part] ?? part.part })) })),
    },
    text: explained.flatMap((one, i) => [...(i > 0 ? [''] : []), ...codeLines(context, one)]),
  };
}

function codeLines({ messages, paint }: Context, { code, wellFormed, parts }: CourseCodeExplanation): string[] {
  const { part: labels = {} } = messages.words;
  const count = [...code].length;
  const rows = parts.map((part) => [
    paint.dim(`${part.offset + 1}`.padStart(2)),
    part.kind === 'malformed' ? paint.red(inert(part.text) || '—') : paint.cyan(part.text),
    labels[part.part] ?? part.part,
    meaning(messages, part),
  ]);
  return [
    paint.bold(wellFormed ? parts.map((part) => part.text).join(' ') : inert(code)),
    ...(count === COURSE_CODE_CHARACTERS ? [] : [paint.red(fill(messages.code.length, { count }))]),
    ...columns(rows, '  '),
  ];
}

function meaning(messages: Context['messages'], { part, kind, name }: CourseCodePartValue): string {
  if (kind === 'named') return name;
  if (kind === 'unknown') return messages.code.unknown;
  if (kind === 'malformed') return messages.code.malformed;
  return part === 'classGroup' || part === 'subject' ? messages.code.schoolDefined : messages.code.free;
}
