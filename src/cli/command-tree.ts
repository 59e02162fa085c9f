/** Commands, and groups of them such as `lpx batch`, by the words that name them. */
import type { Command } from 'commander';
import type { CommandName } from '../messages/messages.js';

/** Every command that does something, a group's in the place of the group. */
export const commandsOf = (program: Command): Command[] =>
  program.commands.flatMap((command) => (isGroup(command) ? commandsOf(command) : [command]));

/** The same with the groups, each before its commands. */
export const allCommands = (program: Command): Command[] => program.commands.flatMap((command) => [command, ...allCommands(command)]);

export const isGroup = (command: Command): boolean => command.commands.length > 0;

/** The words that name a command: `batch export`. */
export const wordsOf = (command: Command): string =>
  command.parent?.parent ? `${wordsOf(command.parent)} ${command.name()}` : command.name();

/** The name that messages, schemas and `--json` have for a command: `batch-export`. */
export const nameOf = (command: Command): CommandName => wordsOf(command).replaceAll(' ', '-') as CommandName;

/** The command that words name, or the group; undefined for none. */
export function commandIn(program: Command, words: readonly string[]): Command | undefined {
  for (const [at, word] of words.entries()) {
    const command = program.commands.find((known) => known.name() === word);
    if (command) return commandIn(command, words.slice(at + 1)) ?? command;
  }
  return undefined;
}
