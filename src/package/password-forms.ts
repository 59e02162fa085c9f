/**
 * The forms a password may have been meant in. Editors, shells and input methods put blanks, quotation marks and
 * full-width characters into password files, and programs turn characters beyond ASCII into different bytes
 * (docs/spec.md#encryption).
 */
import { decodeCp950, decodeUtf8, encodeCp950 } from '../encoding.js';
import { trimmed } from '../plain-text.js';
import { tryPassword } from '../zip/password.js';
import type { ZipEntry } from '../zip/reader.js';

/** The change that was made to a given password. */
export type PasswordChange = 'trimmed' | 'unquoted' | 'narrowed' | 'CP950' | 'UTF-8';

/** A password that opens an archive. */
export interface OpeningPassword {
  readonly password: Buffer;
  /** What makes it of the one that was given; empty for that one itself. */
  readonly changes: readonly PasswordChange[];
}

/**
 * The password as it was given, or the first form of it that opens the archive: one counts only when an authentication
 * code or CRC proves it. @returns undefined when none does. @throws LPX_ENTRY_DAMAGED for an archive that ends too early
 */
export async function openingPassword(fd: number, entries: readonly ZipEntry[], given: Buffer): Promise<OpeningPassword | undefined> {
  if ((await tryPassword(fd, entries, given)) !== 'wrong') return { password: given, changes: [] };
  for (const form of otherForms(given)) {
    if ((await tryPassword(fd, entries, form.password)) === 'proven') return form;
  }
  return undefined;
}

/** What may be wrong with a password that does not open, as far as its characters show; undefined for nothing. */
export type PasswordOddity = 'blank' | 'notAscii' | 'both';

export function passwordOddity(given: Buffer): PasswordOddity | undefined {
  const text = textOf(given)?.text ?? '';
  const notAscii = given.some((byte) => byte > 0x7e);
  if (trimmed(text) !== text) return notAscii ? 'both' : 'blank';
  return notAscii ? 'notAscii' : undefined;
}

interface Changed {
  readonly text: string;
  readonly changes: readonly PasswordChange[];
}

/** Every other form, each once: those in the bytes that were given first, then those in the other encoding. */
function otherForms(given: Buffer): OpeningPassword[] {
  const read = textOf(given);
  if (read === undefined) return [];
  const texts = STEPS.reduce(withChange, [{ text: read.text, changes: [] }]);
  const encoded = ([encoding, ...recoded]: readonly [Encoding, ...PasswordChange[]]) =>
    texts.flatMap(({ text, changes }) => {
      const password = ENCODERS[encoding](text);
      return password?.length ? [{ password, changes: [...changes, ...recoded] }] : [];
    });
  const other = read.encoding === 'UTF-8' ? 'CP950' : 'UTF-8';
  const seen = new Set([given.toString('latin1')]);
  return [...encoded([read.encoding]), ...encoded([other, other])].filter(({ password }) => {
    const bytes = password.toString('latin1');
    return !seen.has(bytes) && seen.add(bytes);
  });
}

type Encoding = 'UTF-8' | 'CP950';

const ENCODERS: Readonly<Record<Encoding, (text: string) => Buffer | undefined>> = {
  'UTF-8': (text) => Buffer.from(text),
  CP950: encodeCp950,
};

/** The characters of a password; undefined when it is in neither encoding. */
function textOf(given: Buffer): { readonly text: string; readonly encoding: Encoding } | undefined {
  const utf8 = decodeUtf8(given);
  if (utf8 !== undefined) return { text: utf8, encoding: 'UTF-8' };
  const cp950 = decodeCp950(given);
  return cp950 === undefined ? undefined : { text: cp950, encoding: 'CP950' };
}

const STEPS: readonly (readonly [PasswordChange, (text: string) => string])[] = [
  ['trimmed', trimmed],
  ['unquoted', unquoted],
  ['narrowed', (text) => text.normalize('NFKC')],
];

/** Texts as they are, and each with one more change where that changes it. */
function withChange(texts: readonly Changed[], [change, apply]: (typeof STEPS)[number]): readonly Changed[] {
  const changed = texts.map(({ text, changes }) => ({ text: apply(text), changes: [...changes, change] }));
  return [...texts, ...changed.filter(({ text }, i) => text !== texts[i]?.text)];
}

/** Quotation marks, each with the one that closes it. */
const QUOTES = ['""', "''", '``', '“”', '‘’', '＂＂', '＇＇', '「」', '『』'];

function unquoted(text: string): string {
  const isQuoted = text.length > 2 && QUOTES.includes(`${text[0]}${text.at(-1)}`);
  return isQuoted ? text.slice(1, -1) : text;
}
