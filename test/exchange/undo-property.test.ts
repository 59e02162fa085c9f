import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { LpxError } from '#lpx/errors.js';
import { importPackage } from '#lpx/exchange/import.js';
import { leaveSchool } from '#lpx/exchange/leave.js';
import { loadFolder } from '#lpx/exchange/load.js';
import { loadCourseCodes, loadSchools } from '#lpx/exchange/load-reference-data.js';
import { loadTable } from '#lpx/exchange/load-table.js';
import { pickItems, studentItems } from '#lpx/exchange/pick.js';
import { removeStudent } from '#lpx/exchange/remove.js';
import type { Store } from '#lpx/exchange/school-store.js';
import { undoEntry } from '#lpx/exchange/undo.js';
import type { RowTable } from '#lpx/store/table-rows.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { describeEngines, newStore } from '../support/postgres.js';
import fc from '../support/properties.js';
import { exportFrom, importRequest, LEFT, load, NOW, OPERATOR, school } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const BY = { now: NOW, operator: OPERATOR };
const RUNS = Number(process.env.LPX_UNDO_RUNS ?? 5);
const IDS = ['A800000014', 'B800000015'] as const;
const SETTLED: readonly RowTable[] = [
  'school',
  'students',
  'own_records',
  'received_records',
  'former_records',
  'picks',
  'course_codes',
  'known_schools',
];

/** Records by a number: of four, each in two forms. */
const ownRecord = (n: number) =>
  courseResult({ createdAt: `2021-01-1${n % 4} 10:00:00`, brief: `第${n}篇` }, { bytes: pdf(`own ${n}`), type: 'pdf', name: `${n}.pdf` });
const otherRecord = (n: number) =>
  courseResult(
    { createdAt: `2021-02-1${n % 4} 10:00:00`, brief: `他校${n}`, originSchoolCode: '990002', courseCode: '109990002H11101A1010101' },
    { bytes: pdf(`other ${n}`), type: 'pdf', name: `${n}.pdf` },
  );

let folder = '';
let packages: string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lpx-undo-'));
  packages = await Promise.all(
    [[0, 1], [1, 2], [4, 5], [3]].map(async (numbers, i) => {
      const parent = join(folder, String(i));
      mkdirSync(parent);
      const other = await school(parent, '990002');
      const nationalId = IDS[i === 3 ? 1 : 0];
      writeExchangeFolder(join(parent, 'platform'), [smallPortfolio(numbers.map(otherRecord), { schoolCode: '990002', nationalId })]);
      await load(other, join(parent, 'platform'));
      return (await exportFrom(other, join(parent, 'mail'), { nationalIds: [nationalId] })).zipFile;
    }),
  );
  return () => rmSync(folder, { recursive: true });
});

type Step =
  | { readonly does: 'load'; readonly who: number; readonly records: readonly number[]; readonly name: string }
  | { readonly does: 'import'; readonly which: number; readonly replace: boolean }
  | { readonly does: 'list'; readonly who: number; readonly seat: number }
  | { readonly does: 'pick'; readonly who: number; readonly odd: boolean; readonly years: number }
  | { readonly does: 'leave'; readonly who: number; readonly as: 'transferred' | 'here' }
  | { readonly does: 'remove'; readonly who: number }
  | { readonly does: 'codes' | 'schools'; readonly from: number; readonly name: string }
  | { readonly does: 'undo'; readonly back: number };

const who = fc.nat({ max: 1 });
const name = fc.constantFrom('林小禾', '林大禾');
const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('load'),
      who,
      records: fc.uniqueArray(fc.nat({ max: 7 }), { minLength: 1, maxLength: 4, selector: (n) => n % 4 }),
      name,
    } as const),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('import'), which: fc.nat({ max: 3 }), replace: fc.boolean() } as const) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('list'), who, seat: fc.nat({ max: 2 }) } as const) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('pick'), who, odd: fc.boolean(), years: fc.nat({ max: 1 }) } as const) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('leave'), who, as: fc.constantFrom('transferred', 'here') } as const) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('remove'), who } as const) },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('codes', 'schools'), from: fc.nat({ max: 2 }), name } as const) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('undo'), back: fc.nat({ max: 5 }) } as const) },
);

function written(parent: string, text: string): string {
  const file = join(parent, 'table.csv');
  writeFileSync(file, text);
  return file;
}

/** Carries a step out. */
async function take(store: Store, parent: string, step: Step): Promise<unknown> {
  switch (step.does) {
    case 'load': {
      const portfolio = smallPortfolio(step.records.map(ownRecord), { nationalId: IDS[step.who], name: step.name });
      writeExchangeFolder(join(parent, 'platform'), [portfolio]);
      return loadFolder(store, { path: join(parent, 'platform'), ...BY, confirmed: true });
    }
    case 'import':
      return importPackage(store, { ...importRequest(packages[step.which] as string), replace: step.replace, samePerson: true });
    case 'list':
      return loadTable(store, {
        path: written(parent, `身分證號,姓名,出生日期,班級,座號\n${IDS[step.who]},林小禾,2005/03/09,101,${step.seat}\n`),
        ...BY,
      });
    case 'pick': {
      const { items } = await studentItems(store, IDS[step.who] as string);
      const [pick, unpick] = [true, false].map((picks) =>
        items.filter((_, i) => (i % 2 === 0) === (step.odd === picks)).map(({ ref }) => ref),
      );
      return pickItems(
        store,
        [{ nationalId: IDS[step.who] as string, pick: pick ?? [], unpick: unpick ?? [], extendedYears: step.years }],
        BY,
      );
    }
    case 'leave':
      return leaveSchool(store, { nationalIds: [IDS[step.who] as string], as: step.as, on: LEFT, ...BY });
    case 'remove':
      return removeStudent(store, { who: IDS[step.who] as string, reason: '', ...BY });
    case 'codes':
      return loadCourseCodes(store, {
        path: written(
          parent,
          `課程代碼,科目名稱,學分\n${[0, 1].map((i) => `109990001H11101A101010${step.from + i},${step.name},444000\n`).join('')}`,
        ),
        ...BY,
      });
    case 'schools':
      return loadSchools(store, {
        path: written(parent, `學校代碼,學校名稱\n${[2, 3].map((i) => `99000${step.from + i},${step.name}\n`).join('')}`),
        ...BY,
      });
    case 'undo': {
      const entries = (await store.history()).filter(({ kind }) => kind !== 'init');
      const entry = entries[step.back];
      return entry && undoEntry(store, { id: entry.id, ...BY });
    }
  }
}

/** The settled rows of a store that are not softly removed, and what the readers make of them. */
async function seen(store: Store) {
  const rows: Record<string, unknown> = {};
  await store.readRows(async (reader) => {
    for (const table of SETTLED) {
      const present: unknown[] = [];
      for await (const some of reader.rows(table))
        present.push(...some.filter((row) => (row.removed_by ?? null) === null).map(withoutTally));
      rows[table] = present;
    }
  });
  return {
    rows,
    students: await store.students(),
    each: await Promise.all(IDS.map((id) => store.student(id))),
    roll: sorted([...(await store.rollOf(IDS))]),
    names: sorted([...(await store.names(IDS))]),
    shared: [...(await store.sharedFiles(IDS))].sort(),
    courses: sorted((await store.courses([0, 1, 2, 3].map((i) => `109990001H11101A101010${i}`))).listings),
    schools: sorted((await store.schools([2, 3, 4, 5].map((i) => `99000${i}`))).schools),
  };
}

/** What a student's row says of all records, softly removed ones among them, counts as a counter; the seal is over it, too. */
const withoutTally = (row: object) => ('holds' in row ? { ...row, holds: '', seal: '' } : row);

/** They come in no order. */
const sorted = (listings: readonly object[]) => listings.map((listing) => JSON.stringify(listing)).sort();

const lastOf = async (store: Store) => (await store.history())[0];

describeEngines('any course of things', (engine) => {
  it('is undone step by step, and redone, to exactly what was there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 3, maxLength: 9 }), async (steps) => {
        const parent = tempFolder();
        const { store } = await newStore(engine, parent);
        try {
          const done: { readonly id: number; readonly before: unknown; readonly after: unknown }[] = [];
          for (const step of steps) {
            const last = (await lastOf(store))?.id ?? 0;
            const before = await seen(store);
            await take(store, parent, step).catch((error) => {
              if (!(error instanceof LpxError)) throw error;
            });
            const entry = await lastOf(store);
            const after = await seen(store);
            for (const student of after.each)
              expect(new Set(student?.records.map(({ content }) => content)).size).toBe(student?.records.length ?? 0);
            const isOne = entry && entry.id > last && !(entry.kind === 'import' && entry.state !== 'done');
            if (isOne) done.push({ id: entry.id, before, after });
            else expect(after).toEqual(before);
          }
          const undone: number[] = [];
          for (const { id, before } of [...done].reverse()) {
            undone.push((await undoEntry(store, { id, ...BY })).historyId);
            expect(await seen(store)).toEqual(before);
          }
          for (const [i, id] of [...undone].reverse().entries()) {
            await undoEntry(store, { id, ...BY });
            expect(await seen(store)).toEqual(done[i]?.after);
          }
        } finally {
          await store.close();
        }
      }),
      { numRuns: RUNS },
    );
  });
});
