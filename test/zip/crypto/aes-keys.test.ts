import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AES_256, KeyTable, newKeyMemory } from '#lpx/zip/crypto/aes-keys.js';
import { deriveAesKey, saltBytes } from '#lpx/zip/crypto/winzip-aes.js';
import { Arenas } from '#lpx/zip/simd/arena.js';

const password = Buffer.from('Sample-Pass-2021');
const expected = (salt: Buffer) => deriveAesKey(password, salt, AES_256);

/** Takes all keys, each after as many were derived ahead as `ahead` says. */
function takenAll(count: number, ahead: (entry: number) => number) {
  const memory = newKeyMemory(count, randomBytes);
  const [here, there] = [new KeyTable(memory, password, new Arenas()), new KeyTable(memory, password, new Arenas())];
  return Array.from({ length: count }, (_, entry) => {
    for (let i = 0; i < ahead(entry); i++) there.deriveAhead();
    return here.take();
  });
}

describe('a table of keys', () => {
  it.each([
    ['nobody derives ahead', 7, () => 0],
    ['all are derived ahead', 8, () => 10],
    ['two threads meet on the way', 9, (entry: number) => entry % 2],
  ] as const)('gives every entry the keys of its own salt when %s', (_, count, ahead) => {
    const taken = takenAll(count, ahead);
    expect(new Set(taken.map(({ salt }) => salt.toString('hex'))).size).toBe(count);
    for (const { salt, keys } of taken) {
      expect(salt.length).toBe(saltBytes(AES_256));
      expect(keys).toEqual(expected(salt));
    }
  });

  it('has nothing left to derive ahead once all is derived or taken, and says how much is left to take', () => {
    const memory = newKeyMemory(5, randomBytes);
    const [here, there] = [new KeyTable(memory, password, new Arenas()), new KeyTable(memory, password, new Arenas())];
    here.take();
    let derived = 0;
    while (there.deriveAhead()) derived++;
    expect(derived).toBe(2);
    expect(here.left).toBe(4);
  });
});
