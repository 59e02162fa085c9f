/** The command line from its words to its exit code. The only place that prints results and errors. */
import { CommanderError } from 'commander';
import { LpxError } from '../errors.js';
import { knownError } from '../io/file-error.js';
import { runInterruptibly } from '../io/interruption.js';
import { type CommandName, LANGUAGES, type Language, languageOf, messagesIn } from '../messages/messages.js';
import { readChoice } from './choices.js';
import { allCommands, commandIn, isGroup, nameOf } from './command-tree.js';
import { usageError } from './complaints.js';
import type { Context, Outcome, Surroundings } from './context.js';
import { buildProgram, type GlobalOptions } from './program.js';
import { stopProgress } from './progress.js';
import { errorLines, failureDocument, findingLines, listedFindings, withShortNames } from './render/findings.js';
import { terminalWidth } from './render/help.js';
import { jsonLine, jsonText } from './render/json.js';
import { paint, printable } from './render/printable.js';
import { stackLines } from './render/stack.js';
import { columnsOf, folded } from './render/text.js';

/** Runs lpx on the words after its name. @returns the exit code */
export async function main(words: readonly string[], around: Surroundings): Promise<number> {
  const output = watchOutput(around);
  const exitCode = await run(words, around);
  const fault = await output.fault();
  return fault && exitCode === 0 ? reportOutputFault(words, around, fault) : exitCode;
}

/**
 * Output may not arrive. A reader that has gone (`| head`) is not an error, and the exit code stays that of what
 * was done; anything else, such as a full disk, is.
 */
function watchOutput({ stdout, stderr }: Surroundings): { fault(): Promise<NodeJS.ErrnoException | undefined> } {
  let first: NodeJS.ErrnoException | undefined;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    first ??= error;
  });
  stderr.on('error', () => {});
  return {
    fault: async () => {
      // Written after all else: its answer comes once the fate of the rest is known.
      await new Promise<void>((resolve) => stdout.write('', () => resolve()));
      return first?.code === 'EPIPE' ? undefined : first;
    },
  };
}

/** The command is done, and only its result could not be printed. */
function reportOutputFault(words: readonly string[], around: Surroundings, fault: NodeJS.ErrnoException): number {
  const messages = messagesIn(languageFrom(words, around));
  const error = new LpxError('LPX_OUTPUT_LOST', { reason: fault.code ?? 'unknown' }, { cause: fault });
  printLines(
    contextOf(around, languageFrom(words, around), { color: !words.includes('--no-color') }),
    'stderr',
    errorLines(messages, paint, 'output', error),
  );
  return error.exitCode;
}

async function run(givenWords: readonly string[], around: Surroundings): Promise<number> {
  const language = languageFrom(givenWords, around);
  const jsonLines = givenWords.includes('--json-lines');
  const json = givenWords.includes('--json') || jsonLines;
  const advice = { dryRun: givenWords.includes('--dry-run'), acceptPartial: givenWords.includes('--accept-partial') };
  const words = givenWords.length === 0 && around.stdin.isTTY && around.stdout.isTTY ? ['where'] : givenWords;
  let command: CommandName = 'lpx';
  let exitCode = 0;

  const fail = (error: unknown, options: GlobalOptions): number => {
    const known = knownError(error);
    const context = contextOf(around, language, { ...options, ...advice }, command);
    printFailure(context, command, known, {});
    if (options.debug) printLines(context, 'stderr', stackLines(known, around.home ?? ''));
    return known.exitCode;
  };
  if (around.cwd === '') return fail(new LpxError('LPX_FOLDER_GONE'), { json, jsonLines, color: !words.includes('--no-color') });
  const program = buildProgram(
    language,
    around.version,
    async (name, options, work) => {
      command = name;
      const interrupt = new AbortController();
      const { signal } = interrupt;
      const insist = new AbortController();
      const said: string[] = [];
      const context: Context = {
        ...contextOf(around, language, { ...options, ...advice }, name),
        stopping: () => signal.aborted,
        interrupt: signal,
        insisted: insist.signal,
        note: (line: string) => said.push(line),
        print: (lines: readonly string[]) => printLines(context, 'stdout', lines),
      };
      const onUndone = () => {
        printFailure(context, name, new LpxError('LPX_INTERRUPTED'), {});
        process.exit(9);
      };
      onInterrupt(() => (signal.aborted ? insist : interrupt).abort());
      try {
        const outcome = await runInterruptibly(() => work(context), { signal, onUndone }).finally(() => stopProgress(context));
        exitCode = print(context, name, { ...outcome, notes: [...(outcome.notes ?? []), ...said] });
      } catch (error) {
        if (!context.json && !context.quiet) printLines(context, 'stderr', said);
        exitCode = fail(error, options);
      }
    },
    terminalWidth(around),
  );
  const quietly = { writeOut: (text: string) => around.stdout.write(text), writeErr: () => {} };
  for (const subcommand of [program, ...allCommands(program)]) subcommand.exitOverride().configureOutput(quietly);
  try {
    if (words.length === 0) {
      around.stderr.write(program.helpInformation());
      return 2;
    }
    await program.parseAsync([...words], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const named = commandIn(program, words);
    if (named && !isGroup(named)) command = nameOf(named);
    const options = { json, jsonLines, color: !words.includes('--no-color') };
    return fail(error instanceof CommanderError ? usageError(language, program, words, error) : error, options);
  }
}

/** `--lang`, else `LPX_LANG`, else the locale. It counts even for the words that could not be read. */
function languageFrom(words: readonly string[], { env }: Surroundings): Language {
  const at = words.findIndex((word) => word === '--lang' || word.startsWith('--lang='));
  const given = at < 0 ? undefined : (words[at]?.split('=')[1] ?? words[at + 1]);
  return (
    readChoice(given ?? '', LANGUAGES) ??
    readChoice(env.LPX_LANG ?? '', LANGUAGES) ??
    languageOf(env, () => Intl.DateTimeFormat().resolvedOptions().locale)
  );
}

/** Commands over what another school sent: their advice may be to ask it. All others are over the school's own data. */
const OVER_RECEIVED: ReadonlySet<CommandName> = new Set([
  'verify',
  'import',
  'batch-verify',
  'batch-import',
  'show',
  'files',
  'receipt',
  'demo',
]);

function contextOf(
  around: Surroundings,
  language: Language,
  options: GlobalOptions & { readonly dryRun?: boolean; readonly acceptPartial?: boolean },
  command: CommandName = 'lpx',
): Context {
  return {
    ...around,
    language,
    messages: messagesIn(language, OVER_RECEIVED.has(command) ? 'received' : 'here', options),
    paint,
    color: options.color !== false && !around.env.NO_COLOR && around.env.TERM !== 'dumb',
    json: options.json === true || options.jsonLines === true,
    jsonLines: options.jsonLines === true,
    quiet: options.quiet === true,
    verbose: options.verbose === true,
    debug: options.debug === true,
    yes: options.yes === true,
    storeOption: options.store,
    stopping: () => false,
    interrupt: new AbortController().signal,
    insisted: new AbortController().signal,
    note: () => {},
    moving: new Set(),
    print: () => {},
  };
}

/** Everything that is not JSON is printed here: coloured where the stream is a terminal or colours are forced, and inert. */
function printLines(context: Context, stream: 'stdout' | 'stderr', lines: readonly string[]): void {
  if (lines.length === 0) return;
  const forced = !['', '0', 'false'].includes(context.env.FORCE_COLOR ?? '');
  const coloured = context.color && (forced || context[stream].isTTY);
  const width = columnsOf(context[stream]);
  const named = context.verbose ? lines : lines.map(withShortNames);
  const fitting = width === undefined ? named : named.flatMap((line) => folded(line, width));
  context[stream].write(`${fitting.map((line) => printable(line, coloured)).join('\n')}\n`);
}

function print(context: Context, command: CommandName, outcome: Outcome): number {
  const { error } = outcome;
  if (context.json) {
    if (outcome.isPrinted) return error?.exitCode ?? 0;
    if (error) printFailure(context, command, error, outcome.json);
    else writeJson(context, { ok: true, command, ...outcome.json });
    return error?.exitCode ?? 0;
  }
  if (outcome.file) context.stdout.write(outcome.file);
  else printLines(context, 'stdout', outcome.text);
  const findings = outcome.findings?.filter(({ severity }) => severity !== 'note' || !context.quiet) ?? [];
  printLines(context, 'stderr', findingLines(context.messages, paint, findings));
  if (outcome.notes && !context.quiet) printLines(context, 'stderr', outcome.notes);
  if (error) printLines(context, 'stderr', errorLines(context.messages, paint, command, error));
  return error?.exitCode ?? 0;
}

/** The outcome of a command as JSON: one document, or the last of the lines. */
const writeJson = (context: Context, document: object): void =>
  void context.stdout.write(context.jsonLines ? jsonLine({ event: 'end', ...document }) : jsonText(document));

/** With `--json` on stdout, under the command's schema; else three lines on stderr, after all that was found. */
function printFailure(context: Context, command: CommandName, error: LpxError, json: object): void {
  const { messages } = context;
  if (context.json) {
    writeJson(context, failureDocument(messages, command, error, json));
    return;
  }
  printLines(context, 'stderr', [...listedFindings(messages, paint, error.findings), ...errorLines(messages, paint, command, error)]);
}

/**
 * Ctrl-C: temporary files are removed, the transaction rolls back, and the command exits with 9. Once its change is
 * committed the command finishes instead, and says what it did: a signal that comes then does nothing.
 */
function onInterrupt(stop: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
}
