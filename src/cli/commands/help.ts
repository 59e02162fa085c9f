import type { Command } from 'commander';
import type { Language, Messages } from '../../messages/messages.js';
import { TOPIC_PAGES, TOPICS, type Topic } from '../../messages/topics.js';
import { readChoice } from '../choices.js';
import { commandIn } from '../command-tree.js';
import { commandNames, unknownTopic } from '../complaints.js';
import type { Context, Outcome } from '../context.js';
import { exitCodeLines, helpLines, helpPage, terminalWidth } from '../render/help.js';
import { manual } from '../render/manual.js';
import { printable } from '../render/printable.js';
import { wrapped } from '../render/text.js';

export interface HelpOptions {
  readonly man?: boolean;
}

/** `lpx help`: lpx itself, one of its commands, or a topic; all of it as a manual page. @throws LPX_USAGE for what is none of these */
export async function help(context: Context, program: Command, words: readonly string[], { man }: HelpOptions): Promise<Outcome> {
  const text = man ? manual(context, program) : pageLines(context, program, words);
  return { json: { topic: words.join(' '), text: text.map((line) => printable(line, false)).join('\n') }, text };
}

function pageLines(context: Context, program: Command, [name, ...rest]: readonly string[]): string[] {
  const { messages } = context;
  const width = terminalWidth(context);
  const names = [...commandNames(program), ...TOPICS];
  const meant = name === undefined ? undefined : readChoice(name, names);
  const command = name === undefined ? program : commandIn(program, [meant ?? '', ...rest]);
  if (command && (rest.length === 0 || command.name() === rest.at(-1)))
    return helpLines(messages, helpPage(context.language, program, command), width);
  if (!isTopic(meant) || rest.length > 0) throw unknownTopic(messages, [name, ...rest].join(' '), names);
  const [title = '', ...lines] = topicLines(messages, context.language, meant, width);
  return [context.paint.bold(title), ...lines];
}

const isTopic = (name: string | undefined): name is Topic => TOPICS.some((topic) => topic === name);

/** A topic; that of exit codes is their table. */
export function topicLines(messages: Messages, language: Language, topic: Topic, width: number): string[] {
  const { title, paragraphs } = TOPIC_PAGES[language][topic];
  return [
    title,
    ...paragraphs.flatMap((paragraph, i) => [
      ...(paragraph.startsWith('  ') && paragraphs[i - 1]?.startsWith('  ') ? [] : ['']),
      ...(paragraph.startsWith('  ') ? [paragraph] : wrapped(paragraph, width)),
    ]),
    ...(topic === 'exit-codes' ? ['', ...exitCodeLines(messages, width)] : []),
  ];
}
