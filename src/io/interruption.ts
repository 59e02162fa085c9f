/** What an interrupted run takes back, and from when on it no longer does. */
import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<Interruptible>();

/** One run of a command. Whatever is called within `run` is undone when that run is interrupted. */
export class Interruptible {
  readonly #undoings = new Set<() => void>();
  #isCommitted = false;

  run<T>(work: () => Promise<T>): Promise<T> {
    return current.run(this, work);
  }

  /** Whether what the command is for has been committed: then a signal no longer undoes it. */
  get isCommitted(): boolean {
    return this.#isCommitted;
  }

  commit(): void {
    this.#isCommitted = true;
  }

  /** Has an interruption undo something. Returns a function that takes this back. */
  onUndo(undo: () => void): () => void {
    this.#undoings.add(undo);
    return () => this.#undoings.delete(undo);
  }

  /** Undoes what is unfinished, the newest first. What cannot be undone is left to the next command's sweep. */
  undo(): void {
    for (const undo of [...this.#undoings].reverse()) {
      try {
        undo();
      } catch {
        // The rest is to be undone all the same.
      }
    }
  }
}

/**
 * Has the current run, when it is interrupted, undo something at once. Returns a function that takes this back. Without
 * a run there is nothing that could be interrupted.
 */
export const whenInterrupted = (undo: () => void): (() => void) => current.getStore()?.onUndo(undo) ?? (() => {});

/** Marks that what the current run is for has been committed. */
export const markCommitted = (): void => current.getStore()?.commit();
