/** The manual page, in troff, from the text of the help. */
import type { Command } from 'commander';
import { TOPICS } from '../../messages/topics.js';
import { allCommands } from '../command-tree.js';
import { topicLines } from '../commands/help.js';
import type { Context } from '../context.js';
import { type HelpPage, helpPage } from './help.js';

/** A text as troff takes it: no line of it is a request, a hyphen is one, and Chinese breaks between its characters. */
const troff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&')
    .replace(/(?<=[\p{Script=Han}，。、；：？）」])(?=[\p{Script=Han}（「])/gu, '\\:');

/** The lines of the manual page in troff. */
export function manual(context: Context, program: Command): string[] {
  const { messages } = context;
  const { manual: words } = messages;
  const main = helpPage(context.language, program, program);
  return [
    '.TH LPX 1 "" lpx',
    '.ad l',
    `.SH ${words.name}`,
    `lpx \\- ${troff(main.about)}`,
    `.SH ${words.synopsis}`,
    `.B ${troff(main.usage)}`,
    `.SH ${words.description}`,
    ...sectionLines(main),
    `.SH ${words.commands}`,
    ...allCommands(program).flatMap((command) => {
      const page = helpPage(context.language, program, command);
      return [`.SS ${troff(page.usage)}`, troff(page.about), ...sectionLines({ ...page, notes: [] })];
    }),
    ...TOPICS.flatMap((topic) => {
      const [title = '', ...lines] = topicLines(messages, context.language, topic, Number.POSITIVE_INFINITY);
      return [`.SH ${troff(title)}`, ...lines.flatMap(paragraphLines)];
    }),
  ];
}

const sectionLines = ({ sections, notes }: HelpPage): string[] => [
  ...sections.flatMap(({ title, rows }) => [
    '.PP',
    `.B ${troff(title)}`,
    ...rows.flatMap(([term, meaning]) =>
      meaning === '' ? ['.nf', `  ${troff(term)}`, '.fi'] : ['.TP', `.B ${troff(term)}`, troff(meaning)],
    ),
  ]),
  ...notes.flatMap((note) => ['.PP', troff(note)]),
];

function paragraphLines(line: string): string[] {
  if (line === '') return ['.PP'];
  return line.startsWith('  ') ? ['.br', troff(line)] : [troff(line)];
}
