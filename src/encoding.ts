/**
 * The text encodings of the field: UTF-8, UTF-16, and CP950 as Windows writes it. Node's `big5` decoder has
 * Microsoft's table and keeps user-defined characters, such as those of ETEN, in the private use area.
 */

export type Encoding = 'UTF-8' | 'UTF-16' | 'CP950';

export interface DecodedText {
  /** Without byte order marks and NUL padding. Bytes that stand for no character, such as half a character, are U+FFFD. */
  readonly text: string;
  readonly encoding: Encoding;
}

/**
 * Decodes UTF-8, else UTF-16 or CP950.
 * @returns undefined when the bytes are a text in none of them
 */
export function decodeText(bytes: Uint8Array): DecodedText | undefined {
  const unpadded = withoutPadding(bytes);
  // A text starts with a byte order mark or an ASCII character: a zero next to it shows which half of UTF-16 comes first.
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0))
    return decoded('UTF-16', new TextDecoder('utf-16le').decode(bytes));
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0))
    return decoded('UTF-16', new TextDecoder('utf-16be').decode(bytes));
  const utf8 = decodeUtf8(unpadded);
  const half = utf8 === undefined ? utf16Of(bytes) : undefined;
  if (half) return decoded('UTF-16', new TextDecoder(half).decode(bytes));
  return utf8 === undefined ? decoded('CP950', decodeCp950(unpadded)) : decoded('UTF-8', utf8);
}

/** UTF-16 without a mark that begins with no ASCII character: every separator and line end in it has a zero on the same side. */
function utf16Of(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  let [little, big, alone] = [0, 0, 0];
  for (let i = 0; i + 1 < Math.min(bytes.length, 64 * 1024); i += 2) {
    const [first, second] = [bytes[i] as number, bytes[i + 1] as number];
    if (SEPARATORS.has(first) && second === 0) little++;
    else if (SEPARATORS.has(second) && first === 0) big++;
    else if (SEPARATORS.has(first) || SEPARATORS.has(second)) alone++;
  }
  // A Han character may have such a byte in it; a text that is not UTF-16 has hardly a zero.
  if (little > big && little > alone) return 'utf-16le';
  return big > alone ? 'utf-16be' : undefined;
}

/** Tab, line feed, carriage return, comma, semicolon. */
const SEPARATORS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d, 0x2c, 0x3b]);

const decoded = (encoding: Encoding, text: string | undefined): DecodedText | undefined =>
  text === undefined ? undefined : { text: text.replace(/^\ufeff+/, ''), encoding };

/** A text seen byte for byte (Latin-1), without the byte order marks of UTF-8 and UTF-16 that it starts with. */
export const withoutMarks = (bytes: string): string => bytes.replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)+/, '');

function withoutPadding(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}

/** UTF-8, a byte order mark kept; undefined when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What the decoder makes of the bytes 80 and FF alone, which no Windows program writes. */
const NOT_CP950 = /[\u0080\uf8f8]/;

/** CP950; undefined when the bytes hold 80 or FF, which start no character. */
export function decodeCp950(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder('big5').decode(bytes);
  return NOT_CP950.test(text) ? undefined : text;
}

/** CP950, by the decoder's own table turned round; undefined when it lacks a character. */
export function encodeCp950(text: string): Buffer | undefined {
  const codes = cp950CodesOf(new Set(text));
  const bytes: number[] = [];
  for (const character of text) {
    const code = character <= '\x7f' ? character.charCodeAt(0) : codes.get(character);
    if (code === undefined) return undefined;
    if (code > 0xff) bytes.push(code >>> 8);
    bytes.push(code & 0xff);
  }
  return Buffer.from(bytes);
}

/** The codes of two bytes that stand for these characters; of two for the same one the first, as Windows writes it. */
function cp950CodesOf(characters: ReadonlySet<string>): ReadonlyMap<string, number> {
  const decoder = new TextDecoder('big5');
  const codes = new Map<string, number>();
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      const character = decoder.decode(Uint8Array.of(lead, trail));
      if (characters.has(character) && !codes.has(character)) codes.set(character, (lead << 8) | trail);
    }
  }
  return codes;
}
