/** Cells of workbooks as texts: numbers as Excel shows them, days as days, whatever form the workbook keeps them in. */
import { plainCode } from '../plain-text.js';

/** How a number is shown: as a day (and time), or filled up with zeros to so many digits; undefined for a plain number. */
export type NumberFormat = 'day' | { readonly digits: number } | undefined;

/** Formats that have a number and no code in the workbook: those of days, those of East Asian versions among them (ECMA-376, 18.8.30). */
const isDayNumber = (id: number): boolean => (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 50 && id <= 58);

/** @param code of the format, where the workbook has one */
export function numberFormat(id: number, code: string | undefined): NumberFormat {
  if (code === undefined) return isDayNumber(id) ? 'day' : undefined;
  const [first = ''] = code.slice(0, 255).split(';');
  const bare = first.replace(/"[^"]*"|\\.|\[[^\]]*\]|_.|e[+-]|general/gi, '');
  // Of years, months and days; what has only hours and seconds is a length of time.
  if (/[yde]|m[^:]*$/i.test(bare)) return 'day';
  return /^0{2,}$/.test(bare) ? { digits: bare.length } : undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Where the serial numbers of days begin. Excel counts 29 February 1900, which never was: what lies before it is a day off. */
const EPOCH = { 1900: Date.UTC(1899, 11, 30), 1904: Date.UTC(1904, 0, 1) } as const;
const FEBRUARY_29_1900 = 60;
/** 31 December 9999. */
const LAST_SERIAL = 2_958_465;
/** As many digits as Excel keeps. */
const PRECISION = 15;

/** The text of a number cell. @param written as the workbook has it */
export function numberText(written: string, format: NumberFormat, from1904: boolean): string {
  const value = Number(written);
  if (written.trim() === '' || !Number.isFinite(value)) return written;
  if (format === 'day' && value >= 1 && value <= LAST_SERIAL) return dayText(value, from1904);
  const text = plainNumber(value);
  return typeof format === 'object' && /^\d+$/.test(text) ? text.padStart(format.digits, '0') : text;
}

/** `yyyy-MM-dd`, with the time behind it where there is one. */
function dayText(serial: number, from1904: boolean): string {
  const shift = !from1904 && serial < FEBRUARY_29_1900 ? 1 : 0;
  const date = new Date((from1904 ? EPOCH[1904] : EPOCH[1900]) + Math.round((serial + shift) * DAY_MS));
  const [day = '', time = ''] = date.toISOString().slice(0, 19).split('T');
  return time === '00:00:00' ? day : `${day} ${time}`;
}

/** Without an exponent, and without the noise of binary fractions: `0.1 + 0.2` is `0.3`. */
function plainNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  const text = String(Number(value.toPrecision(PRECISION)));
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return text;
  const [, sign, first = '', rest = '', power] = match;
  const [digits, exponent] = [first + rest, Number(power)];
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  return `${sign}${digits.padEnd(exponent + 1, '0')}`;
}

/** What was written so that Excel keeps it as it is: `="0012"`, `'0012`. */
export function unwrapped(text: string): string {
  const formula = /^=\s*"((?:[^"]|"")*)"$/.exec(text);
  if (formula) return (formula[1] as string).replaceAll('""', '"');
  return /^'[0-9]/.test(text) || (text.startsWith("'") && isFormula(text.slice(1))) ? text.slice(1) : text;
}

/** The signs that a formula begins with, the small and the mathematical ones too; or a tab or line end that some programs skip. */
export const isFormula = (text: string): boolean =>
  /^[\t\r\n]/.test(text) || /^[=+\-@\u2212\ufe62\ufe63\ufe66\ufe6b]/.test(plainCode(text));

/** `_x000D_` and its like, by which a workbook writes a character that XML cannot have. */
export const unescaped = (text: string): string =>
  text.includes('_x') ? text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : text;

/** What Excel shows of a formula that fails; a CSV file has it as a text. */
export const isExcelError = (text: string): boolean =>
  /^#(?:N\/A|NAME\?|DIV\/0!|REF!|VALUE!|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|BUSY!|GETTING_DATA)$/i.test(text);
