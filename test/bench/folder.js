/** Writes a student with many files as a school's platform would hand them over. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { documentFromPortfolios, LISTS } from '#lpx/spec/portfolio.js';

export const defaultFields = (list) =>
  Object.fromEntries(
    LISTS.find((one) => one.name === list)
      .properties.filter((property) => !property.role)
      .map((property) => [property.name, property.whenAbsent]),
  );

/** @param records course results, each with its fields and the bytes of one pdf */
export function writeFolder(folder, { nationalId, schoolCode, records }) {
  const linked = records.map(({ fields, bytes }, i) => {
    const link = `${nationalId}/課程學習成果/C${String(i + 1).padStart(2, '0')}.pdf`;
    mkdirSync(dirname(join(folder, link)), { recursive: true });
    writeFileSync(join(folder, link), bytes);
    return {
      list: 'courseResults',
      fields,
      extras: {},
      document: { link, md5: createHash('md5').update(bytes).digest('hex') },
      media: null,
    };
  });
  const basicData = {
    schoolCode,
    unitCode: '000000000',
    academicYear: 109,
    semester: 1,
    nationalId,
    name: '林小禾',
    birthDate: '2005/03/09',
  };
  writeFileSync(join(folder, `${schoolCode}.json`), JSON.stringify(documentFromPortfolios([{ basicData, extras: {}, records: linked }])));
}
