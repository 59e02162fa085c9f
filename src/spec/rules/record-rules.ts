/**
 * What the spec says beyond the schema: rules over one student's data, each a finding with its place.
 * Only what makes a record wrong is an error; the rest is for a person to look at.
 */
import type { Finding, Severity } from '../../errors.js';
import { CODE_TABLES } from '../codes.js';
import { BASIC_DATA, LISTS, type WireProperty } from '../generated/wire-table.js';
import { explainCourseCode, schoolOfCourseCode } from '../identifiers/course-code.js';
import { nationalIdKind } from '../identifiers/national-id.js';
import {
  BASIC_DATA_WIRE,
  basicDataWire,
  EMPTY_MD5,
  HALF_WIRE,
  type JsonObject,
  type JsonValue,
  ownerOf,
  recordWire,
  SLOTS,
  type WireList,
} from '../portfolio.js';
import { hasTerm, termOf } from '../terms.js';
import { type Places, placesOf, shown } from '../validate.js';
import { FILE_TYPES, limitsFor } from './limits.js';

/** Findings over a document that satisfies the schema. */
export function ruleFindings(document: readonly JsonObject[]): Finding[] {
  const ids = document.map((student) => basicDataOf(student)[ID_WIRE] as string);
  return document.flatMap((student, index) => {
    const places = placesOf(ids[index] as string, document.length > 1);
    const twice = ids.indexOf(ids[index] as string) < index;
    return [
      ...(twice ? [finding('LPX_STUDENT_TWICE', 'error', places.basicData(ID_WIRE))] : []),
      ...basicDataFindings(student, places),
      ...LISTS.flatMap((list) => listFindings(student, list, places)),
    ];
  });
}

const ID_WIRE = basicDataWire('nationalId');
const STUDENT_PROPERTIES = new Set([BASIC_DATA_WIRE, HALF_WIRE.courseResults.property, HALF_WIRE.multiPerformances.property]);
const MULTI_PERFORMANCE_LISTS = new Set(LISTS.filter((list) => list.owner === 'multiPerformances').map((list) => list.wire));

const basicDataOf = (student: JsonObject): JsonObject => student[BASIC_DATA_WIRE] as JsonObject;

function finding(code: Finding['code'], severity: Severity, where: string, facts: Finding['facts'] = {}): Finding {
  return { code, severity, where, facts };
}

function basicDataFindings(student: JsonObject, places: Places): Finding[] {
  const basic = basicDataOf(student);
  const unknown = [
    ...Object.keys(student).filter((key) => !STUDENT_PROPERTIES.has(key)),
    ...Object.keys(student[HALF_WIRE.multiPerformances.property] as JsonObject)
      .filter((key) => !MULTI_PERFORMANCE_LISTS.has(key))
      .map((key) => `${HALF_WIRE.multiPerformances.property}.${key}`),
  ];
  return [
    ...BASIC_DATA.flatMap((property) => dateFindings(property, basic[property.wire], places.basicData(property.wire))),
    ...(nationalIdKind(basic[ID_WIRE] as string) === 'other'
      ? [finding('LPX_NATIONAL_ID_UNUSUAL', 'warning', places.basicData(ID_WIRE), { value: shown(basic[ID_WIRE], ID_WIRE) })]
      : []),
    ...unknown.map((property) => finding('LPX_PROPERTY_UNKNOWN', 'warning', shown(property).slice(1, -1))),
  ];
}

function listFindings(student: JsonObject, list: WireList, places: Places): Finding[] {
  const records = (ownerOf(student, list)[list.wire] ?? []) as JsonObject[];
  return records.flatMap((record, index) => {
    const place = (property: string) => places.record(list.wire, index, property);
    return [
      ...list.properties.flatMap((property) => propertyFindings(property, record[property.wire], list, record, place(property.wire))),
      ...copyFindings(list, record, basicDataOf(student), place),
      ...emptyLinkFindings(list, record, place),
      ...(list.name === 'courseResults' ? courseResultFindings(list, record, place) : []),
    ];
  });
}

function propertyFindings(
  property: WireProperty,
  value: JsonValue | undefined,
  list: WireList,
  record: JsonObject,
  where: string,
): Finding[] {
  const text = typeof value === 'string' ? value : '';
  const found = dateFindings(property, value, where);
  if (property.advised && text.trim() === '') found.push(finding('LPX_TEXT_EMPTY', 'warning', where));
  if (property.max && isLonger(text, property.max))
    found.push(finding('LPX_TEXT_LONG', 'warning', where, { count: charactersIn(text), limit: property.max }));
  if (property.brief) {
    const limit = limitsFor(termOfWireRecord(list, record)).briefCharacters;
    if (isLonger(text, limit)) found.push(finding('LPX_BRIEF_LONG', 'warning', where, { count: charactersIn(text), limit }));
  }
  if (property.codes && text !== '' && !Object.hasOwn(CODE_TABLES[property.codes], text)) {
    found.push(finding('LPX_CODE_UNKNOWN', 'warning', where, { value: shown(text) }));
  }
  return found;
}

/** Characters as a person counts them: an emoji or a letter with its accents is one. */
export const charactersIn = (text: string): number => [...new Intl.Segmenter('zh-TW').segment(text)].length;

/** No text has more characters than UTF-16 units, so most need no counting. */
const isLonger = (text: string, characters: number): boolean => text.length > characters && charactersIn(text) > characters;

function termOfWireRecord(list: WireList, record: JsonObject): string {
  const value = (name: string) => record[recordWire(list, name) ?? ''];
  const uploaded = value('uploadTerm');
  return typeof uploaded === 'string' && hasTerm(uploaded) ? uploaded : termOf(Number(value('academicYear')), Number(value('semester')));
}

function dateFindings(property: WireProperty, value: JsonValue | undefined, where: string): Finding[] {
  const dated = property.shape === 'date' || property.shape === 'dateTime' || property.shape === 'dateOrTime';
  return dated && typeof value === 'string' && value !== '' && !isRealDate(value)
    ? [finding('LPX_DATE', 'error', where, { value: shown(value) })]
    : [];
}

/** Whether `yyyy/MM/dd` or `yyyy-MM-dd HH:mm:ss` names a day that exists. */
function isRealDate(text: string): boolean {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = text.split(/[-/ :]/).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  date.setUTCFullYear(year);
  return (
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second
  );
}

/** A record repeats the student's id and birth date; platform P cuts the id to ten characters (spec 5). */
function copyFindings(list: WireList, record: JsonObject, basic: JsonObject, place: (property: string) => string): Finding[] {
  return list.properties
    .filter((property) => property.role === 'copy')
    .flatMap((property) => {
      const copy = record[property.wire];
      const original = (basic[property.wire] ?? '') as string;
      if (typeof copy !== 'string' || copy === '' || original === '' || copy === original) return [];
      if (property.wire === ID_WIRE) {
        return copy.length === 10 && original.startsWith(copy)
          ? []
          : [finding('LPX_FOREIGN_RECORD', 'error', place(property.wire), { value: shown(copy, ID_WIRE) })];
      }
      return [finding('LPX_COPY_DIFFERS', 'warning', place(property.wire), { value: shown(copy) })];
    });
}

/** A link whose MD5 is that of nothing names no file, whatever stands at its end (spec 8, T3 and T4). */
function emptyLinkFindings(list: WireList, record: JsonObject, place: (property: string) => string): Finding[] {
  const wire = (role: 'link' | 'md5', slot: string) =>
    list.properties.find((property) => property.role === role && property.slot === slot)?.wire as string;
  return list.properties
    .filter((property) => property.role === 'link')
    .filter((property) => record[property.wire] && record[wire('md5', property.slot as string)] === EMPTY_MD5)
    .map((property) => finding('LPX_LINK_WITHOUT_FILE', 'note', place(property.wire)));
}

function courseResultFindings(list: WireList, record: JsonObject, place: (property: string) => string): Finding[] {
  const wire = (name: string) => recordWire(list, name) as string;
  const code = record[wire('courseCode')] as string;
  const school = record[wire('originSchoolCode')] as string;
  const explanation = explainCourseCode(code);
  const where = place(wire('courseCode'));
  const odd = explanation.parts.filter((part) => part.kind === 'malformed');
  const found: Finding[] = odd.map((part) =>
    finding('LPX_COURSE_CODE_FORM', 'warning', where, { value: part.text, part: part.part, position: part.offset + 1 }),
  );
  if (schoolOfCourseCode(code).toUpperCase() !== school.toUpperCase()) {
    found.push(finding('LPX_COURSE_CODE_OTHER_SCHOOL', 'warning', where, { value: schoolOfCourseCode(code), school }));
  }
  if ((record[wire('certification')] ?? '2') !== '1') found.push(finding('LPX_NOT_CERTIFIED', 'warning', place(wire('certification'))));
  const linked = SLOTS.some(
    (slot) => record[list.properties.find((property) => property.role === 'link' && property.slot === slot)?.wire as string],
  );
  if (!linked) found.push(finding('LPX_NO_ATTACHMENT', 'note', place(wire('documentLink'))));
  return found;
}

/** Findings over one attachment: its type by content, and its size in bytes, for the term it was uploaded in. */
export function fileFindings(slot: (typeof SLOTS)[number], type: string, bytes: number, term: string, where: string): Finding[] {
  const limit = limitsFor(term).bytes[slot];
  const found: Finding[] = [];
  if (!FILE_TYPES[slot].includes(type))
    found.push(finding('LPX_FILE_TYPE', 'warning', where, { type: type || '?', types: FILE_TYPES[slot].join(' ') }));
  if (bytes > limit) found.push(finding('LPX_FILE_LARGE', 'warning', where, { bytes, limit }));
  return found;
}
