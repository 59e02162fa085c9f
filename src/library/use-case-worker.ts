/** The thread that use cases run in: the other side of `thread.ts`. One call at a time. */
import { parentPort } from 'node:worker_threads';
import { fileError } from '../io/file-error.js';
import { runInterruptibly } from '../io/interruption.js';
import { type PostedError, posted } from '../posted-error.js';
import { type Caller, type RequestOf, type ResultOf, USE_CASES, type UseCaseName } from './use-cases.js';

/** A request to the thread. */
export type Order =
  | {
      readonly kind: 'call';
      readonly useCase: UseCaseName;
      readonly request: RequestOf<UseCaseName>;
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
  | { readonly kind: 'result'; readonly result: ResultOf<UseCaseName> }
  | { readonly kind: 'error'; readonly error: PostedError };

type Call = Extract<Order, { kind: 'call' }>;

const report = (message: Report): void => parentPort?.postMessage(message);

let abort = () => {};
let answer = (_password: Uint8Array | undefined) => {};

parentPort?.on('message', (order: Order) => {
  if (order.kind === 'abort') abort();
  else if (order.kind === 'password') answer(order.password);
  else void run(order);
});

async function run(call: Call): Promise<void> {
  const interrupt = new AbortController();
  abort = () => interrupt.abort();
  const passwords: (Uint8Array | undefined)[] = [call.password];
  const caller: Caller = {
    password: call.password ?? (() => askPassword(passwords)),
    onProgress: call.reportsProgress ? (done, total) => report({ kind: 'progress', done, total }) : undefined,
  };
  const useCase = USE_CASES[call.useCase] as (request: object, caller: Caller) => Promise<ResultOf<UseCaseName>>;
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
}

function askPassword(passwords: (Uint8Array | undefined)[]): Promise<Uint8Array> {
  report({ kind: 'ask' });
  return new Promise((resolve, reject) => {
    answer = (password) => {
      passwords.push(password);
      if (password) resolve(password);
      else reject(new Error('no password'));
    };
  });
}
