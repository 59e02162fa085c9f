/**
 * The rules of the spec beyond the schema, over one student's data, each a finding with its place.
 * Only what makes a record wrong is an error; the rest is for a person to look at.
 */
import { type Finding, findingOf, type Place } from '../../errors.js';
import { CODE_TABLES } from '../codes.js';
import { type Lookup, listingFindings } from '../course-code-file.js';
import { BoundedFindings } from '../findings.js';
import { BASIC_DATA, LISTS, type WireProperty } from '../generated/wire-table.js';
import { entryYearFits, entryYearOfCourseCode, explainCourseCode, schoolOfCourseCode } from '../identifiers/course-code.js';
import { nationalIdKind } from '../identifiers/national-id.js';
import { basicDataPlace, wireRecordPlace, wireStudentPlace } from '../place.js';
import {
  BASIC_DATA_WIRE,
  basicDataWire,
  EMPTY_MD5,
  HALF_WIRE,
  type Half,
  halfOf,
  type JsonObject,
  type JsonValue,
  linkPropertyOf,
  MULTI_PERFORMANCE_WIRES,
  md5PropertyOf,
  ownerOf,
  type PortfolioRecord,
  recordWire,
  SLOTS,
  type Slot,
  termOfRecord,
  type WireList,
} from '../portfolio.js';
import { hasTerm, isRealDate, rocDay, termOf } from '../terms.js';
import { shown } from '../validate.js';
import { garblingOf } from './garbled-text.js';
import { limitsFor } from './limits.js';

/** Reference data of a school besides the spec; all optional. */
export interface ReferenceData {
  /** The course code files it has. */
  readonly course?: Lookup;
  /** Whether its list of schools has one; undefined without a list. */
  readonly school?: (code: string) => boolean | undefined;
}

/**
 * Whose record a finding is about, for the advice it gives: a student of this school can hand work in again; what
 * another school sent is certified, and its student has left there.
 */
export type Advice = 'own' | 'received';

/** Findings over a document that satisfies the schema. */
export const ruleFindings = (document: readonly JsonObject[], known: ReferenceData = {}, advice: Advice = 'own'): Finding[] =>
  new BoundedFindings().add(allRuleFindings(document, known, advice)).list();

/** The same, every one of them, however many there are. */
export function* allRuleFindings(document: readonly JsonObject[], known: ReferenceData = {}, advice: Advice = 'own'): Generator<Finding> {
  const seen = new Set<JsonValue | undefined>();
  for (const [index, student] of document.entries()) {
    const place = wireStudentPlace(student, index);
    const id = basicDataOf(student)[ID_WIRE];
    const twice = seen.has(id);
    seen.add(id);
    if (twice) yield findingOf('LPX_STUDENT_TWICE', 'error', basicDataPlace(place, ID_WIRE));
    yield* basicDataFindings(student, place, known);
    for (const list of LISTS) yield* listFindings(student, list, place, { known, advice });
  }
}

const ID_WIRE = basicDataWire('nationalId');
const STUDENT_PROPERTIES = new Set([BASIC_DATA_WIRE, HALF_WIRE.courseResults.property, HALF_WIRE.multiPerformances.property]);

const basicDataOf = (student: JsonObject): JsonObject => student[BASIC_DATA_WIRE] as JsonObject;

function basicDataFindings(student: JsonObject, place: Place, known: ReferenceData): Finding[] {
  const basic = basicDataOf(student);
  const unknown = [
    ...Object.keys(student).filter((key) => !STUDENT_PROPERTIES.has(key)),
    ...Object.keys(student[HALF_WIRE.multiPerformances.property] as JsonObject)
      .filter((key) => !MULTI_PERFORMANCE_WIRES.has(key))
      .map((key) => `${HALF_WIRE.multiPerformances.property}.${key}`),
  ];
  return [
    ...BASIC_DATA.flatMap((property) => valueFindings(property, basic[property.wire], basicDataPlace(place, property.wire), known)),
    ...ageFindings(basic, place),
    ...(nationalIdKind(basic[ID_WIRE] as string) === 'other'
      ? [findingOf('LPX_NATIONAL_ID_UNUSUAL', 'warning', basicDataPlace(place, ID_WIRE))]
      : []),
    ...unknown.map((property) => findingOf('LPX_PROPERTY_UNKNOWN', 'warning', { ...place, property })),
  ];
}

/** Senior-high students enter at fifteen; adults study in the evening. */
const AGES = { from: 12, to: 99 };

function ageFindings(basic: JsonObject, place: Place): Finding[] {
  const wire = basicDataWire('birthDate');
  const birthDate = basic[wire];
  if (typeof birthDate !== 'string' || birthDate === '') return [];
  const age = Number(basic[basicDataWire('academicYear')]) - Number(rocDay(birthDate).slice(0, -4));
  return age < AGES.from || age > AGES.to
    ? [findingOf('LPX_BIRTH_DATE_ODD', 'warning', basicDataPlace(place, wire), { value: shown(birthDate), age })]
    : [];
}

interface Judging {
  readonly known: ReferenceData;
  readonly advice: Advice;
}

function* listFindings(student: JsonObject, list: WireList, ofStudent: Place, judging: Judging): Generator<Finding> {
  const records = (ownerOf(student, list)[list.wire] ?? []) as JsonObject[];
  for (const [index, record] of records.entries()) {
    const ofRecord = wireRecordPlace(ofStudent, list, index, record);
    const place = (property: string) => ({ ...ofRecord, property });
    for (const property of list.properties) yield* propertyFindings(list, property, record, { ...judging, place: place(property.wire) });
    yield* copyFindings(list, record, basicDataOf(student), place);
    yield* emptyLinkFindings(list, record, place);
    if (list.name === 'courseResults') {
      const { known } = judging;
      yield* courseResultFindings(list, record, { basic: basicDataOf(student), place, known });
    }
  }
}

function propertyFindings(
  list: WireList,
  property: WireProperty,
  record: JsonObject,
  { place, known, advice }: Judging & { readonly place: Place },
): Finding[] {
  const value = record[property.wire];
  const text = typeof value === 'string' ? value : '';
  const found = valueFindings(property, value, place, known);
  if (property.advised && text.trim() === '') found.push(findingOf('LPX_TEXT_EMPTY', 'warning', place));
  const over = property.max ? charactersOver(text, property.max) : undefined;
  if (over !== undefined && property.max) found.push(findingOf('LPX_TEXT_LONG', 'warning', place, { count: over, limit: property.max }));
  if (property.brief) found.push(...briefFindings(text, termOfWireRecord(list, record), place, advice));
  if (property.codes && text !== '' && !Object.hasOwn(CODE_TABLES[property.codes], text)) {
    found.push(findingOf('LPX_CODE_UNKNOWN', 'warning', place, { value: shown(text) }));
  }
  return found;
}

/** Made once it is needed, which takes 15 ms: few texts are so long that their characters are counted. */
let segmenter: Intl.Segmenter | undefined;
function segments(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('zh-TW');
  return segmenter.segment(text);
}

/** Text that is segmented at a time, in UTF-16 units: the engine copies its whole input for every character it finds. */
const SEGMENTED = 128;

/**
 * Characters as a person counts them: an emoji or a letter with its accents is one. Counting stops at `most`, and
 * takes time and memory in proportion to the text that was counted.
 */
export function charactersIn(text: string, most = Number.POSITIVE_INFINITY): number {
  let count = 0;
  for (let from = 0; from < text.length && count < most; ) {
    const piece = wholeCharacters(text, from, SEGMENTED);
    const last = from + piece.length === text.length;
    let end = 0;
    for (const { index, segment } of segments(piece)) {
      // What follows may belong to a character that ends where the piece does.
      if (!last && index + segment.length === piece.length) break;
      count++;
      end = index + segment.length;
      if (count === most) break;
    }
    if (end === 0) {
      end = firstCharacterOf(text, from).length;
      count++;
    }
    from += end;
  }
  return count;
}

/** A piece of a text that parts no pair of surrogates. */
function wholeCharacters(text: string, from: number, length: number): string {
  const half = (text.charCodeAt(from + length - 1) & 0xfc00) === 0xd800;
  return text.slice(from, from + length + (half ? 1 : 0));
}

/** The character that starts at `from`, however many accents it carries. */
function firstCharacterOf(text: string, from: number): string {
  for (let length = 2 * SEGMENTED; ; length *= 2) {
    const piece = wholeCharacters(text, from, length);
    const first = segments(piece).containing(0)?.segment ?? '';
    if (first.length < piece.length || from + length >= text.length) return first;
  }
}

/** Longer texts are not counted to their end: by then how much too long they are does not matter. */
const COUNTED_LIMITS = 10;

/** How many characters a text has when they are more than `limit`, as a message says it; undefined when they are not. */
function charactersOver(text: string, limit: number): number | string | undefined {
  // No text has more characters than UTF-16 units, so most need no counting.
  if (text.length <= limit) return undefined;
  const most = COUNTED_LIMITS * limit;
  const count = charactersIn(text, most + 1);
  if (count <= limit) return undefined;
  return count > most ? `${most}+` : count;
}

function termOfWireRecord(list: WireList, record: JsonObject): string {
  const value = (name: string) => record[recordWire(list, name) ?? ''];
  const uploaded = value('uploadTerm');
  return typeof uploaded === 'string' && hasTerm(uploaded) ? uploaded : termOf(Number(value('academicYear')), Number(value('semester')));
}

/** Schools have kept learning portfolios since year 108, and will for a while. */
const YEARS = { from: 100, to: 199 };

/** What a value shows by itself: an impossible date, an unlikely year or semester, an unlisted school, lost characters. */
function valueFindings(property: WireProperty, value: JsonValue | undefined, place: Place, known: ReferenceData): Finding[] {
  const found = dateFindings(property, value, place);
  if (property.name === 'academicYear' && typeof value === 'number' && (value < YEARS.from || value > YEARS.to))
    found.push(findingOf('LPX_YEAR_ODD', 'warning', place, { value }));
  if (property.name === 'semester' && typeof value === 'number' && value > 2)
    found.push(findingOf('LPX_SEMESTER_ODD', 'note', place, { value }));
  if (property.shape === 'schoolCode' && typeof value === 'string' && known.school?.(value) === false)
    found.push(findingOf('LPX_SCHOOL_UNLISTED', 'warning', place, { value }));
  const garbling = typeof value === 'string' && property.role === undefined ? garblingOf(value, property.name === 'name') : undefined;
  if (garbling) found.push(findingOf('LPX_TEXT_GARBLED', 'warning', place, { value: shown(value), garbling }));
  return found;
}

function dateFindings(property: WireProperty, value: JsonValue | undefined, place: Place): Finding[] {
  const dated = property.shape === 'date' || property.shape === 'dateTime' || property.shape === 'dateOrTime';
  if (!dated || typeof value !== 'string' || value === '') return [];
  const parts = partsOfDate(value);
  if (!isRealDate(parts)) return [findingOf('LPX_DATE', 'error', place, { value: shown(value) })];
  // The age at which a student would have entered is a warning of its own.
  const isOdd = property.name !== 'birthDate' && (parts[0] < DATED_YEARS.from || parts[0] > DATED_YEARS.to);
  return isOdd ? [findingOf('LPX_DATE_ODD', 'warning', place, { value: shown(value) })] : [];
}

/** Years that anything in a portfolio can be of. */
const DATED_YEARS = { from: 1930, to: 2100 };

/** The numbers in `yyyy/MM/dd` or `yyyy-MM-dd HH:mm:ss`. */
const partsOfDate = (text: string) => text.split(/[-/ :]/).map(Number) as [number, number, number, number?, number?, number?];

/** A record repeats the student's id and birth date; platform P cuts the id to ten characters (docs/spec.md#t16). */
function copyFindings(list: WireList, record: JsonObject, basic: JsonObject, place: (property: string) => Place): Finding[] {
  return list.properties
    .filter((property) => property.role === 'copy')
    .flatMap((property) => {
      const copy = record[property.wire];
      const original = (basic[property.wire] ?? '') as string;
      if (typeof copy !== 'string' || copy === '' || original === '' || copy === original) return [];
      if (property.wire === ID_WIRE) {
        return copy.length === 10 && original.startsWith(copy)
          ? []
          : [findingOf('LPX_FOREIGN_RECORD', 'error', { ...place(property.wire), otherStudent: copy })];
      }
      return [findingOf('LPX_COPY_DIFFERS', 'warning', place(property.wire), { value: shown(copy) })];
    });
}

/** A link whose MD5 is that of nothing names no file, whatever stands at its end (docs/spec.md#t3, docs/spec.md#t4). */
function emptyLinkFindings(list: WireList, record: JsonObject, place: (property: string) => Place): Finding[] {
  return SLOTS.flatMap((slot) => {
    const link = linkPropertyOf(list, slot);
    const isEmpty = link !== undefined && record[link] && record[md5PropertyOf(list, slot) as string] === EMPTY_MD5;
    return isEmpty ? [findingOf('LPX_LINK_WITHOUT_FILE', 'note', place(link))] : [];
  });
}

function courseResultFindings(
  list: WireList,
  record: JsonObject,
  { basic, place, known }: { readonly basic: JsonObject; readonly place: (property: string) => Place; readonly known: ReferenceData },
): Finding[] {
  const wire = (name: string) => recordWire(list, name) as string;
  const text = (name: string) => String(record[wire(name)] ?? '');
  const number = (name: string) => Number(record[wire(name)] ?? 0);
  const [code, school, grade] = [text('courseCode'), text('originSchoolCode'), number('grade')];
  const where = place(wire('courseCode'));
  const { faults } = explainCourseCode(code);
  const found = faults.map(({ character, part, position }) =>
    findingOf('LPX_COURSE_CODE_FORM', 'warning', where, { value: character, part, position }),
  );
  if (schoolOfCourseCode(code).toUpperCase() !== school.toUpperCase()) {
    found.push(findingOf('LPX_COURSE_CODE_OTHER_SCHOOL', 'warning', where, { value: schoolOfCourseCode(code), school }));
  }
  const entryYear = entryYearOfCourseCode(code);
  const studentYear = Number(basic[basicDataWire('academicYear')]);
  if (entryYear !== undefined && !entryYearFits(code, { studentYear, academicYear: number('academicYear'), grade }))
    found.push(findingOf('LPX_COURSE_CODE_YEAR', 'warning', where, { value: entryYear, year: studentYear, taken: number('academicYear') }));
  if (known.course) {
    const course = { courseCode: code, subjectName: text('subjectName'), grade, gradeSemester: number('gradeSemester') };
    found.push(...listingFindings(course, known.course, (field) => place(wire(field))));
  }
  if ((record[wire('certification')] ?? '2') !== '1') found.push(findingOf('LPX_NOT_CERTIFIED', 'warning', place(wire('certification'))));
  const linked = SLOTS.some((slot) => record[linkPropertyOf(list, slot) as string]);
  if (!linked) found.push(findingOf('LPX_NO_ATTACHMENT', 'note', place(wire('documentLink'))));
  return found;
}

/** Findings over a brief, for the term it was uploaded in. */
export function briefFindings(text: string, term: string, place: Place, advice: Advice = 'own'): Finding[] {
  const limit = limitsFor(term).briefCharacters;
  const count = charactersOver(text, limit);
  return count === undefined
    ? []
    : [findingOf('LPX_BRIEF_LONG', 'warning', place, { count, limit, advice: advice === 'own' ? 'shorten' : 'received' })];
}

/** The same of the brief of a certified course result: it is certified like the rest of it, and nobody can shorten it any more. */
export const asCertified = (finding: Finding): Finding =>
  finding.code === 'LPX_BRIEF_LONG' ? { ...finding, facts: { ...finding.facts, advice: 'certified' } } : finding;

/** A file as the limits see it: its type by content, its size in bytes. */
export interface SizedFile {
  readonly type: string;
  readonly bytes: number;
}

/** Findings over one attachment, for the term it was uploaded in. */
export function fileFindings(
  half: Half,
  slot: Slot,
  { type, bytes }: SizedFile,
  { term, place, advice = 'own' }: { readonly term: string; readonly place: Place; readonly advice?: Advice },
): Finding[] {
  const limit = limitsFor(term).files[half][slot];
  const found: Finding[] = [];
  if (!limit.types.includes(type))
    found.push(
      findingOf('LPX_FILE_TYPE', 'warning', place, {
        type,
        types: limit.types.join(' '),
        advice: advice === 'own' ? 'format' : 'received',
      }),
    );
  if (bytes > limit.bytes)
    found.push(
      findingOf('LPX_FILE_LARGE', 'warning', place, { bytes, limit: limit.bytes, advice: advice === 'own' ? 'smaller' : 'received' }),
    );
  return found;
}

/** Findings over one file of a record, under the limits of the record's half and term. */
export function recordFileFindings(
  record: PortfolioRecord<unknown>,
  slot: Slot,
  file: SizedFile,
  { place, advice }: { readonly place: Place; readonly advice: Advice },
): Finding[] {
  const half = halfOf(record);
  return half ? fileFindings(half, slot, file, { term: termOfRecord(record), place, advice }) : [];
}
