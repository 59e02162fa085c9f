import { existsSync } from 'node:fs';
import { LpxError } from '../../errors.js';
import { type ExplainedCode, explainCodes } from '../../exchange/explain-code.js';
import { withStoreToRead } from '../../exchange/school-store.js';
import { fill } from '../../messages/messages.js';
import { plainCode } from '../../plain-text.js';
import { faultTexts, partMeaning } from '../../report/course-code.js';
import { parseCredits } from '../../spec/course-code-file.js';
import {
  COURSE_CODE_CHARACTERS,
  COURSE_CODE_PARTS,
  type CourseCodeExplanation,
  type CourseCodePartValue,
} from '../../spec/identifiers/course-code.js';
import type { Context, Outcome } from '../context.js';
import { columns } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

/** `lpx code`: names every part of course codes. A store is not needed, but adds what it knows. */
export async function code(context: Context, words: readonly string[]): Promise<Outcome> {
  const explained = await explain(context, codesIn(words));
  const malformed = explained.filter(({ faults }) => faults.length > 0).length;
  const { part: labels = {} } = context.messages.words;
  return {
    json: {
      codes: explained.map(({ schoolName, listing, ...explanation }) => ({
        ...explanation,
        parts: explanation.parts.map((part) => ({ ...part, label: labels[part.part] ?? part.part, name: nameOf(part, schoolName) })),
        listing: listingOutput(listing),
      })),
    },
    text: explained.flatMap((code, i) => [...(i > 0 ? [''] : []), ...codeLines(context, code)]),
    error: malformed === 0 ? undefined : new LpxError('LPX_COURSE_CODES_MALFORMED', { count: malformed, total: explained.length }),
  };
}

/** Codes in wide characters or with blanks in them are as good; several words that make one code together are that code. */
function codesIn(words: readonly string[]): string[] {
  const codes = words.map((word) => plainCode(word).replace(/\s/g, ''));
  const together = codes.join('');
  return together.length === COURSE_CODE_CHARACTERS ? [together] : codes;
}

async function explain(context: Context, codes: readonly string[]): Promise<ExplainedCode[]> {
  const folder = storeFolder(context);
  if (context.storeOption === undefined && typeof folder === 'string' && !existsSync(folder)) return explainCodes(codes);
  return withStoreToRead(folder, (store) => explainCodes(codes, store));
}

function listingOutput(listing: ExplainedCode['listing']) {
  if (listing === undefined) return { status: 'unknown' };
  if (listing === 'unlisted') return { status: 'unlisted' };
  const { subjectName, credits } = listing;
  return { status: 'listed', subjectName, credits, terms: parseCredits(credits) ?? [] };
}

const nameOf = (part: CourseCodePartValue, schoolName: string): string => (part.part === 'school' ? schoolName : part.name);

function codeLines({ messages, paint }: Context, explained: ExplainedCode): string[] {
  const { code, parts, faults, listing, schoolName } = explained;
  const { part: labels = {} } = messages.words;
  const count = [...code].length;
  // What a code that is too short has nothing of, the faults say.
  const rows = parts
    .filter(({ text }) => text !== '')
    .map((part, i) => [
      paint.dim(String(i + 1).padStart(2)),
      paint.dim(span(part)),
      part.kind === 'malformed' ? paint.red(part.text) : paint.cyan(part.text),
      labels[part.part] ?? part.part,
      partMeaning(messages, part, nameOf(part, schoolName)),
    ]);
  return [
    ...rulerLines(explained, paint),
    ...(count === COURSE_CODE_CHARACTERS ? [] : [paint.red(fill(messages.code.length, { count }))]),
    ...faultTexts(messages, faults).map((line) => paint.red(`  ✘ ${line}`)),
    ...columns(rows, '  '),
    ...listingLines(messages, listing),
  ];
}

const lengthOf = (part: CourseCodePartValue['part']): number => COURSE_CODE_PARTS.find((candidate) => candidate.part === part)?.length ?? 1;

/** The characters' places, counted from 1. */
function span({ part, offset }: CourseCodePartValue): string {
  const length = lengthOf(part);
  return length === 1 ? `${offset + 1}` : `${offset + 1}–${offset + length}`;
}

/** The code with a gap between its parts, and under it a ruler with the guide's numbers of the parts; faults are marked. */
function rulerLines({ code, parts, faults }: CourseCodeExplanation, paint: Context['paint']): string[] {
  const characters = [...code];
  const extra = characters.slice(COURSE_CODE_CHARACTERS);
  const wrong = new Set(faults.map((fault) => fault.position));
  const texts: string[] = [];
  const marks: string[] = [];
  const numbers: string[] = [];
  for (const [i, { part, offset }] of parts.entries()) {
    const length = lengthOf(part);
    const positions = Array.from({ length }, (_, n) => offset + n);
    texts.push(positions.map((at) => characters[at] ?? '·').join(''));
    const line = length === 1 ? '│' : `╰${'─'.repeat(length - 2)}╯`;
    marks.push([...line].map((mark, n) => (wrong.has(offset + n + 1) ? '^' : mark)).join(''));
    const number = String(i + 1);
    const before = Math.floor((length - number.length) / 2);
    numbers.push(' '.repeat(Math.max(0, before)) + number.padEnd(length - Math.max(0, before)));
  }
  if (extra.length > 0) {
    texts.push(extra.join(''));
    marks.push('^'.repeat(extra.length));
  }
  return [paint.bold(texts.join(' ')), paint.dim(marks.join(' ')), paint.dim(numbers.join(' ').trimEnd())];
}

function listingLines({ code: words }: Context['messages'], listing: ExplainedCode['listing']): string[] {
  if (listing === undefined) return [];
  if (listing === 'unlisted') return [`  ${words.listed}  ${words.unlisted}`];
  const taught = (parseCredits(listing.credits) ?? []).map(({ term, credits, alternating }) =>
    fill(words.taught, {
      grade: Math.ceil(term / 2),
      semester: term % 2 === 1 ? 1 : 2,
      credits: alternating ? fill(words.alternating, { credits }) : credits,
    }),
  );
  return [`  ${words.listed}  ${listing.subjectName}  ${listing.credits}`, ...taught.map((line) => `    ${line}`)];
}
