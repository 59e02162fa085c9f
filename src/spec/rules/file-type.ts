/** The type of a file by its first bytes (spec 9); a name proves nothing. */

const ascii = (head: Uint8Array, at: number, length: number): string => String.fromCharCode(...head.subarray(at, at + length));

/**
 * `pdf`, `jpg`, `png`, `mp3`, `mp4`, or empty for anything else. Needs the first 12 bytes.
 * JPEGs of cameras (`FF D8 FF E1`) are as good as any; an MP3 starts with an ID3 tag or a frame of layer III.
 */
export function fileTypeOf(head: Uint8Array): string {
  if (ascii(head, 0, 4) === '%PDF') return 'pdf';
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'jpg';
  if (ascii(head, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (ascii(head, 0, 3) === 'ID3' || (head[0] === 0xff && ((head[1] ?? 0) & 0xe6) === 0xe2)) return 'mp3';
  if (ascii(head, 4, 4) === 'ftyp') return 'mp4';
  return '';
}

/** Content that a computer runs when it is opened: programs, scripts, web pages with scripts. */
const ACTIVE: readonly RegExp[] = [
  /^MZ/,
  /^\x7fELF/,
  /^(?:\xca\xfe\xba\xbe|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe)/,
  /^#!/,
  /^(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body|script|svg|\?xml|\?php)/i,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is one byte of a signature
  /^\xd0\xcf\x11\xe0/,
];

/** Whether a content would run, whatever its name says. Needs the first 64 bytes. */
export const isActiveContent = (head: Uint8Array): boolean => ACTIVE.some((pattern) => pattern.test(ascii(head, 0, head.length)));

/** Whether an archive hides behind a content of another type: it ends with the end of a ZIP. Needs the last 22 bytes. */
export const hidesArchive = (tail: Uint8Array): boolean => ascii(tail, 0, 4) === 'PK\x05\x06';

/** The type of a content that does not tell it: a plain extension of its name. */
export const extensionOf = (name: string): string => /\.([0-9A-Za-z]{1,8})$/.exec(name)?.[1]?.toLowerCase() ?? 'bin';
