import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Choice, pickItems, studentItems } from '#lpx/exchange/pick.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { readPicks } from '#lpx/roster/lists.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { exportFrom, importTo, load, NOW, OPERATOR, school, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

const courses = (count: number, fields: object = {}) =>
  Array.from({ length: count }, (_, i) =>
    courseResult(
      { createdAt: `2021-01-10 14:${String(Math.floor(i / 60)).padStart(2, '0')}:${String(i % 60).padStart(2, '0')}`, ...fields },
      {
        bytes: pdf(`${JSON.stringify(fields)}${i}`),
        type: 'pdf',
        name: '報告.pdf',
      },
    ),
  );
const ofYear = (year: number, count: number) => courses(count, { uploadTerm: `${year}1`, academicYear: year });

async function schoolWith(records = courses(8)): Promise<string> {
  const folder = tempFolder();
  const store = await school(folder, '990001');
  writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(records)]);
  await load(store, join(folder, 'platform'));
  return store;
}
const choose = (store: string, choice: Partial<Choice>) =>
  withStore(store, (open) => pickItems(open, [{ nationalId: TRANSFER_STUDENT, pick: [], unpick: [], ...choice }], BY));
const states = async (store: string) =>
  (await withStore(store, (open) => studentItems(open, TRANSFER_STUDENT))).items.map(({ ref, state }) => [ref, state]);
const picked = async (store: string) => (await states(store)).filter(([, state]) => state === 'picked').map(([ref]) => ref);

const BY = { now: NOW, operator: OPERATOR };

describe('a student’s choice', () => {
  it('is recorded, is the same again when repeated, and can be taken back', async () => {
    const store = await schoolWith();
    expect(await choose(store, { pick: ['O1', 'o3', 'O1'] })).toMatchObject([{ picked: ['O1', 'O3'], unpicked: [] }]);
    expect(await choose(store, { pick: ['O1'] })).toMatchObject([{ picked: [], unpicked: [] }]);
    expect(await picked(store)).toEqual(['O1', 'O3']);
    expect(await choose(store, { unpick: ['O3', 'O4'] })).toMatchObject([{ picked: [], unpicked: ['O3'] }]);
    expect(await picked(store)).toEqual(['O1']);
  });

  it('outlives a new load of the record it is of', async () => {
    const store = await schoolWith();
    await choose(store, { pick: ['O2'] });
    const folder = tempFolder();
    const changed = courses(8).map((record, i) => (i === 1 ? { ...record, fields: { ...record.fields, brief: '改過的簡述' } } : record));
    writeExchangeFolder(folder, [smallPortfolio(changed as never)]);
    await load(store, folder);
    expect(await picked(store)).toEqual(['O2']);
  });

  it('of six is the most of a school year; a seventh is refused, and none of that choice is recorded', async () => {
    const store = await schoolWith();
    await choose(store, { pick: ['O1', 'O2', 'O3', 'O4', 'O5'] });
    await expect(choose(store, { pick: ['O6', 'O7'] })).rejects.toMatchObject({
      code: 'LPX_PICK_OVER',
      facts: { half: 'courseResults', year: 109, count: 7, limit: 6 },
    });
    expect(await picked(store)).toEqual(['O1', 'O2', 'O3', 'O4', 'O5']);
    await choose(store, { pick: ['O6', 'O7'], unpick: ['O1'] });
    expect(await picked(store)).toEqual(['O2', 'O3', 'O4', 'O5', 'O6', 'O7']);
  });

  it('is held to eighteen in all, more when the study is lengthened, and not fewer than are picked', async () => {
    const store = await schoolWith([108, 109, 110, 111].flatMap((year) => ofYear(year, 6)));
    const refs = Array.from({ length: 24 }, (_, i) => `O${i + 1}`);
    await choose(store, { pick: refs.slice(0, 18) });
    await expect(choose(store, { pick: refs.slice(18, 19) })).rejects.toMatchObject({
      code: 'LPX_PICK_OVER_TOTAL',
      facts: { count: 19, limit: 18 },
    });
    await choose(store, { pick: refs.slice(18), extendedYears: 1 });
    expect(await picked(store)).toEqual(refs);
    await expect(choose(store, { extendedYears: 0 })).rejects.toMatchObject({ code: 'LPX_PICK_OVER_TOTAL' });
  });

  it.each([
    ['that the teacher has not certified', { certification: '2' }, 'uncertified'],
    ['that was submitted before', { submittedTerm: '1091' }, 'submitted'],
  ])('of a course result %s is refused', async (_, fields, reason) => {
    const store = await schoolWith(courses(1, fields));
    await expect(choose(store, { pick: ['O1'] })).rejects.toMatchObject({
      code: 'LPX_PICK_UNFIT',
      facts: { reason },
      place: { ref: 'O1', title: '國語文' },
    });
  });

  it('of what the student does not have is refused', async () => {
    const store = await schoolWith();
    for (const ref of ['O99', 'R1', 'x', ''])
      await expect(choose(store, { pick: [ref] })).rejects.toMatchObject({ code: 'LPX_PICK_UNKNOWN', facts: { ref } });
    await expect(choose(store, { nationalId: 'B800000015', pick: ['O1'] })).rejects.toMatchObject({ code: 'LPX_NOT_IN_STORE' });
  });

  it('of several students is recorded whole or not at all', async () => {
    const store = await schoolWith();
    const choices = [
      { nationalId: TRANSFER_STUDENT, pick: ['O1'], unpick: [] },
      { nationalId: 'B800000015', pick: ['O1'], unpick: [] },
    ];
    await expect(withStore(store, (open) => pickItems(open, choices, BY))).rejects.toMatchObject({ code: 'LPX_NOT_IN_STORE' });
    expect(await picked(store)).toEqual([]);
  });
});

describe('what another school sent', () => {
  const arrived = async (fields: object, at = NOW) => {
    const folder = tempFolder();
    const from = await school(folder, '990001');
    writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(courses(4, fields))]);
    await load(from, join(folder, 'platform'));
    const { zipFile } = await exportFrom(from, join(folder, 'mail'), { force: true });
    const to = await school(folder, '990002');
    await importTo(to, zipFile, { now: at });
    return to;
  };

  it('counts towards the limits like the school’s own, and is picked under its reference', async () => {
    const store = await arrived({});
    const folder = tempFolder();
    writeExchangeFolder(folder, [smallPortfolio(courses(4, { originSchoolCode: '990002' }), { schoolCode: '990002' })]);
    await load(store, folder);
    await choose(store, { pick: ['R1', 'R2', 'R3', 'R4', 'O1', 'O2'] });
    await expect(choose(store, { pick: ['O3'] })).rejects.toMatchObject({ code: 'LPX_PICK_OVER' });
    expect(await picked(store)).toHaveLength(6);
  });

  it('with a term of submission within the year it came in was ticked, not submitted: it is picked here', async () => {
    const store = await arrived({ submittedTerm: '1091' });
    expect((await states(store)).map(([, state]) => state)).toEqual(Array(4).fill('open'));
  });

  it('with a term of submission of a year that was over was submitted there: it counts, and is not picked again', async () => {
    const store = await arrived({ submittedTerm: '1091' }, new Date(2021, 8, 1));
    expect((await states(store)).map(([, state]) => state)).toEqual(Array(4).fill('submitted'));
  });
});

describe('a list of choices', () => {
  const read = (text: string) => {
    const file = join(tempFolder(), 'choices.csv');
    writeFileSync(file, text);
    return readPicks(file);
  };

  it('is read with or without titles, a student’s lines together', async () => {
    expect(await read('身分證號,編號\nA800000014,O1\nB800000015,R2\nA800000014,O3\n')).toEqual([
      { nationalId: 'A800000014', refs: ['O1', 'O3'] },
      { nationalId: 'B800000015', refs: ['R2'] },
    ]);
  });

  it('names its wrong rows', async () => {
    await expect(read('A800000014,O1\nA800000014,7\n')).rejects.toMatchObject({
      code: 'LPX_TABLE_ROW',
      place: { row: 1 },
      facts: { column: 'reference' },
    });
    await expect(read('身分證號,編號\n')).rejects.toMatchObject({ code: 'LPX_TABLE_EMPTY' });
  });
});
