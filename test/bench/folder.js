/** Writes students with many files as a school's platform would hand them over. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nationalIdKind } from '../../dist/spec/identifiers/national-id.js';
import { identityOf } from '../../dist/spec/identity.js';
import { documentFromPortfolios, LISTS } from '../../dist/spec/portfolio.js';
import { createStore, createStoreOfRows } from '../../dist/store/open.js';
import { sealed } from '../../dist/store/seal.js';
import { ROW_TABLES } from '../../dist/store/table-rows.js';

const defaultFields = (list) =>
  Object.fromEntries(
    LISTS.find((one) => one.name === list)
      .properties.filter((property) => !property.role)
      .map((property) => [property.name, property.whenAbsent]),
  );

/**
 * @param students each with the id and course results of one
 * @param records of each student: the fields, and the bytes of one pdf
 */
export function writeFolder(folder, { schoolCode, students }) {
  mkdirSync(folder, { recursive: true });
  const portfolios = [];
  for (const { nationalId, records } of students) {
    const of = join(nationalId, '課程學習成果');
    mkdirSync(join(folder, of), { recursive: true });
    const linked = records.map(({ fields, bytes }, i) => {
      const link = `${of}/C${String(i + 1).padStart(2, '0')}.pdf`;
      writeFileSync(join(folder, link), bytes);
      const md5 = createHash('md5').update(bytes).digest('hex');
      return { list: 'courseResults', fields, extras: {}, document: { link, md5 }, media: null };
    });
    portfolios.push({ basicData: basicDataOf(nationalId, schoolCode), extras: {}, records: linked });
  }
  writeFileSync(join(folder, `${schoolCode}.json`), JSON.stringify(documentFromPortfolios(portfolios)));
}

/**
 * Certified course results of school 990001, for `writeFolder`. No two files are alike, or the store would keep one of them: `of` parts
 * those of several students.
 */
export const courseResults = (count, noise, of = '') =>
  Array.from({ length: count }, (_, i) => {
    const start = Buffer.from(`%PDF-1.4\n${of}${String(i).padStart(4)}`);
    return {
      fields: {
        ...defaultFields('courseResults'),
        originSchoolCode: '990001',
        academicYear: 109,
        semester: 1,
        courseCode: '109990001H11101A1010101',
        subjectName: `科目${i}`,
        brief: '簡述',
        certification: '1',
        uploadTerm: '1091',
        createdAt: `2021-01-10 14:03:${String(i).padStart(2, '0')}`,
      },
      bytes: Buffer.concat([start, noise.subarray(start.length)]),
    };
  });

/**
 * Makes a receiving school of many students, none of whom a package has. The first is added as lpx does; rows like that student's, with
 * their seals, are put in for the others, many at a time.
 * @param attachments of a store in a database: the folder below which they get a place
 */
export async function fillStore(location, nationalIds, recordsEach, attachments) {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-bench-first-'));
  const first = await createStore(join(folder, 'store'), { school: { code: '990002', name: '' } });
  await addStudents(first, nationalIds.slice(0, 1), recordsEach);
  const { rows, schemaVersion } = await first.readRows(async (reader) => ({
    rows: await rowsIn(reader),
    schemaVersion: await reader.schemaVersion(),
  }));
  const wanted = { school: first.school, schemaVersion, attachments, madeBy: '' };
  const store = await createStoreOfRows(location, wanted, async (writer) => {
    for (const table of ROW_TABLES) {
      if (table !== 'students' && table !== 'own_records') await writer.insert(table, rows[table]);
      else
        for (let from = 0; from < nationalIds.length; from += AT_ONCE) {
          const some = nationalIds.slice(from, from + AT_ONCE).map((nationalId, i) => likeFirst(rows, nationalId, from + i + 1));
          await writer.insert(
            table,
            some.flatMap(({ student, records }) => (table === 'students' ? [student] : records)),
          );
        }
    }
  });
  await store.publish();
  await store.close();
  await first.close();
  rmSync(folder, { recursive: true });
}

/** Students whose rows are put in at a time. */
const AT_ONCE = 1000;

async function rowsIn(reader) {
  const rows = {};
  for (const table of ROW_TABLES) {
    rows[table] = [];
    for await (const page of reader.rows(table)) rows[table].push(...page);
  }
  return rows;
}

/** The rows of another student with the same records. */
function likeFirst({ students: [first], own_records: firstRecords }, nationalId, id) {
  const records = firstRecords.map((record, i) =>
    sealed('own_records', {
      ...record,
      id: (id - 1) * firstRecords.length + i + 1,
      student_id: id,
      record_key: `${nationalId} ${i}`,
    }),
  );
  const held = records.map(({ id: recordId, seal }) => JSON.stringify(['own_records', recordId, seal])).sort();
  const student = sealed('students', {
    ...first,
    id,
    national_id: nationalId,
    basic_data: JSON.stringify(basicDataOf(nationalId, '990002')),
    holds: held.length > 0 ? createHash('sha256').update(held.join('\n')).digest('hex') : '',
  });
  return { student, records };
}

async function addStudents(store, nationalIds, recordsEach) {
  await store.change(async (change) => {
    const historyId = await change.addHistory({ kind: 'load', at: new Date(), file: 'bench', bytes: 0, operator: '' });
    const record = { list: 'courseResults', fields: defaultFields('courseResults'), extras: {}, document: null, media: null };
    for (const nationalId of nationalIds) {
      const student = await change.addStudent(basicDataOf(nationalId, '990002'), {});
      const records = Array.from({ length: recordsEach }, (_, i) => ({ ...identityOf(record), key: `${nationalId} ${i}`, record }));
      await change.addRecords(student.id, 'own', historyId, records);
    }
    return { keep: true, result: undefined };
  });
}

const basicDataOf = (nationalId, schoolCode) => ({
  schoolCode,
  unitCode: '000000000',
  academicYear: 109,
  semester: 1,
  nationalId,
  name: '林小禾',
  birthDate: '2005/03/09',
});

/** Made-up ids of the series A8, from the `start`th on. */
export function nationalIds(count, start = 0) {
  const ids = [];
  for (let n = 0; ids.length < start + count; n++) {
    const id = `A8${String(n).padStart(8, '0')}`;
    if (nationalIdKind(id) !== 'other') ids.push(id);
  }
  return ids.slice(start);
}
