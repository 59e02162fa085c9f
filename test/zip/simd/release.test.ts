import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Releaser } from '#lpx/zip/simd/release.js';

const MIB = 1024 * 1024;

/** How much memory outside the heap is held, in bytes, once `each` has had 200 outputs of a cipher, a MiB each. */
function heldAfter(each: (output: Buffer) => void): number {
  const cipher = createCipheriv('aes-256-ecb', Buffer.alloc(32), null).setAutoPadding(false);
  // Made once: what the collector has not freed yet of inputs is not to be counted.
  const inputs = [Buffer.alloc(16), Buffer.alloc(MIB)];
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  for (let i = 0; i < 200; i++) {
    for (const input of inputs) each(cipher.update(input));
    peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
  }
  return peak;
}

describe('releasing', () => {
  it('empties the buffer, and leaves others as they are', () => {
    const [gone, stays] = [Buffer.allocUnsafeSlow(64).fill(1), Buffer.allocUnsafeSlow(64).fill(2)];
    new Releaser().release(gone);
    expect(gone.length).toBe(0);
    expect(stays).toEqual(Buffer.alloc(64, 2));
  });

  it('frees what a cipher puts out without waiting for the garbage collector', () => {
    const kept: Buffer[] = [];
    const releaser = new Releaser();
    const held = heldAfter((output) => {
      kept.push(output);
      releaser.release(output);
    });
    // They are kept, so that it is not the collector that frees them.
    expect(kept.every((output) => output.length === 0)).toBe(true);
    expect(held).toBeLessThan(10 * MIB);
    expect(heldAfter((output) => kept.push(output))).toBeGreaterThan(190 * MIB);
  });
});
