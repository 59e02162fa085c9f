/** The passwords of many packages, found by the packages' file names and MD5s. */
import { basename, win32 } from 'node:path';
import type { PackageNames, Password, PasswordFinder } from './password-source.js';
import { withoutCopyMark } from './signature.js';

/** A password, and what it is listed under; either may be empty. */
export interface BookEntry {
  /** A file name, with or without `.zip` and a folder before it. */
  readonly file: string;
  /** 32 lower-case hex digits. */
  readonly md5: string;
  readonly password: Password;
}

export class PasswordBook implements PasswordFinder {
  readonly #byName = new Map<string, Password[]>();
  readonly #byMd5 = new Map<string, Password[]>();
  readonly #fallback: readonly Password[];

  /** @param fallback passwords for any package, tried after those that are listed for it */
  constructor(entries: readonly BookEntry[], fallback: readonly Password[] = []) {
    for (const { file, md5, password } of entries) {
      if (file !== '') add(this.#byName, plainName(file), password);
      if (md5 !== '') add(this.#byMd5, md5, password);
    }
    this.#fallback = fallback;
  }

  async passwordsFor({ files, md5 }: PackageNames): Promise<readonly Password[]> {
    const listed = [...(this.#byMd5.get(md5) ?? []), ...files.flatMap((file) => this.#byName.get(plainName(file)) ?? [])];
    return distinct([...listed, ...this.#fallback]);
  }
}

/**
 * The entries that may open a package, by its file's name: all of them where its name is not listed, since it may be wrapped in another, or
 * listed by its MD5 alone.
 */
export function entriesFor(entries: readonly BookEntry[], file: string): readonly BookEntry[] {
  const byName = entries.filter((entry) => entry.file !== '' && plainName(entry.file) === plainName(file));
  return byName.length > 0 ? byName : entries;
}

/** A name as it is compared: without folder, `.zip`, case, and what marks another copy. */
const plainName = (file: string): string =>
  withoutCopyMark(
    basename(win32.basename(file))
      .normalize('NFC')
      .replace(/\.zip$/i, ''),
  ).toLowerCase();

function add(passwords: Map<string, Password[]>, key: string, password: Password): void {
  passwords.set(key, [...(passwords.get(key) ?? []), password]);
}

function distinct(passwords: readonly Password[]): Password[] {
  const seen = new Set<string>();
  return passwords.filter((password) => {
    const bytes = Buffer.from(password as string).toString('latin1');
    return !seen.has(bytes) && seen.add(bytes);
  });
}
