/**
 * A thread in which use cases run whole, with their helper thread inside it, so that the thread that calls stays free: only
 * messages pass.
 */
import type { Worker } from 'node:worker_threads';
import { LpxError } from '../errors.js';
import { isPassword, type Password, type PasswordSource } from '../package/password-source.js';
import { revived } from '../posted-error.js';
import type { Order, Report, RequestOf, ResultOf, UseCases } from './serve.js';

/** The part of a request that stays on the caller's thread. */
export interface CallerSide {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly password?: PasswordSource | undefined;
}

interface Call {
  readonly useCase: string;
  readonly request: unknown;
  readonly caller: CallerSide;
  /** Something that the caller's own functions threw: what the call rejects with. */
  failure?: { readonly error: unknown };
  isAborted: boolean;
  settle(by: (call: { resolve(result: unknown): void; reject(error: unknown): void }) => void): void;
}

/** Runs one call at a time, in the order they are made. Idle, it keeps no process alive. Whoever opens it closes it. */
export class UseCaseThread<U extends UseCases> {
  readonly #startWorker: () => Worker;
  #worker: Worker | undefined;
  #running: Call | undefined;
  #waiting: Call[] = [];
  #isClosed = false;
  #onIdle: (() => void)[] = [];

  /** @param startWorker starts the thread, whose code calls `serve`; again when it has ended */
  constructor(startWorker: () => Worker) {
    this.#startWorker = startWorker;
  }

  /**
   * @throws what the use case throws, as LpxError; LPX_OPTION_WRONG once it is closed; LPX_INTERRUPTED when the signal aborts before the commit; what `password`
   *   and `onProgress` throw, as it is
   */
  run<N extends keyof U & string>(useCase: N, request: RequestOf<U, N>, caller: CallerSide): Promise<ResultOf<U, N>> {
    if (this.#isClosed) return Promise.reject(new LpxError('LPX_OPTION_WRONG', { option: 'store', takes: 'store' }));
    const { signal } = caller;
    if (signal?.aborted) return Promise.reject(interrupted(signal));
    return new Promise<unknown>((resolve, reject) => {
      const abort = () => this.#abort(call);
      const call: Call = {
        useCase,
        request,
        caller,
        isAborted: false,
        settle: (by) => {
          signal?.removeEventListener('abort', abort);
          by({ resolve, reject });
        },
      };
      signal?.addEventListener('abort', abort);
      this.#waiting.push(call);
      this.#next();
    }) as Promise<ResultOf<U, N>>;
  }

  /** Ends the thread once the calls made so far are done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#running) {
      await new Promise<void>((resolve) => {
        this.#onIdle.push(resolve);
      });
    }
    await this.#worker?.terminate();
  }

  #next(): void {
    if (this.#running) return;
    const call = this.#waiting.shift();
    this.#running = call;
    if (!call) {
      for (const idle of this.#onIdle.splice(0)) idle();
      return;
    }
    try {
      this.#worker ??= this.#start();
      this.#worker.ref();
      this.#send(orderOf(call));
    } catch (error) {
      // A request with something in it that does not pass between threads.
      this.#settle(({ reject }) => reject(error));
    }
  }

  /** A password is moved to the thread: no copy of it stays here. */
  #send(order: Order): void {
    const moved = 'password' in order && order.password ? [order.password.buffer as ArrayBuffer] : [];
    this.#worker?.postMessage(order, moved);
  }

  #start(): Worker {
    const worker = this.#startWorker();
    let broken: unknown;
    worker.on('message', (report: Report) => this.#receive(report));
    worker.on('error', (error) => {
      broken = error;
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      const call = this.#running;
      if (call) this.#settle(({ reject }) => reject(call.failure ? call.failure.error : endOf(call, broken)));
    });
    return worker;
  }

  #receive(report: Report): void {
    const call = this.#running;
    if (!call) return;
    switch (report.kind) {
      case 'progress':
        this.#progress(call, report);
        break;
      case 'ask':
        void this.#answer(call);
        break;
      case 'result':
        this.#settle(({ resolve }) => resolve(report.result));
        break;
      case 'error':
        this.#settle(({ reject }) => reject(call.failure ? call.failure.error : thrown(report)));
    }
  }

  #progress(call: Call, { done, total }: Extract<Report, { kind: 'progress' }>): void {
    try {
      if (!call.isAborted) call.caller.onProgress?.(done, total);
    } catch (error) {
      call.failure = { error };
      this.#abort(call);
    }
  }

  async #answer(call: Call): Promise<void> {
    try {
      const ask = call.caller.password as () => Password | Promise<Password>;
      const answer: unknown = await ask();
      if (!isPassword(answer)) throw new LpxError('LPX_PASSWORD_MISSING');
      const password = bytesOf(answer);
      if (this.#running === call) this.#send({ kind: 'password', password });
    } catch (error) {
      call.failure = { error };
      if (this.#running === call) this.#send({ kind: 'password', password: undefined });
    }
  }

  /** A call that runs ends with its thread: only then is it certain that nothing of it goes on. */
  #abort(call: Call): void {
    call.isAborted = true;
    if (call === this.#running) {
      this.#send({ kind: 'abort' });
      return;
    }
    this.#waiting = this.#waiting.filter((waiting) => waiting !== call);
    call.settle(({ reject }) => reject(endOf(call, undefined)));
  }

  #settle(by: Parameters<Call['settle']>[0]): void {
    const call = this.#running;
    this.#running = undefined;
    this.#worker?.unref();
    call?.settle(by);
    this.#next();
  }
}

function orderOf({ useCase, request, caller: { password, onProgress } }: Call): Order {
  const isAtHand = password !== undefined && typeof password !== 'function';
  return { kind: 'call', useCase, request, password: isAtHand ? bytesOf(password) : undefined, reportsProgress: onProgress !== undefined };
}

/** A copy that nobody else has, nor any pool. */
const bytesOf = (password: Password): Uint8Array => Uint8Array.from(typeof password === 'string' ? Buffer.from(password) : password);

/** Why a call whose thread ended was not answered. */
const endOf = ({ isAborted, caller: { signal } }: Call, broken: unknown): LpxError =>
  isAborted && signal ? interrupted(signal) : internal(broken);

const interrupted = ({ reason }: AbortSignal): LpxError => new LpxError('LPX_INTERRUPTED', {}, { cause: reason });

const internal = (cause: unknown): LpxError =>
  new LpxError('LPX_INTERNAL', { detail: cause instanceof Error ? cause.name : 'thread' }, { cause });

function thrown({ error }: Extract<Report, { kind: 'error' }>): LpxError {
  const cause = revived(error);
  return cause instanceof LpxError ? cause : internal(cause);
}
