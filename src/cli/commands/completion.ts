import type { Command } from 'commander';
import { readChoice } from '../choices.js';
import { allCommands, isGroup } from '../command-tree.js';
import { refusedValue } from '../complaints.js';
import type { Context, Outcome } from '../context.js';
import { inWords } from '../render/help.js';

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof SHELLS)[number];

/** What may follow where in a command line. */
interface Vocabulary {
  /** Commands, with what each is for. */
  readonly commands: readonly (readonly [name: string, about: string])[];
  readonly globals: readonly string[];
  /** Commands that are groups, with the commands in each. */
  readonly groups: readonly (readonly [group: string, names: readonly string[]])[];
  readonly optionsOf: readonly (readonly [command: string, options: readonly string[]])[];
  /** The values of options that have few. */
  readonly values: readonly (readonly [option: string, values: readonly string[]])[];
}

/** `lpx completion`: a script that lets a shell complete lpx's words. */
export async function completion({ language, messages }: Context, program: Command, given: string): Promise<Outcome> {
  const shell = readChoice(given, SHELLS);
  if (shell === undefined) throw refusedValue(language, inWords(messages, '<shell>'), given, SHELLS);
  const text = SCRIPTS[shell](vocabularyOf(program)).split('\n');
  return { json: { shell, text: text.join('\n') }, text };
}

function vocabularyOf(program: Command): Vocabulary {
  const longs = (command: Command): string[] => [
    ...new Set([command, ...allCommands(command)].flatMap(({ options }) => options.flatMap(({ long }) => long ?? []))),
  ];
  const choices = [program, ...allCommands(program)].flatMap((command) =>
    command.options.flatMap(({ long, argChoices }) => (long && argChoices ? [[long, argChoices] as const] : [])),
  );
  return {
    commands: program.commands.map((command) => [command.name(), command.description()]),
    globals: program.options.flatMap(({ long }) => long ?? []),
    groups: program.commands.filter(isGroup).map((group) => [group.name(), group.commands.map((command) => command.name())]),
    optionsOf: program.commands.map((command) => [command.name(), longs(command)]),
    values: [...new Map(choices)],
  };
}

const names = ({ commands }: Vocabulary): string => commands.map(([name]) => name).join(' ');

/** Bash, and zsh through its emulation of bash's completion. */
function bash(vocabulary: Vocabulary): string {
  const { globals, groups, optionsOf, values } = vocabulary;
  return `_lpx() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command= candidate
  for candidate in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${names(vocabulary)} " in *" $candidate "*) command=$candidate; break;; esac
  done
  case $before in
${values.map(([option, choices]) => `    ${option}) COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$word")); return;;`).join('\n')}
${groups.map(([group, names]) => `    ${group}) COMPREPLY=($(compgen -W '${names.join(' ')}' -- "$word")); return;;`).join('\n')}
  esac
  local options='${globals.join(' ')}'
  case $command in
${optionsOf.map(([command, options]) => `    ${command}) options="${options.join(' ')} $options";;`).join('\n')}
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word"));;
    *) if [ -z "$command" ] || [ "$command" = help ]; then COMPREPLY=($(compgen -W '${names(vocabulary)}' -- "$word"));
       else COMPREPLY=(); fi;;
  esac
}
complete -o default -F _lpx lpx`;
}

const zsh = (vocabulary: Vocabulary): string => `#compdef lpx
autoload -U +X bashcompinit && bashcompinit
${bash(vocabulary)}`;

const quoted = (text: string): string => `'${text.replaceAll("'", '’')}'`;

function fish({ commands, globals, groups, optionsOf, values }: Vocabulary): string {
  const choices = new Map(values);
  const option = (condition: string, long: string) =>
    `complete -c lpx${condition} -l ${long.slice(2)}${choices.has(long) ? ` -x -a ${quoted((choices.get(long) ?? []).join(' '))}` : ''}`;
  return [
    ...commands.map(([name, about]) => `complete -c lpx -n __fish_use_subcommand -a ${name} -d ${quoted(about)}`),
    ...groups.flatMap(([group, names]) =>
      names.map((name) => `complete -c lpx -n ${quoted(`__fish_seen_subcommand_from ${group}`)} -a ${name}`),
    ),
    ...globals.map((long) => option('', long)),
    ...optionsOf.flatMap(([command, longs]) =>
      longs.map((long) => option(` -n ${quoted(`__fish_seen_subcommand_from ${command}`)}`, long)),
    ),
  ].join('\n');
}

function powershell(vocabulary: Vocabulary): string {
  const { commands, globals, groups, optionsOf, values } = vocabulary;
  const list = (words: readonly string[]) => `@(${words.map(quoted).join(', ')})`;
  const table = (rows: readonly (readonly [string, readonly string[]])[]) =>
    `@{\n${rows.map(([key, words]) => `    ${quoted(key)} = ${list(words)}`).join('\n')}\n  }`;
  return `Register-ArgumentCompleter -Native -CommandName lpx -ScriptBlock {
  param($word, $line, $position)
  $commands = ${list(commands.map(([name]) => name))}
  $options = ${table(optionsOf)}
  $values = ${table([...values, ...groups])}
  $words = @($line.CommandElements | ForEach-Object { "$_" })
  $typed = if ($word -eq '') { $words } else { $words[0..($words.Count - 2)] }
  $command = $typed | Where-Object { $commands -contains $_ } | Select-Object -First 1
  $before = $typed[-1]
  $found = if ($values.ContainsKey($before)) { $values[$before] }
    elseif ($word -like '-*') { $options["$command"] + ${list(globals)} }
    elseif (-not $command) { $commands } else { @() }
  $found | Where-Object { $_ -like "$word*" } | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}`;
}

const SCRIPTS: Readonly<Record<Shell, (vocabulary: Vocabulary) => string>> = { bash, zsh, fish, powershell };
