import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readAll } from '#lpx/package/attachments.js';

const FILES = Array.from({ length: 21 }, (_, i) => i);
const together = { most: 8, least: 2 };

/** Reads numbers as their text, and remembers the groups; a group that `fails` picks fails. */
function reader(threads: number, fails: (group: readonly number[]) => boolean = () => false) {
  const groups: (readonly number[])[] = [];
  const ended: (readonly number[])[] = [];
  const read = async (group: readonly number[]) => {
    groups.push(group);
    // The later a group begins, the sooner it ends.
    await setTimeout(20 / groups.length);
    ended.push(group);
    if (fails(group)) throw new Error('cannot be read');
    return group.map(String);
  };
  return { together, threads, read, groups, ended };
}

describe('files read in groups', () => {
  it.each([1, 2, 3])('come back in their order, whichever group ends first, with %d threads', async (threads) => {
    const reading = reader(threads);
    expect(await readAll(FILES, reading)).toEqual(FILES.map(String));
    expect(reading.groups.flat()).toEqual(FILES);
    expect(await readAll([], reading)).toEqual([]);
  });

  it('go in smaller groups towards the end, so that threads end together', async () => {
    const reading = reader(2);
    await readAll(FILES, reading);
    expect(reading.groups.map(({ length }) => length)).toEqual([8, 7, 3, 2, 1]);
  });

  it('are left when one cannot be read, but for the groups begun, which end before it is reported', async () => {
    const reading = reader(2, (group) => group.includes(8));
    await expect(readAll(FILES, reading)).rejects.toThrow('cannot be read');
    expect(reading.ended.length).toBe(reading.groups.length);
    expect(reading.groups.length).toBeLessThan(5);
  });
});
