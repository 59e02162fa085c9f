/** What can begin before the code of a use case is loaded. */
import { stat } from 'node:fs/promises';
import { Helper } from '../zip/threads/helper.js';

export type StartedHelper = Helper;

/** Starts a helper when a package is worth one. Errors of the file are left to the use case. */
export async function startHelper(zipFile: string): Promise<Helper | undefined> {
  const found = await stat(zipFile).catch(() => undefined);
  return found && Helper.forBytes(found.size);
}
