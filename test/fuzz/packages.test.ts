/**
 * Packages with random damage: 2,000 (3,000 in CI), or as many as `LPX_FUZZ_CASES` says, with a seed that never changes
 * unless `LPX_FUZZ_SEED` does. A failure names the seed of its case.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { CATALOGUE, errorOf, LpxError } from '#lpx/errors.js';
import { importPackage } from '#lpx/exchange/import.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { errorOfReport } from '#lpx/exchange/verify.js';
import type { Store } from '#lpx/store/store.js';
import { HOSTILE_ARCHIVES } from '../fixtures/hostile.js';
import { HOSTILE_DOCUMENTS } from '../fixtures/hostile-documents.js';
import { oddArchives } from '../fixtures/odd.js';
import { Chance, mutated, mutatedJson } from '../support/mutations.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { SEED } from '../support/properties.js';
import { contentOf, exportFrom, importRequest, load, PASSWORD, school, sign } from '../support/schools.js';
import { smallPortfolio } from '../support/small-portfolio.js';
import { rawZip, type TestEntry, written } from '../support/zips.js';

const CASES = Number(process.env.LPX_FUZZ_CASES ?? 2000);
/** No package this small may take more CPU time, in ms. */
const HANG_MS = 5000;
const REFUSALS: readonly number[] = [3, 4, 5, 6, 7];

let folder = '';
/** Packages of lpx and other tools, odd ones, hostile ones: a case takes one of a group. */
let seeds: Buffer[][] = [];
let entries: TestEntry[] = [];
let name = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lpx-fuzz-'));
  writeExchangeFolder(join(folder, 'platform'), [smallPortfolio()]);
  const store = await school(folder, '990001');
  await load(store, join(folder, 'platform'));
  const made = [];
  for (const encryption of ['aes256', 'zipcrypto'] as const)
    made.push((await exportFrom(store, join(folder, encryption), { encryption })).zipFile);
  const archives: Buffer[] = made.map((file) => readFileSync(file));
  for (const [, make] of HOSTILE_DOCUMENTS) archives.push(await written(make(0.01), 'aes256', PASSWORD));
  name = basename(made[0] as string);
  entries = await contentOf(made[0] as string);
  // Archives of other tools have no seal: their headers say whatever the damage says.
  archives.push(rawZip(entries, PASSWORD));
  const odd = oddArchives(entries).map(({ make }) => make());
  const hostile = await Promise.all(HOSTILE_ARCHIVES.map(({ make }) => make()));
  const plain = join(folder, 'plain');
  for (const { name, content } of entries) {
    mkdirSync(dirname(join(plain, name)), { recursive: true });
    writeFileSync(join(plain, name), content);
  }
  for (const method of ['AES256', 'ZipCrypto']) {
    const file = join(folder, `7zz-${method}.zip`);
    const packed = execaSync('7zz', ['a', '-tzip', `-mem=${method}`, `-p${PASSWORD}`, file, '.'], {
      cwd: plain,
      env: { LC_ALL: 'C.UTF-8' },
      reject: false,
    });
    if (!packed.failed) archives.push(readFileSync(file));
  }
  seeds = [archives, archives, odd, hostile];
  return () => rmSync(folder, { recursive: true });
});

/** The package of a case. */
async function packageOf(chance: Chance): Promise<Buffer> {
  if (chance.below(4) > 0) return mutated(chance.of(chance.of(seeds)), chance);
  const spoilt = chance.below(entries.length);
  const changed = entries.map((entry, i) =>
    i === spoilt && entry.deflate ? { ...entry, content: Buffer.from(mutatedJson(JSON.parse(entry.content.toString()), chance)) } : entry,
  );
  return written(changed, chance.of(['aes256', 'zipcrypto']), PASSWORD);
}

describe('a package with random damage', () => {
  it(`is imported or refused with a code of the contract, ${CASES} times: no internal error, no hang, nothing outside, nothing half done`, async () => {
    const inbox = join(folder, 'inbox');
    mkdirSync(inbox);
    const zipFile = join(inbox, name);
    const wrong: string[] = [];
    const codes = new Map<string, number>();
    let open = 0;
    for (let done = 0; done < CASES && wrong.length < 10; ) {
      const to = await school(join(folder, `round-${open++}`), '990002');
      await withStore(to, async (store) => {
        for (; done < CASES && wrong.length < 10; done++) {
          const seed = SEED + done;
          writeFileSync(zipFile, await packageOf(new Chance(seed)));
          sign(zipFile);
          const started = process.cpuUsage();
          const { code, outcome } = await attempt(store, zipFile);
          codes.set(code, (codes.get(code) ?? 0) + 1);
          const { user, system } = process.cpuUsage(started);
          if (user + system > 1000 * HANG_MS) wrong.push(`seed ${seed}: took ${Math.round((user + system) / 1000)} ms`);
          if (outcome === 'imported') {
            done++;
            return;
          }
          const exitCode = CATALOGUE[code as keyof typeof CATALOGUE].exit;
          if (!REFUSALS.includes(exitCode)) wrong.push(`seed ${seed}: ${code}`);
          if ((await store.students()).length > 0) wrong.push(`seed ${seed}: a student was let in`);
          if (readdirSync(join(store.folder, 'attachments')).length > 0) wrong.push(`seed ${seed}: files were left`);
        }
      });
      rmSync(join(folder, `round-${open - 1}`), { recursive: true });
    }
    expect(wrong).toEqual([]);
    expect(readdirSync(inbox).sort()).toEqual([name, `${name}.md5`]);
    expect(existsSync('/tmp/evil')).toBe(false);
    // Damage of every kind was met, and some of it harmless.
    expect(codes.size).toBeGreaterThan(8);
    if (process.env.LPX_FUZZ_SEED) console.log(Object.fromEntries(codes));
  });
});

async function attempt(store: Store, zipFile: string): Promise<{ code: string; outcome: string }> {
  try {
    const { outcome, report, conflicts } = await importPackage(store, importRequest(zipFile));
    return { outcome, code: (errorOfReport(report) ?? errorOf(conflicts))?.code ?? 'none' };
  } catch (error) {
    return { outcome: 'thrown', code: error instanceof LpxError ? error.code : `fault: ${(error as Error).stack?.slice(0, 300)}` };
  }
}
