/** Lists the plain files below a folder. Links are not followed; pipes, sockets and devices are not listed. */
import { lstatSync } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { LpxError } from '../errors.js';
import { fileError } from './file-error.js';
import { statPlain } from './read.js';

export interface PlainFile {
  readonly path: string;
  readonly bytes: number;
}

export interface PlainFiles {
  /** In the order of their names, folder by folder. */
  readonly files: readonly PlainFile[];
  /** Folders and files that the system does not let be seen, each with its error. */
  readonly unreadable: readonly LpxError[];
}

/**
 * The plain files at a path, at any depth; the file itself, where it is one.
 * @param without real paths of folders that are not looked into
 * @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE for the path itself
 */
export async function listPlainFiles(path: string, without: ReadonlySet<string> = new Set()): Promise<PlainFiles> {
  const root = await realpath(path).catch((error) => {
    throw fileError(error, path, 'reading');
  });
  const files: PlainFile[] = [];
  const unreadable: LpxError[] = [];
  const enter = async (folder: string): Promise<void> => {
    if (without.has(folder)) return;
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const at = join(folder, entry.name);
      try {
        if (entry.isDirectory()) await enter(at);
        else if (entry.isFile()) files.push({ path: at, bytes: lstatSync(at).size });
      } catch (error) {
        unreadable.push(ofSystem(error, at));
      }
    }
  };
  const found = await lstat(root).catch((error) => {
    throw fileError(error, path, 'reading');
  });
  if (!found.isDirectory()) return { files: [{ path: root, bytes: (await statPlain(root)).size }], unreadable };
  await enter(root).catch((error) => {
    throw fileError(error, path, 'reading');
  });
  return { files, unreadable };
}

/** @throws what is no error of the system */
function ofSystem(error: unknown, path: string): LpxError {
  const known = fileError(error, path, 'reading');
  if (known instanceof LpxError) return known;
  throw known;
}
