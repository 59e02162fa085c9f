/** Folders with those around them. */
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A path and the folders around it, the innermost first. */
export function* upward(path: string): Generator<string, void> {
  for (let at = path; ; at = dirname(at)) {
    yield at;
    if (dirname(at) === at) return;
  }
}

/**
 * Makes a folder and those around it that are missing, all or none. Node's own recursive call never ends where the system makes no
 * folder, as below /proc. @returns those that were missing, the outermost first @throws the system's own errors
 */
export function makeFolders(folder: string, mode: number): string[] {
  const made: string[] = [];
  const make = (path: string): void => {
    if (isFolder(path)) return;
    if (dirname(path) !== path) make(dirname(path));
    try {
      mkdirSync(path, { mode });
      made.push(path);
    } catch (error) {
      // Another process may have made it meanwhile.
      if (!isFolder(path)) throw error;
    }
  };
  try {
    make(folder);
    return made;
  } catch (error) {
    for (const path of made.toReversed()) removeEmpty(path);
    throw error;
  }
}

/** A place below a file is none, which the system says as an error. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Removes a folder unless there is something in it: another process may have put it there. */
export function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // It stays with what is in it.
  }
}
