/** Writes students with many files as a school's platform would hand them over. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nationalIdKind } from '../../dist/spec/identifiers/national-id.js';
import { documentFromPortfolios, LISTS } from '../../dist/spec/portfolio.js';

export const defaultFields = (list) =>
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

export const basicDataOf = (nationalId, schoolCode) => ({
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
