/** Whose turn it is: of several processes that work through the same folder into one store, one at a time does. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../store.js';

export interface Turn {
  end(): void;
}

/** How often it is asked for, in ms. */
const POLL_MS = 50;

/**
 * Waits for this process's turn at a folder, for as long as it takes.
 * @param onWaiting called once when another process has the turn
 * @param isGivenUp asked while waiting
 * @returns undefined when it was given up
 * @throws LPX_WRITE_FAILED and other errors of the file system; LPX_DATABASE_LOST
 */
export async function takeTurn(
  { presence }: Pick<Store, 'presence'>,
  folder: string,
  { onWaiting, isGivenUp }: { readonly onWaiting: () => void; readonly isGivenUp: () => boolean },
): Promise<Turn | undefined> {
  for (let isWaiting = false; ; isWaiting = true) {
    const end = await presence.tryTurn(folder);
    if (end) return { end };
    if (isGivenUp()) return undefined;
    if (!isWaiting) onWaiting();
    await sleep(POLL_MS);
  }
}
