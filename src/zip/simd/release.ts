/**
 * Gives memory back at once. Node's ciphers allocate every output; left to the garbage collector, outputs pile up outside
 * the heap until V8 marks the whole heap because of them, and each is fresh memory that the system has to clear first.
 * That is a sixth of the work of an export under AES, and 30 MiB.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';

/** Since Node 22. */
type Transferable = ArrayBuffer & { transfer?(bytes: number): ArrayBuffer };

export class Releaser {
  /** Until Node 20 goes: what is transferred through a closed port leaves its sender all the same, and arrives nowhere. */
  #port: MessagePort | undefined;
  /** Lies after the first piece in memory, so that malloc keeps the room of a piece for the next and does not return it to the system. */
  #pin: Buffer | undefined;

  /** Frees the memory of a buffer that is used no more and shares it with no other. The buffer is empty afterwards. */
  release(bytes: Buffer): void {
    this.#pin ??= Buffer.allocUnsafeSlow(bytes.length);
    const memory = bytes.buffer as Transferable;
    if (memory.transfer) {
      memory.transfer(0);
      return;
    }
    this.#port ??= closedPort();
    this.#port.postMessage(null, [memory]);
  }
}

function closedPort(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  port1.close();
  return port1;
}
