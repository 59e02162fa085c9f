/** Explains arguments that could not be read: what is wrong, the allowed values, and the likely intention. */
import type { Command, CommanderError, Option } from 'commander';
import { LpxError } from '../errors.js';
import { fill, type Language, type Messages, messagesIn } from '../messages/messages.js';
import { choiceName, choiceWord, closestChoices } from './choices.js';
import { commandIn, isGroup, wordsOf } from './command-tree.js';
import { inWords } from './render/help.js';
import { closest } from './suggest.js';

/** commander's complaint about a command's words, in ours. */
export function usageError(language: Language, program: Command, words: readonly string[], error: CommanderError): LpxError {
  const messages = messagesIn(language);
  const command = commandIn(program, words);
  const options = [...(command?.options ?? []), ...program.options];
  // commander looks for missing options first: a mistyped one is why it is missing.
  const mistyped = error.code === 'commander.missingMandatoryOptionValue' ? unknownOption(words, options) : undefined;
  const code = mistyped === undefined ? error.code : 'commander.unknownOption';
  const name = mistyped ?? (error.code === 'commander.help' && command ? commandsIn(messages, command) : nameIn(error));
  const template = (messages.usage as Readonly<Record<string, string>>)[code];
  const problem = template === undefined ? error.message.replace(/^error: /, '') : fill(template, { name: named(messages, code, name) });
  const candidates: Readonly<Record<string, readonly string[]>> = {
    'commander.unknownCommand': closestCommands(name, command && isGroup(command) ? command : program),
    'commander.unknownOption': closest(name, longNames(options)),
  };
  if (code === 'commander.unknownOption' && isOfPassword(name, options))
    return new LpxError('LPX_USAGE', { problem: [problem, messages.usage.noPasswordOption].join('') });
  const missing = options.find((option) => option.flags === name);
  const more = [
    allowed(language, missing?.argChoices ?? []),
    didYouMean(messages, candidates[code] ?? []),
    code === 'commander.excessArguments' && longNames(command?.options ?? []).includes('--student') ? messages.usage.byStudent : '',
  ];
  return new LpxError('LPX_USAGE', { problem: [problem, ...more].join('') });
}

/** A name of commander's in the reader's language. */
const named = (messages: Messages, code: string, name: string): string =>
  inWords(messages, code === 'commander.missingArgument' ? `<${name}>` : name);

/**
 * What commander's complaint is about. Of an option without its value, and of short options only the first: what follows
 * may be a password.
 */
function nameIn({ code, message }: CommanderError): string {
  const name = /'([^']+)'/.exec(message)?.[1] ?? '';
  if (code !== 'commander.unknownOption') return name;
  return name.startsWith('--') ? (name.split('=')[0] as string) : name.slice(0, 2);
}

/** Whether somebody meant to give the password itself: the options that are named like it take files, and would write one of that name. */
const isOfPassword = (name: string, options: readonly Option[]): boolean =>
  /^(?:--(?:pass(?:w(?:or)?d|phrase|code)?|pwd?)|-[pP])$/i.test(name) &&
  longNames(options).some((option) => option.startsWith('--password'));

/** The commands of a group, as they are typed. */
const commandsIn = (messages: Messages, group: Command): string =>
  group.commands.map((command) => `lpx ${wordsOf(command)}`).join(messages.usage.and);

const longNames = (options: readonly Option[]): string[] => options.flatMap((option) => option.long ?? []);

const unknownOption = (words: readonly string[], options: readonly Option[]): string | undefined =>
  words
    .map((word) => word.split('=')[0] as string)
    .find((word) => word.startsWith('--') && word !== '--' && !longNames(options).includes(word));

/** A command that is not there. */
export const unknownCommand = (messages: Messages, name: string, names: readonly string[]): LpxError =>
  unknownName(messages, messages.usage['commander.unknownCommand'], name, names);

/** What help is asked about, and is neither a command nor a topic. */
export const unknownTopic = (messages: Messages, name: string, names: readonly string[]): LpxError =>
  unknownName(messages, messages.usage.unknownTopic, name, names);

function unknownName(messages: Messages, template: string, name: string, names: readonly string[]): LpxError {
  const problem = fill(template, { name });
  return new LpxError('LPX_USAGE', { problem: [problem, didYouMean(messages, closestChoices(name, names))].join('') });
}

/** As they are typed after `lpx`. */
const closestCommands = (name: string, group: Command): string[] =>
  group.commands.filter((command) => closestChoices(name, commandNames(group)).includes(command.name())).map(wordsOf);

export const commandNames = (program: Command): string[] => program.commands.map((command) => command.name());

/** An argument that is empty, as a shell variable that is not set: as if it were not there. */
export const missingArgument = (messages: Messages, name: string): LpxError =>
  new LpxError('LPX_USAGE', { problem: fill(messages.usage['commander.missingArgument'], { name: inWords(messages, `<${name}>`) }) });

/** An option without a value, or with an empty one. */
export const missingValue = (messages: Messages, { flags }: Option): LpxError =>
  new LpxError('LPX_USAGE', { problem: fill(messages.usage['commander.optionMissingArgument'], { name: inWords(messages, flags) }) });

/** A value that is none of those that an option or an argument takes. */
export function refusedValue(language: Language, what: string, value: string, values: readonly string[]): LpxError {
  const messages = messagesIn(language);
  const problem = fill(messages.usage.notAllowed, { option: what, value });
  const meant = closestChoices(value, values).map((choice) => choiceWord(language, choice));
  return new LpxError('LPX_USAGE', {
    problem: [problem, allowed(language, values), didYouMean(messages, meant)].join(''),
  });
}

function allowed(language: Language, values: readonly string[]): string {
  const messages = messagesIn(language);
  const names = values.map((value) => choiceName(language, value));
  return names.length === 0 ? '' : fill(messages.usage.allowed, { values: names.join(messages.usage.and) });
}

const didYouMean = (messages: Messages, meant: readonly string[]): string =>
  meant.length === 0 ? '' : fill(messages.usage.didYouMean, { meant: meant.join(messages.usage.and) });
