/** Names for files and folders, made of texts from outside: every system takes them, and none takes two of them for one. */
import { isReservedOnWindows } from './windows-names.js';

/** The longest name, in UTF-16 units as Windows counts, which with the folders around it has 260; and in bytes, as Linux counts. */
const NAME_UNITS = 80;
const NAME_BYTES = 200;
/** What some system does not take, or takes for something else; and halves of characters. */
const NOT_TAKEN = /[<>:"/\\|?*\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;
/** Shows nothing, or turns the writing around so that `fdp.exe` reads `exe.pdf`. */
const INVISIBLE = /[\p{Cf}\u115f\u1160\u3164\uffa0]/gu;

/**
 * A name as close to a text as every system takes it: no separators, controls or signs that Windows refuses, nothing invisible, no blank or
 * dot at its ends, no device, not too long.
 * @param ending what the name ends with, whole: ` (2).pdf`; the text is without it
 * @param fallback the name for a text of which nothing is left
 */
export function safeName(text: string, ending: string, fallback: string): string {
  const clean = text
    .slice(0, 4 * NAME_UNITS)
    .normalize('NFC')
    .replace(INVISIBLE, '')
    .replace(NOT_TAKEN, '_')
    .replace(/\s+/gu, ' ');
  const stem = withoutEnds(clean).replace(/^[.-]/, '_');
  const room = { units: NAME_UNITS - ending.length, bytes: NAME_BYTES - Buffer.byteLength(ending) };
  const name = withoutEnds(cutTo(stem === '' ? fallback : stem, room));
  return isReservedOnWindows(`${name.replace(/ +(?=\.)/g, '')}${ending.trimStart()}`) ? `_${name}${ending}` : `${name}${ending}`;
}

const withoutEnds = (text: string): string => text.replace(/^ +|[. ]+$/g, '');

const CHARACTERS = new Intl.Segmenter('zh-TW', { granularity: 'grapheme' });

/** The start of a text that fits, in characters as people see them. */
function cutTo(text: string, room: { readonly units: number; readonly bytes: number }): string {
  let cut = '';
  for (const { segment } of CHARACTERS.segment(text)) {
    const longer = cut + segment;
    if (longer.length > room.units || Buffer.byteLength(longer) > room.bytes) break;
    cut = longer;
  }
  return cut;
}

/** Equal for names that Windows or macOS takes for one. */
const sameOnDisk = (name: string): string => name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');

/** Gives names as `safeName` does, no two of one folder alike: those that come later get a number, `a (2).pdf`. */
export function distinctNames(): (folder: string, text: string, extension: string, fallback: string) => string {
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  return (folder, text, extension, fallback) => {
    const plain = safeName(text, extension, fallback);
    const plainKey = sameOnDisk(`${folder}/${plain}`);
    for (let number = numbers.get(plainKey) ?? 1; ; number++) {
      const name = number === 1 ? plain : safeName(text, ` (${number})${extension}`, fallback);
      const key = sameOnDisk(`${folder}/${name}`);
      if (taken.has(key)) continue;
      taken.add(key);
      numbers.set(plainKey, number + 1);
      return name;
    }
  };
}
