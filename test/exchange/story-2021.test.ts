import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { backupStore } from '#lpx/exchange/backup.js';
import { examineStore } from '#lpx/exchange/doctor.js';
import { checkProbe, writeProbe } from '#lpx/exchange/move-probe.js';
import { recoverFiles } from '#lpx/exchange/recover.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { load, OPERATOR, school } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

/** Days of work after the move. */
const DAYS = 17;
const MOVED = new Date('2021-09-05T09:00:00+08:00');
const day = (count: number) => new Date(MOVED.getTime() + count * 86_400_000);

/** What happened to a platform in September 2021, played again: a move, disks set up wrongly, work that no backup had, a restart. */
it('a move, seventeen days of loads and a lost disk: the gap is a number on day one, and students’ copies heal it', async () => {
  const parent = tempFolder();
  const contentOf = (i: number) => pdf(`certified work ${i}`);
  const store = await school(parent, '990001');
  /** The platform's export of a day: all records so far. */
  const loadDay = async (count: number) => {
    const records = Array.from({ length: count + 1 }, (_, i) =>
      courseResult(
        { createdAt: `2021-01-10 14:03:${String(i + 10)}`, certification: '1' },
        { bytes: contentOf(i), type: 'pdf', name: `作業${i}.pdf` },
      ),
    );
    const platform = join(parent, `platform-${count}`);
    writeExchangeFolder(platform, [smallPortfolio(records)]);
    await load(store, platform);
  };
  const examine = (now: Date) => withStore(store, (open) => examineStore(open, { quick: false, repair: false, now, operator: OPERATOR }));
  await loadDay(0);
  const repository = join(parent, 'backup');
  await withStore(store, (open) => backupStore(open, { folder: repository, recipients: [], now: MOVED, operator: OPERATOR }));
  await withStore(store, (open) => writeProbe(open, { now: MOVED, operator: OPERATOR }));

  // The move: the database is where it should be, the disk of the files is one that a restart empties.
  const disk = join(parent, 'disk-before');
  cpSync(join(store, 'attachments'), disk, { recursive: true });
  expect((await withStore(store, checkProbe)).faults).toEqual([]);

  await loadDay(1);
  const dayOne = await examine(day(1));
  expect(dayOne).toMatchObject({ error: undefined, gap: { records: 1 } });
  expect(dayOne.findings.map(({ code }) => code)).toContain('LPX_UNPROTECTED');
  for (let count = 2; count <= DAYS; count++) await loadDay(count);
  const dayLast = await examine(day(DAYS));
  expect(dayLast.gap.records).toBe(DAYS);
  expect(dayLast.findings.map(({ code }) => code)).toContain('LPX_BACKUP_OLD');

  // The restart: what was written since the move is gone.
  rmSync(join(store, 'attachments'), { recursive: true });
  cpSync(disk, join(store, 'attachments'), { recursive: true });
  const after = await examine(day(DAYS + 1));
  expect(after.error).toMatchObject({ code: 'LPX_STORE_UNSOUND', facts: { count: DAYS, total: 1 } });

  // The students have kept all but one of their files, under names of their own.
  const copies = join(parent, 'from-students');
  mkdirSync(copies);
  for (let i = 1; i < DAYS; i++) writeFileSync(join(copies, `IMG_${i}.bak`), contentOf(i));
  writeFileSync(join(copies, 'stranger.pdf'), pdf(`certified work ${DAYS}`.toUpperCase()));
  const result = await withStore(store, (open) =>
    recoverFiles(open, { paths: [copies], passwords: [], dryRun: false, now: day(DAYS + 2), operator: OPERATOR }),
  );
  expect([result.recovered.length, result.missing.length]).toEqual([DAYS - 1, 1]);
  const healed = await examine(day(DAYS + 3));
  expect(healed.error).toMatchObject({ facts: { count: 1, total: 1 } });
  await withStore(store, async (open) => {
    const [student] = await open.students();
    const records = (await open.student(student?.nationalId ?? ''))?.records ?? [];
    expect(records).toHaveLength(DAYS + 1);
    expect(records.every(({ record }) => (record.fields as { certification?: string }).certification === '1')).toBe(true);
  });
  expect(readdirSync(copies).every((name) => statSync(join(copies, name)).size > 0 && readFileSync(join(copies, name)).length > 0)).toBe(
    true,
  );
});
