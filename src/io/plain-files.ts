/** Lists the plain files below a folder. Links are not followed; pipes, sockets and devices are not listed. */
import { lstatSync } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { decodeCp950, decodeUtf8 } from '../encoding.js';
import { LpxError } from '../errors.js';
import { fileError } from './file-error.js';
import { statPlain } from './read.js';

/** A path as people read it, and in bytes where it is not UTF-8: the system finds it by those alone. */
interface Place {
  readonly path: string;
  readonly raw?: Buffer;
}

export interface PlainFile extends Place {
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
  const enter = async (folder: Place): Promise<void> => {
    if (without.has(folder.path)) return;
    const entries = await readdir(folder.raw ?? folder.path, { withFileTypes: true, encoding: 'buffer' });
    for (const entry of entries.sort((a, b) => a.name.compare(b.name))) {
      const at = placeIn(folder, entry.name);
      try {
        if (entry.isDirectory()) await enter(at);
        else if (entry.isFile()) files.push({ ...at, bytes: lstatSync(at.raw ?? at.path).size });
      } catch (error) {
        unreadable.push(ofSystem(error, at.path));
      }
    }
  };
  const found = await lstat(root).catch((error) => {
    throw fileError(error, path, 'reading');
  });
  if (!found.isDirectory()) return { files: [{ path: root, bytes: (await statPlain(root)).size }], unreadable };
  await enter({ path: root }).catch((error) => {
    throw fileError(error, path, 'reading');
  });
  return { files, unreadable };
}

/** Linux takes any bytes for a name, and old disks and ZIPs have them in Big5. */
function placeIn(folder: Place, name: Buffer): Place {
  const text = decodeUtf8(name);
  const path = join(folder.path, text ?? shownName(name));
  if (text !== undefined && !folder.raw) return { path };
  return { path, raw: Buffer.concat([folder.raw ?? Buffer.from(folder.path), Buffer.from(sep), name]) };
}

/** A name that is not UTF-8: by Big5, else with its bytes as `\xa1`. */
function shownName(name: Buffer): string {
  const text = decodeCp950(name);
  if (text !== undefined && !text.includes('\ufffd')) return text;
  return name.toString('latin1').replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** @throws what is no error of the system */
function ofSystem(error: unknown, path: string): LpxError {
  const known = fileError(error, path, 'reading');
  if (known instanceof LpxError) return known;
  throw known;
}
