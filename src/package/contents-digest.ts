/**
 * The contents digest: a strong identity of a package, whatever the encryption, order and names of its ZIP. SHA-256 over
 * one line for each file, `<sha256>  <path>` as `sha256sum` prints it, sorted by their UTF-8 bytes. Paths are the stored
 * names in NFC with `/`, without a folder around the package; the document is `document.json`, whatever it is called.
 * Anyone can recompute it with public tools; see README.md.
 */
import { createHash } from 'node:crypto';

/** The document's name in the digest. */
export const DIGESTED_DOCUMENT = 'document.json';

export interface DigestedFile {
  /** Path inside the package. */
  readonly path: string;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

/** @returns 64 lower-case hex digits */
export function contentsDigest(files: readonly DigestedFile[]): string {
  const lines = files.map(({ path, sha256 }) => Buffer.from(`${sha256}  ${path}\n`)).sort(Buffer.compare);
  return createHash('sha256').update(Buffer.concat(lines)).digest('hex');
}

/** A text as the digest takes it. */
export const digestedText = (path: string, content: string | Buffer): DigestedFile => ({
  path,
  sha256: createHash('sha256').update(content).digest('hex'),
});
