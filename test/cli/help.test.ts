import type { Command } from 'commander';
import stringWidth from 'fast-string-width';
import { describe, expect, it } from 'vitest';
import { allCommands, commandsOf, nameOf } from '#lpx/cli/command-tree.js';
import { topicLines } from '#lpx/cli/commands/help.js';
import { buildProgram } from '#lpx/cli/program.js';
import { helpLines, helpPage } from '#lpx/cli/render/help.js';
import { wrapped } from '#lpx/cli/render/text.js';
import { EXAMPLES } from '#lpx/messages/examples.js';
import { LANGUAGES, type Language, messagesIn } from '#lpx/messages/messages.js';
import { TOPICS } from '#lpx/messages/topics.js';
import fc from '../support/properties.js';

/** Reads words as lpx does, and runs nothing. @returns the command they name */
async function read(language: Language, words: readonly string[]): Promise<string> {
  let ran = '';
  const program = buildProgram(language, '', async (command) => {
    ran = command;
  });
  for (const command of [program, ...allCommands(program)]) command.exitOverride().configureOutput({ writeErr: () => {} });
  await program.parseAsync([...words], { from: 'user' });
  return ran;
}

const programs = LANGUAGES.map((language) => ({ language, program: buildProgram(language, '', async () => {}) }));
const screens = programs.flatMap(({ language, program }) =>
  [program, ...allCommands(program)].map((command: Command) => ({
    name: `${language} ${command.name()}`,
    lines: (width: number) => helpLines(messagesIn(language), helpPage(language, program, command), width),
  })),
);

describe('an example of a command', () => {
  const examples = LANGUAGES.flatMap((language) =>
    Object.entries(EXAMPLES[language]).flatMap(([command, lines]) => lines.map((line) => [language, command, line] as const)),
  );

  it('is there twice for every command, in each language', () => {
    for (const { language, program } of programs)
      expect(
        commandsOf(program)
          .map(nameOf)
          .filter((name) => !Object.hasOwn(EXAMPLES[language], name)),
      ).toEqual([]);
  });

  it.each(examples)('is read as it stands (%s): %s: %s', async (language, command, line) => {
    const [lpx, ...words] = line.replace(/ >>? .*$/, '').split(' ');
    expect([lpx, await read(language, words)]).toEqual(['lpx', command]);
    expect(stringWidth(line)).toBeLessThanOrEqual(76);
  });
});

describe('help', () => {
  it('fits the width of the terminal, but for examples, in both languages', () => {
    for (const width of [60, 80, 100])
      for (const { name, lines } of screens)
        expect(
          lines(width).filter((line) => stringWidth(line) > width && !line.startsWith('  lpx ')),
          name,
        ).toEqual([]);
  });

  it('has the common options on the first screen only', () => {
    const withCommon = screens.filter(({ lines }) => lines(80).some((line) => line.includes('--no-color'))).map(({ name }) => name);
    expect(withCommon).toEqual(['zh-TW lpx', 'en lpx']);
  });

  it('has --yes for the commands that ask, and for no others', () => {
    const withYes = screens.filter(({ lines }) => lines(80).some((line) => /^ *-y, --yes/.test(line))).map(({ name }) => name);
    const names = ['lpx', 'init', 'load', 'undo', 'remove', 'erase'];
    expect(withYes.sort()).toEqual(['zh-TW', 'en'].flatMap((language) => names.map((name) => `${language} ${name}`)).sort());
  });

  it('in Chinese has Chinese placeholders', () => {
    const chinese = screens.filter(({ name }) => name.startsWith('zh-TW'));
    const english = chinese.flatMap(({ lines }) => lines(80).flatMap((line) => line.match(/<[a-z-|]+>|\[[a-z-|]+(?:\.\.\.)?\]/g) ?? []));
    expect(english).toEqual([]);
  });

  it('has a page for every topic, in both languages, at any width', () => {
    for (const language of LANGUAGES)
      for (const topic of TOPICS) {
        const lines = topicLines(messagesIn(language), language, topic, 60);
        expect(lines.length).toBeGreaterThan(4);
        expect(lines.filter((line) => stringWidth(line) > 60 && !line.startsWith('  '))).toEqual([]);
      }
  });
});

describe('a wrapped text', () => {
  it('loses nothing, fits, and begins no line with a closing sign nor ends one with an opening sign', () => {
    const text = fc.string({ unit: fc.constantFrom(...'課程代碼，。（）「」abc 12、'), maxLength: 120 });
    fc.assert(
      fc.property(text, fc.integer({ min: 20, max: 80 }), (given, width) => {
        const lines = wrapped(given, width);
        expect(lines.join('').replaceAll(' ', '')).toBe(given.replaceAll(' ', ''));
        for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
      }),
    );
    const paragraph = '課程代碼有 23 碼，依序為：適用學年度（3）、學校代碼（6）、課程類型（1）、群別（2）。'.repeat(3);
    for (let width = 20; width < 60; width++) for (const line of wrapped(paragraph, width)) expect(line).not.toMatch(/^[，。、：）]|（$/);
  });
});
