/** The companion signature file: the MD5 of the ZIP (docs/spec.md#q6). */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { decodeText } from '../encoding.js';
import { LpxError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { readSmall } from '../io/read.js';

/** Beyond this many bytes it is not a signature file. */
export const SIGNATURE_BYTES = 64 * 1024;

export const signaturePathOf = (zipFile: string): string => `${zipFile}.md5`;

/** The line that `md5sum -c` takes. */
export const signatureLine = (md5: string, zipFile: string): string => `${md5}  ${basename(zipFile)}\n`;

/** A signature file that was found. */
export interface Signature {
  readonly file: string;
  /** 32 lower-case hex digits. */
  readonly md5: string;
}

/**
 * Reads the signature of a package: the file given, or the one in its folder under any name that people's systems give
 * it, the usual ones first.
 * @throws LPX_SIGNATURE_MISSING with what lies there instead, LPX_SIGNATURE_UNREADABLE, LPX_FILE_NOT_FOUND for a file
 *   named by the caller
 */
export async function readSignature(zipFile: string, given?: string): Promise<Signature> {
  const files = given === undefined ? await signatureFilesOf(zipFile) : [given];
  for (const file of files) {
    const md5 = md5In(await readSmall(file, SIGNATURE_BYTES, 'file'), basename(zipFile));
    if (md5) return { file, md5 };
  }
  const [unreadable] = files;
  if (unreadable !== undefined) throw new LpxError('LPX_SIGNATURE_UNREADABLE', {}, { place: { file: unreadable } });
  throw new LpxError(
    'LPX_SIGNATURE_MISSING',
    { others: await textsNextTo(zipFile) },
    { place: { file: basename(signaturePathOf(zipFile)) } },
  );
}

/** What systems add to the name of a second copy. */
const COPY_MARK = / ?\(\d{1,3}\)(?=\.|$)| - (?:Copy|\u8907\u88fd)(?=\.|$)/gi;

export const withoutCopyMark = (name: string): string => name.replace(COPY_MARK, '');

const plainName = (name: string): string => withoutCopyMark(name).toLowerCase();

/** The names of a signature, after the package's name without `.zip`, as systems and people write them. */
const ENDINGS = ['.zip.md5', '.md5', '.txt', '.zip.md5.txt', '.md5.txt', '.zip.txt'];

/** Files that may be the signature, by how near their names are: letter for letter, else in other case or as other copies. */
async function signatureFilesOf(zipFile: string): Promise<string[]> {
  const ranked = (await namesNextTo(zipFile)).flatMap((name) => {
    const rank = signatureRank(basename(zipFile), name);
    return rank === undefined ? [] : [{ name, rank }];
  });
  return ranked.sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1)).map(({ name }) => join(dirname(zipFile), name));
}

/** How far the name of a file is from that of a package's signature; undefined where it is the name of something else. */
function signatureRank(zipName: string, name: string): number | undefined {
  const base = zipName.replace(/\.zip$/i, '');
  const exact = ENDINGS.findIndex((ending) => name === base + ending);
  if (exact >= 0) return exact;
  const near = ENDINGS.findIndex((ending) => plainName(name) === plainName(base + ending));
  if (near < 0) return undefined;
  const sameCopy = (name.match(COPY_MARK) ?? []).join() === (base.match(COPY_MARK) ?? []).join();
  return ENDINGS.length * (sameCopy ? 1 : 2) + near;
}

/** The signatures of each package in a folder, by the package's name: a file goes to the package whose name is nearest. @param names of all files there */
export function signaturesAmong(zipNames: readonly string[], names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const signatures = new Map(zipNames.map((zipName) => [zipName, [] as string[]]));
  const byBase = new Map<string, string[]>();
  for (const zipName of zipNames) {
    const base = plainName(zipName.replace(/\.zip$/i, ''));
    byBase.set(base, [...(byBase.get(base) ?? []), zipName]);
  }
  for (const name of names) {
    const plain = plainName(name);
    const bases = ENDINGS.filter((ending) => plain.endsWith(ending)).map((ending) => plain.slice(0, -ending.length));
    const near = bases
      .flatMap((base) => byBase.get(base) ?? [])
      .map((zipName) => ({ zipName, rank: signatureRank(zipName, name) ?? Number.POSITIVE_INFINITY }))
      .sort((a, b) => a.rank - b.rank);
    if (near[0]) signatures.get(near[0].zipName)?.push(name);
  }
  return signatures;
}

/** The names of the files and pipes in the folder of a package. */
async function namesNextTo(zipFile: string): Promise<string[]> {
  const folder = dirname(zipFile);
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    // A folder that may be passed through and not listed still gives the files that are named.
    if (error.code === 'EACCES' || error.code === 'EPERM') return [];
    throw fileError(error, folder, 'reading');
  });
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
}

/** A few names of files that people may take for the signature; empty when there are none. */
async function textsNextTo(zipFile: string): Promise<string> {
  const names = (await namesNextTo(zipFile)).filter((name) => /\.(?:md5|txt|sha256|sfv)$/i.test(name));
  return names.sort().slice(0, 5).join(', ');
}

/** 32 hex digits that are not part of something longer, such as a SHA-256: in one piece, or in groups as CertUtil has them. */
const MD5_FORMS = [1, 2, 4, 8].map((groups) => {
  const digits = groups === 1 ? 32 : groups;
  return { digits, form: new RegExp(`(?<![0-9a-z])[0-9a-f]{${digits}}(?:[ :-][0-9a-f]{${digits}})*(?![0-9a-z])`, 'gi') };
});

/**
 * The MD5 in the text of a signature file, in whatever form tools and people write it: the one distinct MD5 in it, or of
 * several the one in the line, else the paragraph, that names the package.
 * @returns undefined when there is none, or none that is clear
 */
export function md5In(bytes: Buffer, zipName: string): string | undefined {
  const text = (decodeSignature(bytes) ?? '').normalize('NFKC');
  const [md5, ...others] = md5sOf(text);
  if (others.length === 0) return md5;
  const base = zipName.normalize('NFKC');
  for (const name of new Set([base, withoutCopyMark(base)])) {
    for (const separator of [/\r\n|\r|\n/, /(?:\r\n|\r|\n)\s*?(?:\r\n|\r|\n)/]) {
      const naming = md5sOf(
        text
          .split(separator)
          .filter((part) => names(part, name))
          .join('\n'),
      );
      if (naming.length === 1) return naming[0];
    }
  }
  return undefined;
}

function md5sOf(text: string): string[] {
  const found = MD5_FORMS.flatMap(({ form }) => text.match(form) ?? []).map((match) => match.replace(/[ :-]/g, '').toLowerCase());
  return [...new Set(found.filter((digits) => digits.length === 32))];
}

/** Whether a part of a text has a file name that is not the end or beginning of another one. */
function names(part: string, name: string): boolean {
  const [inside, wanted] = [part.toLowerCase(), name.toLowerCase()];
  for (let at = inside.indexOf(wanted); at >= 0; at = inside.indexOf(wanted, at + 1)) {
    const [before = ' ', after = ' '] = [inside[at - 1], inside[at + wanted.length]];
    if (/[\s*"'(:=,/\\]/.test(before) && /[\s"'):=,]/.test(after)) return true;
  }
  return false;
}

/** UTF-16 is recognised by its mark or its zeros; the digits are the same in every other encoding. */
function decodeSignature(bytes: Buffer): string {
  const decoded = decodeText(bytes);
  return decoded?.text ?? bytes.toString('latin1');
}
