/** Picks a language and fills sentences. */
import { CATALOGUE, type Code } from './catalogue.js';
import { en, type Messages, type Sentence } from './en.js';
import { type Facts, fill } from './fill.js';
import { zhTW } from './zh-TW.js';

export type { Messages, Sentence } from './en.js';
export { cutFact, fill, HIDDEN_CHARACTERS, inert, size, visible } from './fill.js';

export const LANGUAGES = ['zh-TW', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/**
 * The messages of a language.
 * @param side `here` for a command over the school's own data, whose advice is never to ask a sending school
 * @param given options of the command: with `dryRun` no error says that the rest was done, with `acceptPartial` none advises that option
 */
export function messagesIn(
  language: Language,
  side: 'here' | 'received' = 'received',
  { dryRun = false, acceptPartial = false }: { readonly dryRun?: boolean; readonly acceptPartial?: boolean } = {},
): Messages {
  const messages = language === 'zh-TW' ? zhTW : en;
  const isHere = side === 'here';
  return {
    ...messages,
    ...(dryRun && { consequence: consequencesOfDryRun(messages) }),
    ...((isHere || acceptPartial) && { codes: codesFor(messages, isHere, acceptPartial) }),
  };
}

const consequencesOfDryRun = ({ consequence }: Messages): Messages['consequence'] => ({
  ...consequence,
  notDone: { ...consequence.notDone, recover: consequence.dryRun.recover },
  partlyDone: { ...consequence.partlyDone, ...consequence.dryRun },
  unknownWhetherDone: consequence.notDone,
});

const codesFor = ({ codes }: Messages, isHere: boolean, acceptPartial: boolean): Messages['codes'] =>
  Object.fromEntries(
    Object.entries(codes).map(([code, row]) => [
      code,
      {
        ...row,
        what: (isHere ? row.whatHere : undefined) ?? row.what,
        next: (acceptPartial ? row.nextPartial : undefined) ?? (isHere ? row.nextHere : undefined) ?? row.next,
      },
    ]),
  ) as Messages['codes'];

/**
 * The language for an environment: any Chinese locale reads zh-TW, every other English. `LC_ALL` wins over
 * `LC_MESSAGES`, that over `LANG`; without any, the system's own locale decides.
 */
export function languageOf(env: Readonly<Record<string, string | undefined>>, systemLocale: () => string): Language {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || systemLocale();
  return /^zh/i.test(locale) ? 'zh-TW' : 'en';
}

/** What is corrected in the cell, where a value of the school's own comes from a table and not from the platform. */
const CORRECTED_IN_CELLS: ReadonlySet<Code> = new Set(['LPX_SCHEMA', 'LPX_DATE']);

/** The sentence of a code, filled. @param ofCell whether it is said of a cell of a table */
export function sentenceOf(messages: Messages, code: Code, facts: Facts, ofCell = false): Sentence {
  const { what } = messages.codes[code];
  const { next } = messages.codes[ofCell && CORRECTED_IN_CELLS.has(code) ? 'LPX_ROSTER_CELL' : code];
  return { what: fill(what, facts, messages.words), next: fill(next, facts, messages.words) };
}

export type CommandName = keyof Messages['consequence']['notDone'];

/** What an error means for the data: by its code, refined by the command it ends. */
export function consequenceOf({ consequence }: Messages, code: Code, command: CommandName): string {
  // Before a batch has begun, nothing is listed as done.
  if (code === 'LPX_USAGE' && command === 'batch-import') return consequence.notDone.lpx;
  const { means } = CATALOGUE[code];
  // Of no command `notDone` is true then: each has a sentence, or this does not compile.
  if (means === 'unknownWhetherDone') return consequence[means][command];
  const refined: Partial<Record<CommandName, string>> = consequence[means];
  return refined[command] ?? consequence.notDone[command];
}
