/** Help as pages: of lpx, of each command, of topics. One text for terminals and for the manual. */
import type { Argument, Command, Option } from 'commander';
import { EXIT } from '../../errors.js';
import { EXAMPLES } from '../../messages/examples.js';
import { type CommandName, type Language, type Messages, messagesIn } from '../../messages/messages.js';
import { commandsOf, isGroup, nameOf, wordsOf } from '../command-tree.js';
import type { Surroundings } from '../context.js';
import { widthOf, wrapped } from './text.js';

/** The commands by what a clerk is about; those that stand nowhere manage lpx itself. */
const JOURNEYS = {
  out: ['advise', 'load', 'export', 'batch-export', 'slip'],
  in: ['verify', 'import', 'batch-verify', 'batch-import', 'receipt'],
  yearEnd: ['status', 'pick', 'register', 'leave'],
  wayBack: ['undo', 'remove', 'backup', 'restore', 'doctor', 'recover', 'erase'],
  look: ['students', 'show', 'files', 'history', 'log', 'code'],
  workers: ['worker', 'batch-status', 'batch-retry', 'batch-drop'],
  manage: ['init', 'school', 'move', 'where', 'demo', 'help', 'completion'],
} as const satisfies Readonly<Record<string, readonly CommandName[]>>;

/** A term with what it means, or a line that stands alone. */
type Row = readonly [term: string, meaning: string];

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Where the meanings of the terms begin; without it, where those of the whole page do. */
  readonly column?: number;
}

export interface HelpPage {
  /** `lpx export [options] [national-id...]` */
  readonly usage: string;
  readonly about: string;
  readonly sections: readonly Section[];
  /** Paragraphs at the end. */
  readonly notes: readonly string[];
}

/** The page of a command; of lpx itself, every command and the options that all of them have. */
export function helpPage(language: Language, program: Command, command: Command): HelpPage {
  const messages = messagesIn(language);
  const { help } = messages;
  const usage = [command === program ? 'lpx' : `lpx ${wordsOf(command)}`, ...usageParts(messages, program, command)].join(' ');
  const about = command.description();
  const section = (title: string, rows: readonly Row[]): Section[] => (rows.length === 0 ? [] : [{ title, rows }]);
  if (command === program) {
    return {
      usage,
      about,
      sections: [...journeysOf(messages, program), ...section(help.globalOptions, optionRows(messages, command)), exitCodes(messages)],
      notes: [help.more],
    };
  }
  const examples = EXAMPLES[language][nameOf(command)] ?? [];
  return {
    usage,
    about,
    sections: [
      ...section(
        help.commands,
        command.commands.map((known) => [known.name(), known.description()]),
      ),
      ...section(
        help.arguments,
        command.registeredArguments.map((argument) => [inWords(messages, argumentTerm(argument)), argument.description]),
      ),
      ...section(help.options, [...optionRows(messages, command), ...(ASKING.has(nameOf(command)) ? [[YES, help.yesHere] as const] : [])]),
      ...section(
        help.examples,
        examples.map((example) => [example, '']),
      ),
    ],
    notes: [...(command.options.some(({ long }) => long === '--password-file') ? [help.passwordNote] : []), help.common],
  };
}

/** Commands that may ask on a terminal, and the option of all commands that answers. */
const ASKING: ReadonlySet<string> = new Set(['init', 'load', 'undo', 'remove', 'erase']);
const YES = '-y, --yes';

/** Placeholders in the reader's language: `--out <資料夾>`. */
export const inWords = ({ placeholders }: Messages, text: string): string =>
  text.replace(/(?<=[<[])[\w|-]+(?=(?:\.\.\.)?[\]>])/g, (name) => (placeholders as Readonly<Record<string, string>>)[name] ?? name);

function usageParts(messages: Messages, program: Command, command: Command): string[] {
  const { help } = messages;
  if (command === program) return [help.usageOptions, help.usageCommand];
  if (isGroup(command)) return [help.usageCommand];
  return [
    ...(command.options.length > 0 ? [help.usageOptions] : []),
    ...command.registeredArguments.map((argument) => inWords(messages, argumentTerm(argument))),
  ];
}

function argumentTerm(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

const optionRows = (messages: Messages, command: Command): Row[] =>
  command.options.map((option: Option) => [inWords(messages, option.flags), option.description]);

/** Every exit code with what it means, in columns of its own. */
const exitCodes = ({ help, exits }: Messages): Section => ({
  title: help.exitCodes,
  rows: Object.entries(EXIT).map(([name, code]) => [String(code).padStart(2), exits[name as keyof typeof EXIT]]),
  column: 2 + 2 * INDENT,
});

/** The exit codes as lines of at most so many columns. */
export const exitCodeLines = (messages: Messages, width: number): string[] => {
  const { rows, column = 0 } = exitCodes(messages);
  return rows.flatMap((row) => rowLines(row, column, width));
};

/** Commands under what they are for, in the order of the work. */
function journeysOf({ help }: Messages, program: Command): Section[] {
  const placed = new Set<string>(Object.values(JOURNEYS).flat());
  const commands = commandsOf(program);
  const unplaced = commands.map(nameOf).filter((name) => !placed.has(name));
  return Object.entries(JOURNEYS).map(([journey, names]) => ({
    title: help.journeys[journey as keyof typeof JOURNEYS],
    rows: [...names, ...(journey === 'manage' ? unplaced : [])].flatMap((name): Row[] => {
      const command = commands.find((known) => nameOf(known) === name);
      return command ? [[wordsOf(command), command.description()]] : [];
    }),
  }));
}

/** Where the width of a terminal is not known, and the widest that is good to read. */
const USUAL_COLUMNS = 80;
const WIDEST_COLUMNS = 100;

/** The columns that help takes: those of the terminal, else `COLUMNS`. */
export function terminalWidth({ stdout, env }: Pick<Surroundings, 'stdout' | 'env'>): number {
  const columns = stdout.columns || Number(env.COLUMNS) || USUAL_COLUMNS;
  return Math.min(columns, WIDEST_COLUMNS);
}

/** Longer terms have their meaning on the next line. */
const TERM_COLUMNS = 30;
const INDENT = 2;

/** A page as lines of at most so many columns. */
export function helpLines({ help }: Messages, page: HelpPage, width: number): string[] {
  const terms = page.sections.flatMap(({ rows, column }) =>
    (column === undefined ? rows : []).filter(([, meaning]) => meaning !== '').map(([term]) => widthOf(term)),
  );
  const common = Math.min(TERM_COLUMNS, Math.max(0, ...terms)) + 2 * INDENT;
  return [
    ...wrapped(`${help.usage}${page.usage}`, width),
    '',
    ...wrapped(page.about, width),
    ...page.sections.flatMap(({ title, rows, column = common }) => ['', title, ...rows.flatMap((row) => rowLines(row, column, width))]),
    ...page.notes.flatMap((note) => ['', ...wrapped(note, width)]),
  ];
}

function rowLines([term, meaning]: Row, column: number, width: number): string[] {
  const head = `${' '.repeat(INDENT)}${term}`;
  if (meaning === '') return [head];
  const margin = ' '.repeat(column);
  const lines = wrapped(meaning, Math.max(width - column, INDENT * 4)).map((line) => `${margin}${line}`);
  if (widthOf(head) > column - INDENT) return [head, ...lines];
  const [first = '', ...rest] = lines;
  return [`${head}${' '.repeat(column - widthOf(head))}${first.slice(column)}`, ...rest];
}
