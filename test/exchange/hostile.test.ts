import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { errorOfReport } from '#lpx/exchange/verify.js';
import { HOSTILE_ARCHIVES, type Hostile, hostilePackages, PASSWORD } from '../fixtures/hostile.js';
import { contentOf, exportFrom, importTo, school, sign, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { put, type TestEntry } from '../support/zips.js';

async function sampleContent(): Promise<TestEntry[]> {
  const folder = tempFolder();
  const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'), { password: PASSWORD, weakPassword: true });
  return contentOf(zipFile, PASSWORD);
}

/** Imports a hostile package into a folder of its own. @returns what it was refused with, and what it left behind */
async function attempt({ make }: Hostile): Promise<{ code: string; left: string[]; students: number }> {
  const folder = tempFolder();
  mkdirSync(join(folder, 'mail'));
  const zipFile = put(join(folder, 'mail', '990001_2021_01_21_09_00_00.zip'), await make());
  sign(zipFile);
  const store = await school(folder, '990002');
  const before = new Set(readdirSync(folder, { recursive: true }).map(String));
  const { outcome, report } = await importTo(store, zipFile, { password: PASSWORD });
  const left = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => !before.has(name) && !/lpx\.sqlite/.test(name));
  const students = (await withStore(store, (open) => open.students())).length;
  return { code: outcome === 'refused' ? (errorOfReport(report)?.code ?? 'none') : outcome, left, students };
}

describe('a hostile or broken package', () => {
  it('of every kind is refused with its code; nothing is imported, and nothing written', async () => {
    const corpus = [...HOSTILE_ARCHIVES, ...hostilePackages(await sampleContent())];
    expect(corpus.length).toBeGreaterThanOrEqual(80);
    const wrong: unknown[] = [];
    for (const hostile of corpus) {
      const { code, left, students } = await attempt(hostile);
      if (code !== hostile.code || left.length > 0 || students > 0)
        wrong.push({ fault: hostile.fault, expected: hostile.code, code, left, students });
    }
    expect(wrong).toEqual([]);
    expect(existsSync('/tmp/etc')).toBe(false);
  });
});
