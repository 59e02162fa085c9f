import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

/** A folder of this test's own, gone when it ends. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder for all tests of a file, gone when the last of them has ended. */
export function keptFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
