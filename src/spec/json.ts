/** JSON as bytes from outside. */
import { decodeText } from '../encoding.js';
import { type Finding, LpxError } from '../errors.js';
import { repaired } from './repair.js';

export interface ReadJson {
  readonly value: unknown;
  readonly findings: readonly Finding[];
}

/**
 * Reads JSON in UTF-8, with or without a byte order mark; UTF-16 and CP950 are read too, and told.
 * @throws LPX_JSON_UNREADABLE with the place in it; LPX_JSON_DUPLICATE when an object names a property twice
 */
export function readJson(bytes: Buffer, file: string): ReadJson {
  const decoded = decodeText(bytes);
  if (!decoded) throw new LpxError('LPX_JSON_UNREADABLE', { file, position: '?' });
  const { text, encoding } = decoded;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The engine's message may quote the text, which holds personal data: only the position is passed on.
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    throw new LpxError('LPX_JSON_UNREADABLE', { file, position: position ?? '?' });
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new LpxError('LPX_JSON_DUPLICATE', { file, property: twice.slice(0, 40) });
  return { value, findings: encoding === 'UTF-8' ? [] : [repaired('encoding', { file }, encoding, 'UTF-8')] };
}

/** The first property that an object of the text names twice; JSON.parse would keep the last and say nothing. */
function duplicateKey(text: string): string | undefined {
  const open: Set<string>[] = [];
  // Strings, and where objects begin and end; a string before a colon is a key.
  const tokens = /[{}]|"((?:[^"\\]|\\.)*)"(\s*:)?/gs;
  for (let token = tokens.exec(text); token; token = tokens.exec(text)) {
    if (token[0] === '{') open.push(new Set());
    else if (token[0] === '}') open.pop();
    else if (token[2] !== undefined) {
      const raw = token[1] as string;
      const key: string = raw.includes('\\') ? JSON.parse(`"${raw}"`) : raw;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
