/** The side of the thread in which use cases run: the other side of `use-case-thread.ts`. One call at a time. */
import { parentPort } from 'node:worker_threads';
import { fileError } from '../io/file-error.js';
import { runInterruptibly } from '../io/interruption.js';
import type { PasswordSource } from '../package/password-source.js';
import { type PostedError, posted } from '../posted-error.js';

/** Questions and reports of a use case to the calling thread. */
export interface Caller {
  readonly password: PasswordSource;
  readonly onProgress: ((done: number, total: number) => void) | undefined;
}

/** Use cases by name: requests and results are data, which threads can pass to each other. */
export type UseCases = Readonly<Record<string, (request: never, caller: Caller) => Promise<unknown>>>;
export type RequestOf<U extends UseCases, N extends keyof U> = Parameters<U[N]>[0];
export type ResultOf<U extends UseCases, N extends keyof U> = Awaited<ReturnType<U[N]>>;

/** A request to the thread. */
export type Order =
  | {
      readonly kind: 'call';
      readonly useCase: string;
      readonly request: unknown;
      /** Undefined when it has to be asked for. */
      readonly password: Uint8Array | undefined;
      readonly reportsProgress: boolean;
    }
  /** Undefined when whoever was asked has no answer. */
  | { readonly kind: 'password'; readonly password: Uint8Array | undefined }
  | { readonly kind: 'abort' };

/** A reply. An aborted call is not answered: the thread ends. */
export type Report =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'ask' }
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly error: PostedError };

type Call = Extract<Order, { kind: 'call' }>;

const report = (message: Report): void => parentPort?.postMessage(message);

/** Runs the use cases that the other side calls, for as long as the thread lives. */
export function serve(useCases: UseCases): void {
  let abort = () => {};
  let answer = (_password: Uint8Array | undefined) => {};

  const askPassword = (passwords: (Uint8Array | undefined)[]): Promise<Uint8Array> => {
    report({ kind: 'ask' });
    return new Promise((resolve, reject) => {
      answer = (password) => {
        passwords.push(password);
        if (password) resolve(password);
        else reject(new Error('no password'));
      };
    });
  };

  const run = async (call: Call): Promise<void> => {
    const interrupt = new AbortController();
    abort = () => interrupt.abort();
    const passwords: (Uint8Array | undefined)[] = [call.password];
    const caller: Caller = {
      password: call.password ?? (() => askPassword(passwords)),
      onProgress: call.reportsProgress ? (done, total) => report({ kind: 'progress', done, total }) : undefined,
    };
    const useCase = useCases[call.useCase] as (request: unknown, caller: Caller) => Promise<unknown>;
    try {
      const work = async () => useCase(call.request, caller);
      const result = await runInterruptibly(work, { signal: interrupt.signal, onUndone: () => process.exit() });
      report({ kind: 'result', result });
    } catch (error) {
      report({ kind: 'error', error: posted(fileError(error, (error as NodeJS.ErrnoException | undefined)?.path ?? '')) });
    } finally {
      abort = () => {};
      for (const password of passwords) password?.fill(0);
    }
  };

  parentPort?.on('message', (order: Order) => {
    if (order.kind === 'abort') abort();
    else if (order.kind === 'password') answer(order.password);
    else void run(order);
  });
}
