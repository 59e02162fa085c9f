/** Undoes an aborted run, until it has committed. */
import { AsyncLocalStorage } from 'node:async_hooks';

/** What one run has under way. */
interface Run {
  readonly undoings: Set<() => void>;
  isCommitted: boolean;
}

const current = new AsyncLocalStorage<Run>();

/** What may end a run: the command line's signals come as an AbortSignal too. */
export interface Interruption {
  readonly signal: AbortSignal;
  /**
   * Called once all is undone. It ends the thread or the process: the rest of the work would go on, since nothing makes a
   * read, a hash or a query in the middle of it stop.
   */
  readonly onUndone: () => void;
}

/**
 * Runs work, whatever of it is unfinished being undone at once, the newest first, when the signal aborts. Once what the work
 * is for has been committed the signal no longer does anything, and the work finishes.
 */
export async function runInterruptibly<T>(work: () => Promise<T>, { signal, onUndone }: Interruption): Promise<T> {
  const run: Run = { undoings: new Set(), isCommitted: false };
  const interrupt = () => {
    if (run.isCommitted) return;
    for (const undo of [...run.undoings].reverse()) {
      try {
        undo();
      } catch {
        // The rest is to be undone all the same: what cannot be undone is left to the next sweep.
      }
    }
    onUndone();
  };
  signal.addEventListener('abort', interrupt);
  try {
    return await current.run(run, work);
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

/**
 * Has the current run, when it is interrupted, undo something at once. Returns a function that takes this back. Without
 * a run there is nothing that could be interrupted.
 */
export function whenInterrupted(undo: () => void): () => void {
  const run = current.getStore();
  run?.undoings.add(undo);
  return () => run?.undoings.delete(undo);
}

/** Marks that what the current run is for has been committed. */
export function markCommitted(): void {
  const run = current.getStore();
  if (run) run.isCommitted = true;
}
