/** JSON as bytes from outside. */
import { decodeText } from '../encoding.js';
import { type Finding, LpxError } from '../errors.js';
import { repaired } from './repair.js';

export interface ReadJson {
  readonly value: unknown;
  readonly findings: readonly Finding[];
}

/** What keeps a text from being JSON; `messages/` has the words. */
export type JsonProblem =
  | 'encoding'
  | 'empty'
  | 'notANumber'
  | 'trailingComma'
  | 'lineBreak'
  | 'quotes'
  | 'escape'
  | 'end'
  | 'deep'
  | 'more'
  | 'character';

/** Objects and lists in each other: an exchange document has five. */
const MOST_DEPTH = 64;
/** Limits for a JSON document: far above any document of a size that is read, far below what memory has room for. */
const LIMITS = { objects: 40_000, values: 1_000_000, properties: 10_000, text: 100_000 } as const;
const PROPERTY_CHARACTERS = 40;

/**
 * Reads JSON in UTF-8, with or without a byte order mark; UTF-16 and CP950 are accepted with a finding.
 * @throws LPX_JSON_UNREADABLE with what is wrong, its line and column from 1, and the property before it, never with
 *   a word of what the text says; LPX_JSON_DUPLICATE when an object names a property twice;
 *   LPX_LIMIT_EXCEEDED when it is made of too many values
 */
export function readJson(bytes: Buffer, file: string): ReadJson {
  const decoded = decodeText(bytes);
  if (!decoded) throw new LpxError('LPX_JSON_UNREADABLE', { problem: 'encoding', line: 1, column: 1, property: '' }, { place: { file } });
  const { text, encoding } = decoded;
  const { twice, deepAt } = structureOf(text, file);
  // The engine would need memory for every level.
  if (deepAt !== undefined) throw new LpxError('LPX_JSON_UNREADABLE', { problem: 'deep', ...placeIn(text, deepAt) }, { place: { file } });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new LpxError('LPX_JSON_UNREADABLE', jsonFault(text), { place: { file } });
  }
  if (twice !== undefined) throw new LpxError('LPX_JSON_DUPLICATE', { property: cut(twice) }, { place: { file } });
  return { value, findings: encoding === 'UTF-8' ? [] : [repaired('encoding', { file }, encoding, 'UTF-8')] };
}

const cut = (property: string): string => [...property.slice(0, 2 * PROPERTY_CHARACTERS)].slice(0, PROPERTY_CHARACTERS).join('');

/** What opens or closes an object, a list or a string, or parts values; all between is left to the engine. */
const STRUCTURE = /["{}[\],]/g;

/**
 * Goes over a text that may be JSON, before anything is built of it: counts what it is made of, and finds the first
 * property that an object names twice (JSON.parse would keep the last and say nothing), or where objects and lists go
 * too deep. What is found holds if the text turns out to be JSON.
 * @throws LPX_LIMIT_EXCEEDED
 */
function structureOf(text: string, file: string): { readonly twice?: string; readonly deepAt?: number } {
  const refuseOver = (what: keyof typeof LIMITS, value: number) => {
    if (value > LIMITS[what]) throw new LpxError('LPX_LIMIT_EXCEEDED', { what, value, limit: LIMITS[what] }, { place: { file } });
  };
  /** The properties of each object that is open; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let [objects, values] = [0, 1];
  let twice: string | undefined;
  STRUCTURE.lastIndex = 0;
  while (STRUCTURE.test(text)) {
    const at = STRUCTURE.lastIndex - 1;
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      if (end < 0) return {};
      refuseOver('text', end - at - 1);
      STRUCTURE.lastIndex = end + 1;
      const keys = open.at(-1);
      if (keys && text[skipBlanks(text, end + 1)] === ':') {
        const key = keyIn(text.slice(at + 1, end));
        if (keys.has(key)) twice ??= key;
        keys.add(key);
        refuseOver('properties', keys.size);
      }
    } else if (character === ',') refuseOver('values', ++values);
    else if (character === '}' || character === ']') open.pop();
    else {
      open.push(character === '{' ? new Set() : undefined);
      if (open.length > MOST_DEPTH) return { deepAt: at };
      refuseOver('values', ++values);
      if (character === '{') refuseOver('objects', ++objects);
    }
  }
  return twice === undefined ? {} : { twice };
}

/** The property that a JSON string names; one with a wrong escape, as it stands. */
function keyIn(raw: string): string {
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`);
  } catch {
    return raw;
  }
}

/** Where the string that starts at `from` has its closing quotation mark; -1 when it has none. */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end;
  }
  return -1;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return at;
}

/** Locates a JSON error: the problem, its place, and the property before it. */
function jsonFault(text: string) {
  const { problem, at, property } = new Scanner(text).fault();
  return { problem, ...placeIn(text, at), property: cut(property) };
}

/** Line and column of a character, from 1. */
function placeIn(text: string, at: number) {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0 && end < at; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return { line, column: at - start + 1, property: '' };
}

interface Fault {
  readonly problem: JsonProblem;
  readonly at: number;
  readonly property: string;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const NOT_A_NUMBER = /[-+]?(?:NaN|Infinity|nan|inf)\b|(?:undefined|None|NULL|Null)\b/y;
const WORD = /(?:true|false|null)(?!\w)/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a string must not have
const RAW_CONTROL = /[\u0000-\u001f]/g;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Reads a text that is not JSON up to its first fault. */
class Scanner {
  readonly #text: string;
  #at = 0;
  #property = '';

  constructor(text: string) {
    this.#text = text;
  }

  fault(): Fault {
    const problem = this.#document();
    return { problem: problem ?? 'character', at: Math.min(this.#at, this.#text.length), property: this.#property };
  }

  #document(): JsonProblem | undefined {
    const open: ('{' | '[')[] = [];
    this.#blanks();
    if (this.#at >= this.#text.length) return 'empty';
    for (;;) {
      const problem = this.#value(open);
      if (problem) return problem;
      // What was opened may be closed at once, or asks for its first property.
      for (;;) {
        this.#blanks();
        const within = open.at(-1);
        if (within === undefined) return this.#at < this.#text.length ? 'more' : 'character';
        const closing = within === '{' ? '}' : ']';
        const character = this.#text[this.#at];
        if (character === closing) {
          open.pop();
          this.#at++;
        } else if (this.#fresh) {
          this.#fresh = false;
          const wrong = within === '{' ? this.#key() : undefined;
          if (wrong) return wrong;
          break;
        } else if (character === ',') {
          const comma = this.#at++;
          this.#blanks();
          if (this.#text[this.#at] === closing) {
            this.#at = comma;
            return 'trailingComma';
          }
          const wrong = within === '{' ? this.#key() : undefined;
          if (wrong) return wrong;
          break;
        } else return this.#at >= this.#text.length ? 'end' : 'character';
        this.#fresh = false;
      }
    }
  }

  /** Whether an object or list was just opened. */
  #fresh = false;

  #value(open: ('{' | '[')[]): JsonProblem | undefined {
    this.#blanks();
    this.#fresh = false;
    const character = this.#text[this.#at];
    if (character === undefined) return 'end';
    if (character === '{' || character === '[') {
      open.push(character);
      if (open.length > MOST_DEPTH) return 'deep';
      this.#at++;
      this.#fresh = true;
      return undefined;
    }
    if (character === '"') return this.#string();
    if (character === "'" || character === '“' || character === '”') return 'quotes';
    if (this.#matches(NOT_A_NUMBER)) return 'notANumber';
    for (const pattern of [WORD, NUMBER]) {
      if (this.#matches(pattern)) {
        this.#at = pattern.lastIndex;
        return undefined;
      }
    }
    return 'character';
  }

  #key(): JsonProblem | undefined {
    this.#blanks();
    const start = this.#at;
    const character = this.#text[start];
    if (character === undefined) return 'end';
    if (character !== '"')
      return character === "'" || character === '“' || character === '”' || /\w/.test(character) ? 'quotes' : 'character';
    const problem = this.#string();
    if (problem) return problem;
    this.#property = this.#text.slice(start + 1, Math.min(this.#at - 1, start + 1 + 4 * PROPERTY_CHARACTERS));
    this.#blanks();
    if (this.#text[this.#at] !== ':') return this.#at >= this.#text.length ? 'end' : 'character';
    this.#at++;
    return undefined;
  }

  #string(): JsonProblem | undefined {
    const start = this.#at;
    const end = endOfString(this.#text, start);
    const content = this.#text.slice(start + 1, end < 0 ? undefined : end);
    RAW_CONTROL.lastIndex = 0;
    const control = RAW_CONTROL.exec(content);
    const bad = this.#badEscape(start + 1, start + 1 + (control?.index ?? content.length));
    if (bad !== undefined) {
      this.#at = bad;
      return 'escape';
    }
    if (control) {
      this.#at = start + 1 + control.index;
      return 'lineBreak';
    }
    this.#at = end < 0 ? this.#text.length : end + 1;
    return end < 0 ? 'end' : undefined;
  }

  #badEscape(from: number, to: number): number | undefined {
    for (let at = this.#text.indexOf('\\', from); at >= 0 && at < to; at = this.#text.indexOf('\\', ESCAPE.lastIndex)) {
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(this.#text)) return at;
    }
    return undefined;
  }

  #blanks(): void {
    this.#at = skipBlanks(this.#text, this.#at);
  }

  #matches(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }
}
