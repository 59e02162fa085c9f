/** Places in students' data: made here, compared as data, and turned into text only where they are shown. */
import type { Place } from '../errors.js';
import {
  BASIC_DATA_WIRE,
  type BasicData,
  basicDataWire,
  type JsonObject,
  LISTS,
  linkPropertyOf,
  type Portfolio,
  type PortfolioRecord,
  recordWire,
  type Slot,
  TITLE_FIELDS,
  titleOf,
  type WireList,
  wireListOf,
} from './portfolio.js';

const ID_WIRE = basicDataWire('nationalId');
const NAME_WIRE = basicDataWire('name');
const LIST_BY_WIRE: ReadonlyMap<string, WireList> = new Map(LISTS.map((list) => [list.wire, list]));

/** The whole document, where no student and no file is to be named. */
export const DOCUMENT_PLACE: Place = { entry: 'JSON' };

export const studentPlace = ({ nationalId, name }: Pick<BasicData, 'nationalId' | 'name'>): Place => ({
  student: nationalId,
  ...(name !== '' && { name }),
});

/** A student on the wire, of whatever shape. @param index in the document, which names a student without an id */
export function wireStudentPlace(student: unknown, index: number): Place {
  const basic = propertyOf(student, BASIC_DATA_WIRE);
  const [id, name] = [propertyOf(basic, ID_WIRE), propertyOf(basic, NAME_WIRE)];
  const named = typeof name === 'string' && name !== '' ? { name } : {};
  return typeof id === 'string' && id !== '' ? { student: id, ...named } : { index, ...named };
}

export const basicDataPlace = (student: Place, property: string): Place => ({ ...student, list: BASIC_DATA_WIRE, property });

/** @param index of the record in its list, from 0 */
export const recordPlace = (student: Place, list: WireList, index: number, title: string): Place => ({
  ...student,
  list: list.wire,
  record: index,
  ...(title !== '' && { title }),
});

/** A record on the wire, of whatever shape. */
export const wireRecordPlace = (student: Place, list: WireList, index: number, record: unknown): Place =>
  recordPlace(student, list, index, wireTitle(list, record));

/** A file of a record: the property that links to it, and its original name where that is known. */
export const filePlace = (record: Place, list: WireList, slot: Slot, name = ''): Place => {
  const property = linkPropertyOf(list, slot);
  return { ...record, ...(property !== undefined && { property }), ...(name !== '' && { file: name }) };
};

/** Where each record of a portfolio stands. */
export function recordPlaces<A>({ basicData, records }: Portfolio<A>): Map<PortfolioRecord<A>, Place> {
  const student = studentPlace(basicData);
  const counts = new Map<string, number>();
  return new Map(
    records.map((record) => {
      const index = counts.get(record.list) ?? 0;
      counts.set(record.list, index + 1);
      return [record, recordPlace(student, wireListOf(record.list), index, titleOf(record))];
    }),
  );
}

/** Finds records by their places. */
export function recordsByPlace<A>(portfolios: readonly Portfolio<A>[]): (place: Place) => PortfolioRecord<A> | undefined {
  const lists = new Map(
    portfolios.map(({ basicData, records }) => [
      basicData.nationalId,
      new Map(LISTS.map((list) => [list.wire, records.filter((record) => record.list === list.name)])),
    ]),
  );
  return ({ student = '', list = '', record = -1 }) => lists.get(student)?.get(list)?.[record];
}

/** The place a JSON path of the document leads to. @param path without the leading slash, unescaped */
export function placeOfPath(document: unknown, path: readonly string[]): Place {
  const [index, ...steps] = path;
  if (index === undefined || !Array.isArray(document)) return DOCUMENT_PLACE;
  const student = document[Number(index)];
  const place = wireStudentPlace(student, Number(index));
  const at = steps.findIndex((step) => LIST_BY_WIRE.has(step));
  const list = LIST_BY_WIRE.get(steps[at] ?? '');
  if (!list) return { ...place, ...propertyPlace(steps[0] === BASIC_DATA_WIRE ? steps.slice(1) : steps, steps[0]) };
  const record = steps[at + 1];
  if (record === undefined) return { ...place, list: list.wire };
  const records = steps.slice(0, at + 1).reduce<unknown>(propertyOf, student);
  return {
    ...wireRecordPlace(place, list, Number(record), Array.isArray(records) ? records[Number(record)] : undefined),
    ...propertyPlace(steps.slice(at + 2)),
  };
}

function propertyPlace(steps: readonly string[], first?: string): Place {
  return { ...(first === BASIC_DATA_WIRE && { list: first }), ...(steps.length > 0 && { property: steps.join('.') }) };
}

function wireTitle(list: WireList, record: unknown): string {
  for (const field of TITLE_FIELDS) {
    const title = propertyOf(record, recordWire(list, field) ?? '');
    if (typeof title === 'string' && title.trim() !== '') return title;
  }
  return '';
}

const propertyOf = (value: unknown, property: string): unknown =>
  value !== null && typeof value === 'object' && Object.hasOwn(value, property) ? (value as JsonObject)[property] : undefined;
