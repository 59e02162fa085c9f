/**
 * The type of a file by its content (docs/spec.md#file-type); a name proves nothing. The spec's five types are taken, harmless others
 * with a warning, everything else is refused. Content that a computer would run is looked for first and wins.
 */
import { decodeText, withoutMarks } from '../../encoding.js';
import { ACTIVE_EXTENSIONS, HARMLESS_TYPES, SPEC_TYPES } from './file-types.js';

/** What is known of a content: its first bytes (128 KB are enough), and which of `MARKS` it has anywhere. */
export interface SeenContent {
  readonly head: Uint8Array;
  readonly marks: readonly string[];
}

/** What a file carries that its type does not need; each is a warning. `messages/` has the words. */
export type Cargo = 'archive' | 'script' | 'launch' | 'embedded' | 'pixels';

export interface FileVerdict {
  /** `pdf`, `docx`, …: the extension that such files have; empty when nothing here knows it. */
  readonly type: string;
  /** `active` would run when it is opened; `other` is in none of the lists. */
  readonly kind: 'spec' | 'harmless' | 'active' | 'other';
  readonly cargo: readonly Cargo[];
}

const latin = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const utf16 = (text: string): Uint8Array => latin([...text].join('\0'));

const PDF = latin('%PDF');
const ZIP = latin('PK\x03\x04');
const OLE = latin('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1');

/** Bytes to look for in the whole of a content, for `SeenContent.marks`; where `start` is given, only in contents that start so. */
export const MARKS: readonly { readonly name: string; readonly bytes: Uint8Array; readonly start?: Uint8Array }[] = [
  // The end of a ZIP on one volume: its directory is there.
  { name: 'zip', bytes: latin('PK\x05\x06\0\0\0\0') },
  { name: 'rar', bytes: latin('Rar!\x1a\x07') },
  { name: '7z', bytes: latin("7z\xbc\xaf'\x1c") },
  { name: 'script', bytes: latin('/JavaScript'), start: PDF },
  { name: 'launch', bytes: latin('/Launch'), start: PDF },
  { name: 'embedded', bytes: latin('/EmbeddedFile'), start: PDF },
  { name: 'contentTypes', bytes: latin('[Content_Types].xml'), start: ZIP },
  { name: 'docx', bytes: latin('word/document.xml'), start: ZIP },
  { name: 'xlsx', bytes: latin('xl/workbook.xml'), start: ZIP },
  { name: 'pptx', bytes: latin('ppt/presentation.xml'), start: ZIP },
  ...['vbaProject.bin', '/macrosheets/', '/activeX/', 'Basic/script-lc.xml', 'META-INF/MANIFEST.MF', 'AndroidManifest.xml'].map((name) => ({
    name: 'zippedProgram',
    bytes: latin(name),
    start: ZIP,
  })),
  { name: 'doc', bytes: utf16('WordDocument'), start: OLE },
  { name: 'xls', bytes: utf16('Workbook'), start: OLE },
  { name: 'ppt', bytes: utf16('PowerPoint Document'), start: OLE },
  { name: 'locked', bytes: utf16('EncryptedPackage'), start: OLE },
  ...['_VBA_PROJECT', 'Ole10Native'].map((name) => ({ name: 'officeProgram', bytes: utf16(name), start: OLE })),
];

/** Readers accept so many bytes before `%PDF`. */
const BEFORE_PDF = 1024;
/** What of a content is looked at for its type, and for what would run. */
export const START_BYTES = 4096;
/** Blanks, zeros among them, and a byte order mark. */
const BLANKS = /^[\s\0]*(?:\xef\xbb\xbf)?[\s\0]*/;

/** The type of a content. `names`: what it is called in the package and was uploaded as, for what only a name shows. */
export function judgeFile({ head, marks }: SeenContent, names: readonly string[] = []): FileVerdict {
  const start = head.subarray(0, START_BYTES);
  const type = fileTypeOf(start, marks);
  const known = SPEC_TYPES.has(type) ? 'spec' : HARMLESS_TYPES.has(type) ? 'harmless' : 'other';
  const kind = isActive(start, type, marks, names) ? 'active' : known;
  return { type, kind, cargo: cargoOf(head, type, marks) };
}

/** The type of a content: one of the spec's, a harmless one, one that is refused by its name, or empty. Needs the first 4 KB. */
export function fileTypeOf(head: Uint8Array, marks: readonly string[] = []): string {
  if (head.length === 0) return 'empty';
  const text = latin1(head);
  const magic = MAGIC.find(([, ...parts]) => parts.every(([offset, bytes]) => text.startsWith(bytes, offset)));
  if (magic) return typeInside(magic[0], head, marks);
  const box = mediaBoxType(head);
  if (box) return box;
  const pdf = text.slice(0, BEFORE_PDF + 4).search(/%PDF|%!PS-Adobe-\d\.\d PDF-/);
  if (pdf >= 0) return 'pdf';
  const sound = text.replace(/^\0+/, '');
  if (/^(?:ID3|APETAGEX)/.test(sound) || isMp3Frame(sound)) return 'mp3';
  return isText(head) ? 'txt' : '';
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

/** Bytes that identify a type, each with its offset. */
const MAGIC: readonly (readonly [type: string, ...parts: (readonly [offset: number, bytes: string])[]])[] = [
  ['pdf', [0, '%PDF']],
  ['jpg', [0, '\xff\xd8\xff']],
  ['png', [0, '\x89PNG\r\n\x1a\n']],
  ['gif', [0, 'GIF87a']],
  ['gif', [0, 'GIF89a']],
  ['webp', [0, 'RIFF'], [8, 'WEBP']],
  ['wav', [0, 'RIFF'], [8, 'WAVE']],
  ['avi', [0, 'RIFF'], [8, 'AVI ']],
  ['zip', [0, 'PK\x03\x04']],
  ['zip', [0, 'PK\x05\x06']],
  ['zip', [0, 'PK\x07\x08']],
  ['ole', [0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1']],
  ['rar', [0, 'Rar!\x1a\x07']],
  ['7z', [0, "7z\xbc\xaf'\x1c"]],
  ['gz', [0, '\x1f\x8b']],
  ['rtf', [0, '{\\rtf']],
  ['bmp', [0, 'BM'], [6, '\0\0\0\0']],
  ['tiff', [0, 'II*\0']],
  ['tiff', [0, 'MM\0*']],
  ['flac', [0, 'fLaC']],
  ['ogg', [0, 'OggS']],
  ['amr', [0, '#!AMR']],
  ['aac', [0, '\xff\xf1']],
  ['aac', [0, '\xff\xf9']],
  ['mkv', [0, '\x1a\x45\xdf\xa3']],
  ['wmv', [0, '\x30\x26\xb2\x75\x8e\x66\xcf\x11']],
  ['psd', [0, '8BPS']],
];

/** The type of a ZIP or OLE file, by the names in it. */
function typeInside(type: string, head: Uint8Array, marks: readonly string[]): string {
  if (type === 'ole') return ['locked', 'doc', 'xls', 'ppt'].find((name) => marks.includes(name)) ?? 'ole';
  if (type !== 'zip') return type;
  if (/^mimetypeapplication\/vnd\.oasis\.opendocument\.text(?!-)/.test(latin1(head.subarray(30, 128)))) return 'odt';
  return (marks.includes('contentTypes') && ['docx', 'xlsx', 'pptx'].find((name) => marks.includes(name))) || 'zip';
}

/** Boxes of ISO media that may come first: `ftyp` by the standard, the others from old cameras and recorders. */
const FIRST_BOXES: ReadonlySet<string> = new Set(['ftyp', 'styp', 'free', 'skip', 'wide', 'moov', 'mdat', 'pnot']);
const BRANDS: readonly (readonly [RegExp, string])[] = [
  [/^avi[fs]/, 'avif'],
  [/^(?:hei[cxms]|hev[cxms]|mif1|msf1)/, 'heic'],
  [/^M4[ABP] /, 'm4a'],
  [/^crx /, 'cr3'],
];

/** The type of ISO media by its brand, else `mp4`; empty when the boxes do not hang together. */
function mediaBoxType(head: Uint8Array): string {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  for (let at = 0; at + 8 <= head.length; ) {
    const size = view.getUint32(at);
    const box = latin1(head.subarray(at + 4, at + 8));
    if (!FIRST_BOXES.has(box)) return '';
    if (box === 'ftyp') {
      const brand = latin1(head.subarray(at + 8, at + 12));
      return BRANDS.find(([pattern]) => pattern.test(brand))?.[1] ?? 'mp4';
    }
    // Size 1 says that the true one follows in 64 bits, 0 that the box goes to the end.
    if (size !== 0 && size !== 1 && size < 8) return '';
    if (size < 8 || box === 'moov' || box === 'mdat' || at + size + 8 > head.length) return 'mp4';
    at += size;
  }
  return '';
}

/** The header of a frame of MPEG audio, layer III. */
function isMp3Frame(text: string): boolean {
  const [sync, version, rates] = [text.charCodeAt(0), text.charCodeAt(1), text.charCodeAt(2)];
  return sync === 0xff && (version & 0xe6) === 0xe2 && (version & 0x18) !== 0x08 && !((rates & 0xf0) === 0xf0 || (rates & 0x0c) === 0x0c);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what no text has
const NOT_TEXT = /[\0-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]/;

/** Text in UTF-8, UTF-16 or CP950, without control characters. A character may be cut in two where the start ends. */
function isText(head: Uint8Array): boolean {
  const isWhole = head.length < START_BYTES;
  for (let cut = 0; cut < (isWhole ? 1 : 4); cut++) {
    const utf = decodeText(head.subarray(0, head.length - cut));
    if (utf && utf.encoding !== 'CP950') return !NOT_TEXT.test(utf.text);
  }
  const decoded = decodeText(head);
  if (!decoded || NOT_TEXT.test(decoded.text)) return false;
  return !(isWhole ? decoded.text : decoded.text.slice(0, -1)).includes('\ufffd');
}

/** Programs, and files that start one, by their first bytes, blanks before them left out. */
const PROGRAMS: readonly string[] = [
  '\x7fELF',
  '\xca\xfe\xba\xbe',
  ...['\xfe\xed\xfa\xce', '\xfe\xed\xfa\xcf', '\xce\xfa\xed\xfe', '\xcf\xfa\xed\xfe'],
  '#!',
  'L\0\0\0\x01\x14\x02\0',
  'ITSF',
  'dex\n',
];
/** PostScript is a program, but for the header that old PDFs have. */
const POSTSCRIPT = /^%!(?!PS-Adobe-\d\.\d PDF-)/;

/** Whether a content is a program, as its first bytes say. */
function isProgram(text: string, type: string): boolean {
  const start = withoutMarks(text).trimStart();
  // The two letters may begin a sentence in Chinese; no program is such a text.
  if (start.startsWith('MZ') && (type !== 'txt' || /^[\0-\x7f]*$/.test(start))) return true;
  const behindZeros = start.replace(BLANKS, '');
  return type !== 'amr' && (PROGRAMS.some((bytes) => behindZeros.startsWith(bytes)) || POSTSCRIPT.test(behindZeros));
}

/** An element, a processing instruction or a server's page, whatever stands before it that a browser passes over. */
const MARKUP = /^<(?:[a-z!?%]|\/[a-z])/i;
const MARKUP_ANYWHERE = /<(?:(?:\w{1,20}:)?(?:html|head|body|script|svg|iframe|object|embed|application)[\s>/]|!doctype\s+html|\?php|%@)/i;
/** Texts that Windows or a mail program acts on when they are opened. */
const ACTING_TEXT: readonly RegExp[] = [
  /^(?:mime-version|content-type):/im,
  /^\[(?:InternetShortcut|Desktop Entry|Shell)\]/im,
  /^(?:Windows Registry Editor|REGEDIT4)/,
  /^@?echo off/im,
  /\b(?:ActiveXObject|CreateObject)\s?\(|\bWScript\./i,
];

function isActive(head: Uint8Array, type: string, marks: readonly string[], names: readonly string[]): boolean {
  const text = latin1(head);
  if (isProgram(text, type)) return true;
  if (type === 'zip' || OFFICE_ZIPS.has(type)) {
    if (marks.includes('zippedProgram')) return true;
  }
  if (marks.includes('officeProgram')) return true;
  // What a browser or a mail program would make of it: UTF-16 as well, with the zeros left out.
  const written = withoutMarks(text.replaceAll('\0', ''));
  const before = type === 'pdf' ? written.slice(0, Math.max(0, written.search(/%PDF|%!PS/))) : SPEC_TYPES.has(type) ? '' : written;
  if (MARKUP.test(withoutPreamble(before)) || (type === 'txt' || type === '' || type === 'pdf' ? MARKUP_ANYWHERE.test(before) : false))
    return true;
  if (type === 'txt' && ACTING_TEXT.some((pattern) => pattern.test(written))) return true;
  return !BINARY_TYPES.has(type) && names.some((name) => ACTIVE_EXTENSIONS.has(extensionIn(name)));
}

const OFFICE_ZIPS: ReadonlySet<string> = new Set(['docx', 'xlsx', 'pptx', 'odt']);
/** Types that their content proves, so that no name makes them anything else. */
const BINARY_TYPES: ReadonlySet<string> = new Set([...SPEC_TYPES, 'heic', 'webp', 'gif', 'm4a', 'wav']);

/** A text from its first element on: blanks and comments do not count. */
function withoutPreamble(text: string): string {
  let at = 0;
  for (;;) {
    while (at < text.length && /\s/.test(text[at] as string)) at++;
    if (!text.startsWith('<!--', at)) return text.slice(at, at + 16);
    const end = text.indexOf('-->', at + 4);
    // A comment that does not end here is markup all the same.
    if (end < 0) return '<!--';
    at = end + 3;
  }
}

/** The extension by which Windows opens a file: it passes over dots and blanks at the end of a name. */
function extensionIn(name: string): string {
  const end = name.slice(-64).replace(/[. ]{1,64}$/, '');
  const dot = end.lastIndexOf('.');
  return dot < 0 ? '' : end.slice(dot + 1).toLowerCase();
}

/** More than a camera of any kind takes: unpacked, such a picture fills a computer's memory. */
const MOST_PIXELS = 500_000_000;

function cargoOf(head: Uint8Array, type: string, marks: readonly string[]): Cargo[] {
  const archives = ['zip', 'rar', '7z'].filter((name) => name !== type && marks.includes(name));
  const isArchive = ['zip', 'rar', '7z', 'gz'].includes(type) || OFFICE_ZIPS.has(type);
  const [width, height] = pixelsOf(head, type);
  return [
    ...(archives.length > 0 && !isArchive ? ['archive' as const] : []),
    ...(type === 'pdf' ? (['script', 'launch', 'embedded'] as const).filter((name) => marks.includes(name)) : []),
    ...(width * height > MOST_PIXELS ? ['pixels' as const] : []),
  ];
}

/** Width and height of a picture as its header says; zeros for anything else. */
export function pixelsOf(head: Uint8Array, type: string): [width: number, height: number] {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (type === 'png' && head.length >= 24) return [view.getUint32(16), view.getUint32(20)];
  if (type === 'gif' && head.length >= 10) return [view.getUint16(6, true), view.getUint16(8, true)];
  if (type !== 'jpg') return [0, 0];
  for (let at = 2; at + 9 <= head.length; ) {
    const marker = head[at + 1] as number;
    if (head[at] !== 0xff) return [0, 0];
    // Frame headers of every kind; C4, C8 and CC are tables.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return [0, 0];
}

/** The type of a content that does not show it: a plain extension of its name. */
export const extensionOf = (name: string): string => /\.([0-9A-Za-z]{1,8})$/.exec(name)?.[1]?.toLowerCase() ?? 'bin';
