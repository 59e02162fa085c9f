/** What can begin before the code of a use case is loaded. */
import { stat } from 'node:fs/promises';
import { startAhead } from '../zip/threads/threads.js';

/** Gets ready to examine a package. What is wrong with the file, the examination says. */
export async function prepareToExamine(zipFile: string): Promise<void> {
  startAhead(
    await stat(zipFile).then(
      ({ size }) => size,
      () => 0,
    ),
  );
}
