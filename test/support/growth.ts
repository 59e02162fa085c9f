/** How the work on an input grows with it. */
import { expect } from 'vitest';

/** Twice the input may cost so many times the CPU time. */
const MOST = 2.5;
/** Shorter runs are noise; milliseconds of CPU time. */
const NOISE = 40;
const TRIES = 5;

/**
 * Expects that work on an input of twice the size costs at most 2.5 times the CPU time.
 * @param work is given the size
 */
export function expectLinear(work: (size: number) => void, size: number): void {
  let best = Number.POSITIVE_INFINITY;
  // Other work on the machine may slow one down, but not every one.
  for (let i = 0; i < TRIES && best > MOST; i++) {
    const [once, twice] = [cpuTime(() => work(size)), cpuTime(() => work(2 * size))];
    if (twice < NOISE) return;
    best = Math.min(best, twice / Math.max(once, 1));
  }
  expect(best, `CPU time of twice ${size} to that of ${size}`).toBeLessThanOrEqual(MOST);
}

function cpuTime(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
