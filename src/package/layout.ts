/** Names, paths and numbering inside a package (docs/spec.md#package). */
import { MAPPING_NAME } from '../spec/attachments.js';
import { type BasicData, HALF_WIRE, type Half, type ListName, type PortfolioRecord, SLOTS, type Slot } from '../spec/portfolio.js';
import { taipeiTime } from '../spec/terms.js';

/** `553611_2024_01_22_16_05_09`: the school, and the time in Taiwan. */
export const packageBaseName = (schoolCode: string, at: Date): string => `${schoolCode}_${taipeiTime(at).replaceAll(/[-: ]/g, '_')}`;

/** The school and time a package's name gives; empty where the name is another. */
export function parsePackageName(name: string): { readonly school: string; readonly createdAt: string } {
  const match = /^([0-9A-Za-z]{6})_(\d{4})_(\d\d)_(\d\d)_(\d\d)_(\d\d)_(\d\d)/.exec(name);
  if (!match) return { school: '', createdAt: '' };
  const [, school = '', year, month, day, hour, minute, second] = match;
  return { school, createdAt: `${year}-${month}-${day} ${hour}:${minute}:${second}` };
}

export const mappingPath = (nationalId: string, half: Half): string => `${nationalId}/${HALF_WIRE[half].folder}/${MAPPING_NAME}`;

/** The order in which a student's lists are numbered: not that of the JSON (docs/spec.md#numbering). */
const NUMBERING: Readonly<Record<Half, readonly ListName[]>> = {
  courseResults: ['courseResults'],
  multiPerformances: [
    'cadreDeeds',
    'competitions',
    'certificates',
    'serviceLearning',
    'flexibleLearning',
    'workplaceLearning',
    'works',
    'groupActivities',
    'advancedCourses',
    'otherPerformances',
  ],
};

/** A file of one record, and where it goes. */
export interface NumberedFile<A> {
  readonly record: PortfolioRecord<A>;
  readonly slot: Slot;
  readonly half: Half;
  readonly attachment: A;
  /** `<national id>/課程學習成果/C01.pdf` */
  readonly path: string;
}

/** Numbers the files of one student: C01…, M01…, two digits at least, no number without a file. */
export function numberFiles<A extends { readonly type: string }>(
  { nationalId }: BasicData,
  records: readonly PortfolioRecord<A>[],
): NumberedFile<A>[] {
  return (Object.keys(NUMBERING) as Half[]).flatMap((half) => {
    const { folder, prefix } = HALF_WIRE[half];
    return NUMBERING[half]
      .flatMap((list) => records.filter((record) => record.list === list))
      .flatMap((record) => SLOTS.flatMap((slot) => (record[slot] ? [{ record, slot, attachment: record[slot] }] : [])))
      .map(({ record, slot, attachment }, index) => {
        const number = String(index + 1).padStart(2, '0');
        return { record, slot, half, attachment, path: `${nationalId}/${folder}/${prefix}${number}.${attachment.type}` };
      });
  });
}
