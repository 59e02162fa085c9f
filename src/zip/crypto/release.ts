/**
 * Gives memory back at once. Node's ciphers allocate their output anew each time; left to the garbage collector, it
 * piles up outside the heap until V8 marks the whole heap for it, on all cores, and every piece is fresh memory that
 * the system has to clear first.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';

interface WayOut {
  /** Closed: what is transferred through it leaves its sender all the same, and arrives nowhere. */
  readonly port: MessagePort;
  /** Lies behind the first piece in memory, so that malloc keeps the place of a piece for the next and does not return it to the system. */
  readonly pin: Buffer;
}

let wayOut: WayOut | undefined;

/** Frees the memory of a buffer that nobody uses any more, and that shares it with no other. The buffer is empty afterwards. */
export function release(bytes: Buffer): void {
  wayOut ??= { port: closedPort(), pin: Buffer.allocUnsafeSlow(bytes.length) };
  wayOut.port.postMessage(null, [bytes.buffer as ArrayBuffer]);
}

function closedPort(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.close();
  return port1;
}
