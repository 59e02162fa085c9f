/**
 * Repairs what schools' software is known to get wrong (docs/field-defects.md), before the schema is
 * asked. Every repair is a finding that says from what to what; what no repair fits stays as it is, for the
 * schema to name.
 */
import type { Finding, Place } from '../errors.js';
import { canonicalCode, plainCode, trimmed } from '../plain-text.js';
import { CODE_SYNONYMS, CODE_TABLES, type CodeTableName } from './codes.js';
import { BoundedFindings } from './findings.js';
import { BASIC_DATA, LISTS, type WireProperty } from './generated/wire-table.js';
import { readTerm, writtenDay } from './identifiers/written-terms.js';
import { DOCUMENT_PLACE, wireRecordPlace, wireStudentPlace } from './place.js';
import { BASIC_DATA_WIRE, basicDataWire, HALF_WIRE, type JsonObject, type JsonValue, type WireList } from './portfolio.js';
import { isRealDate } from './terms.js';
import { shown } from './validate.js';

/** The kind of repair; `messages/` has the words. */
export type Repair =
  | 'array'
  | 'list'
  | 'number'
  | 'boolean'
  | 'text'
  | 'date'
  | 'time'
  | 'term'
  | 'md5'
  | 'link'
  | 'encoding'
  | 'name'
  | 'folder'
  | 'wrapping'
  | 'mapping'
  | 'code'
  | 'padding'
  | 'unset';

/** A value of a record that was repaired: what the document said, and what was read, both as `shown`. */
export interface ValueRepair {
  /** By its name on the wire. */
  readonly property: string;
  readonly repair: Repair;
  readonly from: string;
  readonly to: string;
}

/** What was repaired of the records of a document, by the records as they are repaired. */
export type RecordRepairs = ReadonlyMap<JsonObject, readonly ValueRepair[]>;

/** The finding for one repair. */
export const repaired = (repair: Repair, place: Place, from: string, to: string): Finding => ({
  code: 'LPX_REPAIRED',
  severity: 'warning',
  place,
  facts: { repair, from, to },
});

export interface RepairedDocument {
  readonly document: unknown;
  readonly findings: readonly Finding[];
  /** All of them, where the findings of one kind are cut. */
  readonly repairs: RecordRepairs;
}

/** Repairs a parsed document of any shape. The one given is left as it is. */
export function repairDocument(parsed: unknown): RepairedDocument {
  const repairs = new Repairs();
  const { findings } = repairs;
  const inner = unwrapped(parsed);
  if (inner !== parsed || isStudent(inner)) findings.push(repaired('array', DOCUMENT_PLACE, '{…}', '[{…}]'));
  const document = isStudent(inner) ? [inner] : inner;
  if (!Array.isArray(document)) return { document, findings: findings.list(), repairs: repairs.ofRecords };
  const students = document.map((student, i) => (isStudent(student) ? repairStudent(student, i, repairs) : student));
  return { document: students, findings: findings.list(), repairs: repairs.ofRecords };
}

/** What was repaired so far. */
class Repairs {
  readonly findings = new BoundedFindings();
  readonly ofRecords = new Map<JsonObject, readonly ValueRepair[]>();
}

/** Whether a parsed JSON looks like an exchange document: students, or one student. */
export function holdsStudents(value: unknown): boolean {
  const inner = unwrapped(value);
  return isStudent(Array.isArray(inner) ? inner[0] : inner);
}

/** The students of an answer that a platform's interface gave: an object that has them under one of its names. */
function unwrapped(parsed: unknown): unknown {
  if (!isObject(parsed) || isStudent(parsed)) return parsed;
  const values = Object.values(parsed).filter((value) => Array.isArray(value) && isStudent(value[0]));
  return values.length === 1 ? values[0] : parsed;
}

const NATIONAL_ID = basicDataWire('nationalId');

const isObject = (value: unknown): value is JsonObject => value !== null && typeof value === 'object' && !Array.isArray(value);
const isStudent = (value: unknown): value is JsonObject => isObject(value) && isObject(value[BASIC_DATA_WIRE]);

function repairStudent(student: JsonObject, index: number, repairs: Repairs): JsonObject {
  const { findings } = repairs;
  const basic = student[BASIC_DATA_WIRE] as JsonObject;
  const place = wireStudentPlace(student, index);
  const lists = (owner: WireList['owner'], holder: JsonObject): JsonObject =>
    Object.fromEntries(
      LISTS.filter((list) => list.owner === owner).map((list) => {
        const value = Object.hasOwn(holder, list.wire) ? holder[list.wire] : undefined;
        if (value === undefined || value === null) {
          findings.push(repaired('list', { ...place, list: list.wire }, shown(value), '[]'));
          return [list.wire, []];
        }
        // XML has no list of one: made into JSON, a lone record stands by itself.
        const alone = isObject(value) && list.properties.some(({ wire }) => Object.hasOwn(value, wire));
        if (alone) findings.push(repaired('list', { ...place, list: list.wire }, '{…}', '[{…}]'));
        const records = alone ? [value] : Array.isArray(value) ? (value as readonly JsonValue[]) : undefined;
        return [
          list.wire,
          records?.map((record, index) =>
            isObject(record) ? repairRecord(list.properties, record, () => wireRecordPlace(place, list, index, record), repairs) : record,
          ) ?? (value as JsonValue),
        ];
      }),
    );
  const half = HALF_WIRE.multiPerformances.property;
  const given = student[half];
  // An empty object of PHP is written as an empty list.
  const isEmptyList = Array.isArray(given) && given.length === 0;
  if (isEmptyList) findings.push(repaired('list', { ...place, property: half }, '[]', '{}'));
  const performances: JsonValue | undefined = isEmptyList ? {} : given;
  return {
    ...student,
    [BASIC_DATA_WIRE]: {
      ...repairRecord(BASIC_DATA, basic, () => ({ ...place, list: BASIC_DATA_WIRE }), repairs),
      ...lists('basicData', basic),
    },
    ...lists('student', student),
    ...(isObject(performances) && { [half]: { ...performances, ...lists('multiPerformances', performances) } }),
  };
}

function repairRecord(properties: readonly WireProperty[], record: JsonObject, place: () => Place, repairs: Repairs): JsonObject {
  const changed: Record<string, JsonValue> = {};
  const made: ValueRepair[] = [];
  for (const property of properties) {
    const value = Object.hasOwn(record, property.wire) ? record[property.wire] : undefined;
    if (value === undefined || value === null) continue;
    const repair = repairValue(property, value);
    if (!repair) continue;
    changed[property.wire] = repair.to;
    // An id that was a number or not well formed is in the place.
    const [from, to] = property.wire === NATIONAL_ID ? ['…', '…'] : [shown(value), shown(repair.to)];
    repairs.findings.push(repaired(repair.kind, { ...place(), property: property.wire }, from, to));
    made.push({ property: property.wire, repair: repair.kind, from, to });
  }
  const whole = { ...record, ...changed };
  if (made.length > 0) repairs.ofRecords.set(whole, made);
  return whole;
}

type Repairing = { readonly kind: Repair; readonly to: JsonValue } | undefined;

/** What can be repaired is a number, a day, a term, a hash: longer texts are none of these. */
const REPAIRED_CHARACTERS = 100;

function repairValue(property: WireProperty, value: JsonValue): Repairing {
  if (property.type === 'number') return repairNumber(property, value);
  if (property.type === 'boolean') return repairBoolean(value);
  // A number has no leading zeros and few digits: a course code or an id that became one is lost.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { kind: 'text', to: String(value) } : undefined;
  if (typeof value !== 'string') return undefined;
  const changed = (kind: Repair, to: string | undefined): Repairing => (to === undefined || to === value ? undefined : { kind, to });
  if (!value.isWellFormed()) return { kind: 'text', to: value.toWellFormed() };
  if (!isCode(property)) return isPadded(value) ? { kind: 'padding', to: withoutPadding(value) } : undefined;
  const inner = trimmed(value);
  // What is carried byte for byte loses only what surrounds it.
  if (property.shape === 'courseCode' || property.role === 'link') return changed('padding', inner);
  if (inner.length > REPAIRED_CHARACTERS) return undefined;
  const plain = plainCode(inner);
  if (property.role === 'md5') return changed('md5', /^[0-9A-Fa-f]{32}$/.test(plain) ? plain.toLowerCase() : undefined);
  if (property.shape === 'date' || property.shape === 'dateTime' || property.shape === 'dateOrTime')
    return repairDay(property.shape, value, plain);
  // A value of no table is kept as it is.
  if (property.codes) return changed('code', Object.hasOwn(CODE_TABLES[property.codes], plain) ? plain : undefined);
  if (property.shape === 'term') return changed('term', readTerm(plain) ?? plain);
  return changed('code', property.shape === 'nationalId' || property.shape === 'schoolCode' ? canonicalCode(plain) : plain);
}

/** What a cell of a table says where the table names no types; and why it does not say it. */
export type ReadValue = { readonly value: JsonValue } | { readonly problem: 'date' | 'number' | 'yesOrNo' | 'term' | 'code' };

/**
 * Reads the text of a cell as the value of a property, in every form that a document's repairs know, and in those of people: a
 * code by its name, a number with its unit. @param text trimmed, not empty
 */
export function readValue(property: WireProperty, text: string): ReadValue {
  if (property.codes) return readCode(property.codes, text);
  const given = property.type === 'number' ? text.replace(UNITS, '') : isDated(property) ? fromSerial(text) : text;
  const value = repairValue(property, given)?.to ?? given;
  if (property.type === 'number') return typeof value === 'number' ? { value } : { problem: 'number' };
  if (property.type === 'boolean') return typeof value === 'boolean' ? { value } : { problem: 'yesOrNo' };
  if (isDated(property)) return /^(?:\d{4}[-/]\d\d[-/]\d\d.*)?$/.test(String(value)) ? { value } : { problem: 'date' };
  if (property.shape === 'term') return value === '' || /^\d{4}$/.test(String(value)) ? { value } : { problem: 'term' };
  return { value };
}

const isDated = ({ shape }: WireProperty): boolean => shape === 'date' || shape === 'dateTime' || shape === 'dateOrTime';

/** What stands behind a number in a cell. */
const UNITS = /\s*(?:小時|時數|時|節|週|周|學分|分)$/;

/** Days since the last one of 1899, by which Excel keeps a date: of the years that anything in a portfolio can be of. */
const SERIAL = /^[1-7]\d{4}(?:\.\d+)?$/;

/** A date that a spreadsheet shows as its number. */
const fromSerial = (text: string): string =>
  SERIAL.test(text) ? new Date(Date.UTC(1899, 11, 30 + Math.floor(Number(text)))).toISOString().slice(0, 10) : text;

function readCode(name: CodeTableName, text: string): ReadValue {
  const table = CODE_TABLES[name];
  const plain = plainCode(text);
  // A code of no table is kept, and reported by the rules.
  if (Object.hasOwn(table, plain) || /^[0-9]{1,4}$/.test(plain)) return { value: plain };
  const given = plainName(text);
  const isMeant = ([code, called]: readonly [string, string]) =>
    [called, ...(CODE_SYNONYMS[name]?.[code] ?? [])].map(plainName).some((plain) => [plain, code + plain, plain + code].includes(given));
  const found = Object.entries(table).find(isMeant);
  return found ? { value: found[0] } : { problem: 'code' };
}

/** A code's name without what people leave out or put in: blanks, signs, 級 at its end. */
const plainName = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replace(/級$/, '');

/** Whether the spec gives a text a form: such a text is nobody's own words. */
const isCode = ({ role, shape, codes }: WireProperty): boolean =>
  role === 'md5' || role === 'link' || codes !== undefined || (shape !== undefined && shape !== 'text');

/** So many blanks at the end of a text are the width of a database's column. */
const PADDING_BLANKS = 3;

/** Whether a text ends in what a database of fixed columns fills up with. */
const isPadded = (text: string): boolean => text.endsWith('\0') || text.length - withoutPadding(text).length >= PADDING_BLANKS;

function withoutPadding(text: string): string {
  let end = text.length;
  while (end > 0 && [' ', '\0', '\u3000'].includes(text[end - 1] as string)) end--;
  return text.slice(0, end);
}

/** Numbers written as text; and whatever says "none", which the spec writes as -1. */
function repairNumber(property: WireProperty, value: JsonValue): Repairing {
  const text = typeof value === 'string' && trimmed(value).length <= REPAIRED_CHARACTERS ? plainCode(trimmed(value)) : undefined;
  if (text === '') return { kind: 'number', to: property.whenAbsent };
  const number = text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : value;
  if (typeof number !== 'number') return undefined;
  const to = number < -1 && property.whenAbsent === -1 ? -1 : number;
  return to === value ? undefined : { kind: 'number', to };
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', '1', 'y', 'v', '是', '有', '✓', '✔', '○'].map((text) => [text, true] as const),
  ...['false', 'no', '0', 'n', 'x', '否', '無', '✗', '✘', '×', ''].map((text) => [text, false] as const),
]);

function repairBoolean(value: JsonValue): Repairing {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const to = readYes(String(value));
  return to === undefined ? undefined : { kind: 'boolean', to };
}

/** Yes or no, as systems and people write it; undefined for anything else. */
export function readYes(text: string): boolean | undefined {
  const inner = trimmed(text);
  return inner.length > REPAIRED_CHARACTERS ? undefined : BOOLEANS.get(plainCode(inner).toLowerCase());
}

const two = (value: string | number | undefined): string => String(Number(value ?? 0)).padStart(2, '0');

/**
 * Days that say that none was ever set: the zeros of .NET, of SQL Server's two types of time, of Access, Excel and
 * Delphi, and of MySQL; and the first day of the Republic, which they become when 1911 is added.
 */
const NEVER_SET: ReadonlySet<string> = new Set([
  ...['0001/01/01', '1753/01/01', '1899/12/30', '1899/12/31', '1900/01/00', '1900/01/01'],
  ...['0000/00/00', '1911/00/00', '1912/01/01'],
]);

const TIME =
  /^T?\s*(上午|下午|晚上|中午|凌晨|AM|PM)?\s*(\d{1,2})(?::|時|點)\s*(\d{1,2})(?:(?::|分)\s*(\d{1,2}))?(?:\.\d{1,9})?[秒分]?\s*(AM|PM)?\s*(Z|[+-]\d\d:?\d\d)?$/i;

/** A day, with a time or without. @param plain the text, trimmed and narrowed, of bounded length */
function repairDay(shape: 'date' | 'dateTime' | 'dateOrTime', value: string, plain: string): Repairing {
  const changed = (kind: Repair, to: string): Repairing => (to === value ? undefined : { kind, to });
  if (/^[\s/:-]*$/.test(plain)) return changed('date', '');
  const written = writtenDay(plain);
  if (!written) return undefined;
  const { parts, beforeRepublic, rest } = written;
  const time = rest === '' ? undefined : TIME.exec(rest);
  if (time === null) return undefined;
  if (beforeRepublic || NEVER_SET.has(parts.join('/'))) return changed('unset', '');
  if (!isRealDate(parts.map(Number) as [number, number, number])) return undefined;
  const withTime = shape === 'dateTime' || (shape === 'dateOrTime' && time !== undefined);
  if (!withTime) return changed('date', parts.join('/'));
  const moment = momentOf(parts, time);
  return moment === undefined ? undefined : changed('time', moment);
}

const TAIWAN_HOURS = 8;
const AFTERNOON: ReadonlySet<string> = new Set(['下午', '晚上', '中午', 'PM']);

/** `yyyy-MM-dd HH:mm:ss` of a day and a clock of twice twelve or of 24 hours; universal time becomes Taiwan's. */
function momentOf(parts: readonly [string, string, string], time: RegExpExecArray | undefined): string | undefined {
  const half = (time?.[1] ?? time?.[5] ?? '').toUpperCase();
  const number = Number(time?.[2] ?? 0);
  const hour = half === '' ? number : (number % 12) + (AFTERNOON.has(half) ? 12 : 0);
  const [minute, second] = [Number(time?.[3] ?? 0), Number(time?.[4] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const clock = [hour, minute, second].map(two).join(':');
  if (time?.[6]?.toUpperCase() !== 'Z') return `${parts.join('-')} ${clock}`;
  const instant = new Date(`${parts.join('-')}T${clock}Z`).getTime();
  return new Date(instant + TAIWAN_HOURS * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** The usable entries of a `filename_mapping.json`. */
export interface RepairedMapping {
  /** File name to the name it was uploaded under. */
  readonly mapping: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
}

/**
 * Reads a parsed mapping of any shape: an object, an empty list of PHP, or the list of keys and values that .NET writes.
 * What cannot be used is a warning: the files keep their own names. @param entry the mapping's name in the package
 */
export function repairMapping(parsed: unknown, entry: string): RepairedMapping {
  const isList = Array.isArray(parsed);
  const pairs: readonly (readonly [unknown, unknown])[] = isList
    ? parsed.map(pairOf)
    : isObject(parsed)
      ? Object.entries(parsed)
      : [['', '']];
  const mapping = new Map<string, string>();
  let unusable = false;
  for (const [name, original] of pairs) {
    if (typeof name !== 'string' || name === '' || /[/\\]/.test(name) || (typeof original !== 'string' && original !== null))
      unusable = true;
    else if (original !== null) mapping.set(name, original);
  }
  return {
    mapping,
    findings: [
      ...(isList && !unusable ? [repaired('mapping', { entry }, parsed.length === 0 ? '[]' : '[{…}]', '{…}')] : []),
      ...(unusable ? [unusableMapping(entry)] : []),
    ],
  };
}

/** The finding for a mapping that cannot be used, or not all of it. */
export const unusableMapping = (entry: string): Finding => ({
  code: 'LPX_MAPPING_UNUSABLE',
  severity: 'warning',
  place: { entry },
  facts: {},
});

function pairOf(item: unknown): readonly [unknown, unknown] {
  if (!isObject(item)) return [undefined, undefined];
  const value = (name: string) => Object.entries(item).find(([key]) => key.toLowerCase() === name)?.[1];
  return [value('key'), value('value') ?? null];
}
