/** Any valid portfolio, for properties: every list, every field of the wire table, files of every type. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { mappingPath, numberFiles } from '#lpx/package/layout.js';
import { LISTS } from '#lpx/spec/generated/wire-table.js';
import {
  type BasicData,
  documentFromPortfolios,
  type JsonObject,
  type Portfolio,
  type PortfolioRecord,
  withAttachments,
} from '#lpx/spec/portfolio.js';
import fc from './properties.js';
import { md5 } from './schools.js';

/** A file as it stands in a school's platform. */
export interface MadeFile {
  readonly bytes: Buffer;
  readonly type: string;
  readonly name: string;
}
export type MadePortfolio = Portfolio<MadeFile>;
export type MadeRecord = PortfolioRecord<MadeFile>;

export const THIS_SCHOOL = '990001';

const HEADS = { pdf: '%PDF-1.4\n', jpg: '\xff\xd8\xff\xe1', png: '\x89PNG\r\n\x1a\n', mp3: 'ID3', mp4: '\0\0\0\x18ftypisom' };

const text = (maxLength = 20) => fc.string({ unit: 'grapheme', maxLength });
const digits = (length: number) => fc.integer({ min: 0, max: 10 ** length - 1 }).map((value) => String(value).padStart(length, '0'));
const day = fc
  .date({ min: new Date('2019-01-01'), max: new Date('2026-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const date = fc.oneof(
  fc.constant(''),
  day.map((value) => value.replaceAll('-', '/')),
);
const dateTime = fc.oneof(
  fc.constant(''),
  fc
    .tuple(day, fc.integer({ min: 0, max: 86_399 }))
    .map(([value, seconds]) => `${value} ${new Date(seconds * 1000).toISOString().slice(11, 19)}`),
);
const term = fc.oneof(
  fc.constant('0000'),
  fc.constant(''),
  fc.tuple(fc.integer({ min: 100, max: 120 }), fc.integer({ min: 1, max: 4 })).map(([year, semester]) => `${year}${semester}`),
);
const number = fc.oneof(
  fc.integer({ min: -1, max: 500 }),
  fc.integer({ min: 0, max: 9999 }).map((value) => value / 100),
);

const SHAPES: Record<string, fc.Arbitrary<string>> = {
  schoolCode: fc.constantFrom(THIS_SCHOOL, '990003', '0603XX'),
  unitCode: fc.oneof(fc.constant('000000000'), digits(9)),
  date,
  dateTime,
  dateOrTime: fc.oneof(date, dateTime),
  text: text().filter((value) => /\S/u.test(value)),
  term,
  courseCode: fc.string({ unit: fc.constantFrom(...'0123456789ABCHVxyz'), minLength: 23, maxLength: 23 }),
  certification: fc.constantFrom('0', '1', '1', '2'),
};

function field(property: { name: string; type: string; shape?: string; brief?: number }): fc.Arbitrary<string | number | boolean> {
  if (property.type === 'boolean') return fc.boolean();
  if (property.name === 'academicYear') return fc.integer({ min: 0, max: 999 });
  if (property.name === 'semester') return fc.integer({ min: 1, max: 4 });
  if (property.name === 'grade' || property.name === 'gradeSemester') return fc.integer({ min: -1, max: 6 });
  if (property.type === 'number') return number;
  return (property.shape && SHAPES[property.shape]) || text(property.brief ?? 30);
}

const file = (slot: 'document' | 'media'): fc.Arbitrary<MadeFile | null> =>
  fc.option(
    fc
      .record({
        type: fc.constantFrom(...(slot === 'document' ? ['pdf', 'jpg', 'png'] : ['mp3', 'mp4'])),
        body: fc.uint8Array({ maxLength: 400 }),
        name: text(12),
      })
      .map(({ type, body, name }) => ({
        type,
        bytes: Buffer.concat([Buffer.from(HEADS[type as 'pdf'], 'latin1'), body]),
        // A name as a file system may hold it: no separators, nothing that does not show.
        name: `${name.replace(/[\p{C}\p{Z}/\\]/gu, '_')}.${type}`,
      })),
  );

const extras: fc.Arbitrary<JsonObject> = fc.dictionary(
  text(8).map((key) => `x-${key}`),
  fc.oneof(text(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer(), { maxLength: 3 })),
  { maxKeys: 2 },
) as fc.Arbitrary<JsonObject>;

const record = (list: (typeof LISTS)[number]): fc.Arbitrary<MadeRecord> =>
  fc
    .record({
      fields: fc.record(
        Object.fromEntries(list.properties.filter((property) => !property.role).map((property) => [property.name, field(property)])),
      ),
      extras,
      document: list.owner === 'basicData' ? fc.constant(null) : file('document'),
      media: list.owner === 'basicData' ? fc.constant(null) : file('media'),
    })
    .map((made) => ({ list: list.name, ...made }) as unknown as MadeRecord);

const nationalId = fc.oneof(fc.constantFrom('A800000014', 'B800000015', 'AD12345678'), fc.stringMatching(/^[0-9A-Z]{5,20}$/));

const basicData: fc.Arbitrary<BasicData> = fc.record({
  schoolCode: fc.constant(THIS_SCHOOL),
  unitCode: fc.constant('000000000'),
  academicYear: fc.integer({ min: 100, max: 120 }),
  semester: fc.integer({ min: 1, max: 4 }),
  nationalId,
  name: text(),
  birthDate: date,
});

/** Records grouped by list, in the order of the document. */
export const anyPortfolio: fc.Arbitrary<MadePortfolio> = fc.record({
  basicData,
  extras,
  records: fc.tuple(...LISTS.map((list) => fc.array(record(list), { maxLength: 2 }))).map((lists) => lists.flat()),
});

/** Writes portfolios as a platform would hand them over. */
export function writeExchangeFolder(folder: string, portfolios: readonly MadePortfolio[]): void {
  const wire = portfolios.map(({ basicData, extras, records }) => {
    const numbered = numberFiles(basicData, records);
    for (const half of ['courseResults', 'multiPerformances'] as const) {
      const ofHalf = numbered.filter((entry) => entry.half === half);
      put(
        join(folder, mappingPath(basicData.nationalId, half)),
        JSON.stringify(Object.fromEntries(ofHalf.map((entry) => [basename(entry.path), entry.attachment.name]))),
      );
      for (const entry of ofHalf) put(join(folder, entry.path), entry.attachment.bytes);
    }
    const link = (made: MadeRecord, slot: string) => numbered.find((entry) => entry.record === made && entry.slot === slot)?.path as string;
    return {
      basicData,
      extras,
      records: records.map((made) => withAttachments(made, ({ bytes }, slot) => ({ link: link(made, slot), md5: md5(bytes) }))),
    };
  });
  put(join(folder, 'handover.json'), JSON.stringify(documentFromPortfolios(wire)));
}

function put(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
