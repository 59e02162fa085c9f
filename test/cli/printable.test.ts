import { describe, expect, it } from 'vitest';
import { paint, printable } from '#lpx/cli/render/printable.js';
import { cell, columns } from '#lpx/cli/render/text.js';

const RED = '\u001b[31m';
const PLAIN = '\u001b[39m';

describe('a line that is printed', () => {
  it('has our colours where the stream has them, and none elsewhere', () => {
    const line = `${paint.red('✘')} ${paint.bold(paint.cyan('title'))}${paint.dim('')}`;
    expect(printable(line, true)).toBe(`${RED}✘${PLAIN} \u001b[1m\u001b[36mtitle${PLAIN}\u001b[22m`);
    expect(printable(line, false)).toBe('✘ title');
  });

  it.each([
    '\u001b[32m✔ good\u001b[39m',
    '\u001b]0;title\u0007',
    '\u009b2J',
    'a\u202eb\u2066c\u061c\u206a',
    'a\nb\r\tc',
    '<0:31>',
    '\u0000',
  ])('carries nothing else that a terminal obeys, painted or not: %j', (text) => {
    for (const coloured of [true, false]) {
      const printed = printable(`${text}${paint.red(text)}`, coloured)
        .replaceAll(RED, '')
        .replaceAll(PLAIN, '');
      expect(printed).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u206a-\u206f]/u);
    }
  });

  it('of columns lines up by what is printed', () => {
    const rows = columns([
      [cell('林\u001b[31m小禾'), 1],
      [paint.red('b'), 22],
    ]);
    expect(rows.map((row) => printable(row, false))).toEqual(['林\ufffd[31m小禾   1', 'b            22']);
  });

  it('is cut by what is printed', () => {
    expect(printable(cell('\u001b[31m'.repeat(20), 11), false)).toBe('\ufffd[31m\ufffd[31m…');
  });
});
