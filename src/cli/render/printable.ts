/**
 * What reaches a terminal: our own colours, and of all other text only what shows. Commands paint and print texts from
 * packages, stores and file systems as they are; here they are made inert, and nowhere else needs to.
 */
import { randomUUID } from 'node:crypto';
import { Chalk } from 'chalk';
import { inert } from '../../messages/messages.js';

const STYLES = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const;

/** Gives a text a style, shown where the stream that it is printed on has colours. */
export type Painter = Readonly<Record<(typeof STYLES)[number], (text: string) => string>>;

/** Drawn for each run: no text from outside can hold a mark. */
const KEY = randomUUID();
const MARK = new RegExp(`<${KEY}:([0-9]+)>`);

const chalk = new Chalk({ level: 1 });

function styleOf(name: (typeof STYLES)[number]): (text: string) => string {
  const [open, close] = chalk[name]('\0')
    .split('\0')
    .map((code) => `<${KEY}:${/[0-9]+/.exec(code)?.[0]}>`);
  return (text) => (text === '' ? '' : `${open}${text}${close}`);
}

/** Marks where a style begins and ends. The marks become colours, or go, when the text is printed. */
export const paint = Object.fromEntries(STYLES.map((name) => [name, styleOf(name)])) as Painter;

const WHOLE_MARK = new RegExp(`(<${KEY}:[0-9]+>)`);

/** The characters of a text, and the marks of its styles, which are never cut through. */
export const charactersOf = (text: string): { readonly text: string; readonly isMark: boolean }[] =>
  text.split(WHOLE_MARK).flatMap((part, i) => (i % 2 === 0 ? [...part] : [part]).map((text) => ({ text, isMark: i % 2 === 1 })));

/** A line as it is printed: our styles as colours or not at all, everything else inert, line breaks too. */
export function printable(line: string, coloured: boolean): string {
  return line
    .split(MARK)
    .map((part, i) => (i % 2 === 0 ? inert(part) : coloured ? `\u001b[${part}m` : ''))
    .join('');
}
