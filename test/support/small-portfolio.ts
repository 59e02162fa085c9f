import { LISTS } from '#lpx/spec/generated/wire-table.js';
import type { MadePortfolio, MadeRecord } from './portfolios.js';
import { TRANSFER_STUDENT } from './schools.js';

/** The fields of a record as the wire's defaults fill them. */
export const defaultsOf = (list: string): Record<string, unknown> =>
  Object.fromEntries(
    (LISTS.find((candidate) => candidate.name === list)?.properties ?? [])
      .filter((property) => !property.role)
      .map((property) => [property.name, property.whenAbsent]),
  );

export const pdf = (body: string | Uint8Array) => Buffer.concat([Buffer.from('%PDF-1.4\n'), Buffer.from(body)]);

/** A certified course result of school 990001. */
export const courseResult = (
  fields: object = {},
  document: MadeRecord['document'] = { bytes: pdf('x'), type: 'pdf', name: '報告.pdf' },
): MadeRecord =>
  ({
    list: 'courseResults',
    fields: {
      ...defaultsOf('courseResults'),
      originSchoolCode: '990001',
      academicYear: 109,
      semester: 1,
      courseCode: '109990001H11101A1010101',
      subjectName: '國語文',
      brief: '一篇散文',
      certification: '1',
      uploadTerm: '1091',
      createdAt: '2021-01-10 14:03:22',
      ...fields,
    },
    extras: {},
    document,
    media: null,
  }) as unknown as MadeRecord;

/** One student with the records given; one course result when none are. */
export const smallPortfolio = (records: readonly MadeRecord[] = [courseResult()], basicData: object = {}): MadePortfolio => ({
  basicData: {
    schoolCode: '990001',
    unitCode: '000000000',
    academicYear: 109,
    semester: 1,
    nationalId: TRANSFER_STUDENT,
    name: '林小禾',
    birthDate: '2005/03/09',
    ...basicData,
  },
  extras: {},
  records,
});
