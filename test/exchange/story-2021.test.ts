/**
 * In September 2021 a platform of this field was moved to another machine room; its disks were set up wrongly; what seventeen days
 * had brought was in no backup and was lost at a restart. 93 % came back from the students' own copies. Played with small numbers.
 */
import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { backupStore } from '#lpx/exchange/backup.js';
import { examineStore } from '#lpx/exchange/doctor.js';
import { writeStudentFiles } from '#lpx/exchange/files.js';
import { loadFolder } from '#lpx/exchange/load.js';
import { checkProbe, writeProbe } from '#lpx/exchange/move-probe.js';
import { recoverFiles } from '#lpx/exchange/recover.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { madeIds } from '../support/batches.js';
import { contentsOf, holdsExactly } from '../support/heaps.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { OPERATOR, school, studentIn } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const day = (date: string) => new Date(`${date}T17:00:00+08:00`);
const DAYS = Array.from({ length: 17 }, (_, i) => day(`2021-09-${String(5 + i).padStart(2, '0')}`));
const [FIRST_DAY, LAST_DAY] = [DAYS[0] as Date, DAYS[16] as Date];

it('the loss of September 2021: seen on day one, healed by the students’ own copies, and what stays missing is named', async () => {
  const folder = tempFolder();
  const [OLD, ...students] = madeIds(18) as [string, ...string[]];
  let store = await school(folder, '990001');
  const load = async (nationalId: string, count: number, now: Date) => {
    const platform = join(folder, 'platform', nationalId);
    const records = Array.from({ length: count }, (_, i) =>
      courseResult(
        { createdAt: `2021-08-20 10:00:0${i}`, subjectName: `科目${i}` },
        { bytes: pdf(`${nationalId} ${i}`), type: 'pdf', name: `成果${i}.pdf` },
      ),
    );
    writeExchangeFolder(platform, [smallPortfolio(records, { nationalId, name: `學生${nationalId.slice(-2)}` })]);
    await withStore(store, (open) => loadFolder(open, { path: platform, now, operator: OPERATOR }));
  };
  const examine = (now: Date) => withStore(store, (open) => examineStore(open, { quick: false, repair: false, now, operator: OPERATOR }));
  const count = (codes: readonly { readonly code: string }[], code: string) => codes.filter((finding) => finding.code === code).length;

  // Until September, with a backup; then the move.
  await load(OLD, 4, day('2021-08-31'));
  const backup = join(folder, 'backup');
  await withStore(store, (open) =>
    backupStore(open, {
      folder: backup,
      recipients: [],
      identities: undefined,
      keep: undefined,
      now: day('2021-09-03'),
      operator: OPERATOR,
    }),
  );
  await withStore(store, (open) => writeProbe(open, { now: day('2021-09-04'), operator: OPERATOR }));
  cpSync(store, join(folder, 'new-room'), { recursive: true });
  store = join(folder, 'new-room');
  expect(await withStore(store, (open) => checkProbe(open, 0))).toMatchObject({ since: 0, faults: [] });

  // Seventeen days of work, which no backup holds: the doctor says so from the first one on.
  const before = [...(await contentsOf(store)).keys()];
  const copies = join(folder, 'copies');
  for (const [i, now] of DAYS.entries()) {
    await load(students[i] as string, i === 16 ? 4 : 6, now);
    if (i === 0) {
      const { gap, findings, error } = await examine(FIRST_DAY);
      expect([gap?.records, gap?.since, count(findings, 'LPX_UNPROTECTED'), error]).toEqual([6, FIRST_DAY, 1, undefined]);
    }
    const listing = () => ({ name: '檔案清單.csv', content: Buffer.from('') });
    const request = { who: students[i] as string, picked: false, manifest: true, outFolder: copies, listing, now, operator: OPERATOR };
    const { folder: copy, files } = await withStore(store, (open) => writeStudentFiles(open, request));
    // Some students did not keep all of it; others renamed what they kept.
    if (i < 7) rmSync(join(copy, files[0]?.path ?? ''));
    for (const [j, { path }] of files.entries()) if (i % 2 === 1 && j > 0) renameSync(join(copy, path), join(copy, `掃描${j}`));
  }
  expect((await examine(LAST_DAY)).gap?.records).toBe(100);

  // The restart: what lay on the wrong disk is gone.
  const all = await contentsOf(store);
  const lost = [...all.keys()].filter((sha256) => !before.includes(sha256));
  await withStore(store, async ({ attachments }) => {
    for (const sha256 of lost) rmSync(attachments.locationOf(sha256));
  });
  const examined = await examine(LAST_DAY);
  expect([lost.length, count(examined.findings, 'LPX_ATTACHMENT_LOST'), examined.hurt]).toEqual([100, 100, [...students].sort()]);
  expect([examined.error?.code, examined.error?.exitCode]).toEqual(['LPX_STORE_UNSOUND', 5]);

  // 93 of 100 come back, certified as they were; the others are named.
  const recordsOf = async () => (await Promise.all(students.map((id) => studentIn(store, id)))).flatMap(({ records }) => records);
  const records = await recordsOf();
  const recover = (path: string) =>
    withStore(store, (open) =>
      recoverFiles(open, { paths: [path], passwords: [], dryRun: false, now: day('2021-09-22'), operator: OPERATOR }),
    );
  const { lacking, contents, missing } = await recover(copies);
  expect([lacking, contents]).toEqual([100, 93]);
  expect(missing.map(({ nationalId, title, name }) => [nationalId, title, name])).toEqual(
    [...students.slice(0, 7)].sort().map((id) => [id, '科目0', '成果0.pdf']),
  );
  expect(await recordsOf()).toEqual(records);
  expect(records.every(({ record: { fields } }) => 'certification' in fields && fields.certification === '1')).toBe(true);
  const gone = new Set(missing.map(({ sha256 }) => sha256));
  expect(
    await holdsExactly(
      store,
      [...all.keys()].filter((sha256) => !gone.has(sha256)),
    ),
  ).toBe(true);
  expect((await examine(day('2021-09-22'))).hurt).toEqual([...students.slice(0, 7)].sort());
  // No backup has them: that was the gap.
  expect(await recover(backup)).toMatchObject({ contents: 0, lacking: 7 });
});
