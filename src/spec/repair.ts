/**
 * Repairs what schools' software is known to get wrong (docs/field-defects.md), before the schema is
 * asked. Every repair is a finding that says from what to what; what no repair fits stays as it is, for the
 * schema to name.
 */
import type { Finding, Place } from '../errors.js';
import { BASIC_DATA, LISTS, type WireProperty } from './generated/wire-table.js';
import { DOCUMENT_PLACE, wireRecordPlace, wireStudentPlace } from './place.js';
import { BASIC_DATA_WIRE, basicDataWire, HALF_WIRE, type JsonObject, type JsonValue, type WireList } from './portfolio.js';
import { shown } from './validate.js';

/** What was wrong; `messages/` has the words. */
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
  | 'wrapping';

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
}

/** Repairs a parsed document of any shape. The one given is left as it is. */
export function repairDocument(parsed: unknown): RepairedDocument {
  const findings: Finding[] = [];
  if (isStudent(parsed)) findings.push(repaired('array', DOCUMENT_PLACE, '{…}', '[{…}]'));
  const document = isStudent(parsed) ? [parsed] : parsed;
  if (!Array.isArray(document)) return { document, findings };
  return { document: document.map((student, i) => (isStudent(student) ? repairStudent(student, i, findings) : student)), findings };
}

/** Whether a parsed JSON looks like an exchange document: students, or one student. */
export const holdsStudents = (value: unknown): boolean => isStudent(Array.isArray(value) ? value[0] : value);

const NATIONAL_ID = basicDataWire('nationalId');

const isObject = (value: unknown): value is JsonObject => value !== null && typeof value === 'object' && !Array.isArray(value);
const isStudent = (value: unknown): value is JsonObject => isObject(value) && isObject(value[BASIC_DATA_WIRE]);

function repairStudent(student: JsonObject, index: number, findings: Finding[]): JsonObject {
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
        const records = Array.isArray(value) ? (value as readonly JsonValue[]) : undefined;
        return [
          list.wire,
          records?.map((record, index) =>
            isObject(record) ? repairRecord(list.properties, record, () => wireRecordPlace(place, list, index, record), findings) : record,
          ) ?? (value as JsonValue),
        ];
      }),
    );
  const half = HALF_WIRE.multiPerformances.property;
  const performances = student[half];
  return {
    ...student,
    [BASIC_DATA_WIRE]: {
      ...repairRecord(BASIC_DATA, basic, () => ({ ...place, list: BASIC_DATA_WIRE }), findings),
      ...lists('basicData', basic),
    },
    ...lists('student', student),
    ...(isObject(performances) && { [half]: { ...performances, ...lists('multiPerformances', performances) } }),
  };
}

function repairRecord(properties: readonly WireProperty[], record: JsonObject, place: () => Place, findings: Finding[]): JsonObject {
  const changed: Record<string, JsonValue> = {};
  for (const property of properties) {
    const value = Object.hasOwn(record, property.wire) ? record[property.wire] : undefined;
    if (value === undefined || value === null) continue;
    const repair = repairValue(property, value);
    if (!repair) continue;
    changed[property.wire] = repair.to;
    // An id that was a number or not well formed is in the place.
    const [from, to] = property.wire === NATIONAL_ID ? ['…', '…'] : [shown(value), shown(repair.to)];
    findings.push(repaired(repair.kind, { ...place(), property: property.wire }, from, to));
  }
  return { ...record, ...changed };
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
  if (value.length > REPAIRED_CHARACTERS) return undefined;
  if (property.role === 'md5') return changed('md5', /^[0-9A-Fa-f]{32}$/.test(value) ? value.toLowerCase() : undefined);
  if (property.shape === 'date') return changed('date', repairDate(value));
  if (property.shape === 'dateTime') return changed('time', repairTime(value));
  if (property.shape === 'dateOrTime') return changed('date', /[:時]/.test(value) ? repairTime(value) : repairDate(value));
  if (property.shape === 'term') return changed('term', repairTerm(value));
  return undefined;
}

/** Numbers written as text; and whatever says "none", which the spec writes as -1. */
function repairNumber(property: WireProperty, value: JsonValue): Repairing {
  const number =
    typeof value === 'string' && value.length <= REPAIRED_CHARACTERS && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
  if (value === '') return { kind: 'number', to: property.whenAbsent };
  if (typeof number !== 'number') return undefined;
  const to = number < -1 && property.whenAbsent === -1 ? -1 : number;
  return to === value ? undefined : { kind: 'number', to };
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'y', '是'].map((text) => [text, true] as const),
  ...['false', '0', 'n', '否', ''].map((text) => [text, false] as const),
]);

function repairBoolean(value: JsonValue): Repairing {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const to = String(value).length > REPAIRED_CHARACTERS ? undefined : BOOLEANS.get(String(value).trim().toLowerCase());
  return to === undefined ? undefined : { kind: 'boolean', to };
}

/** Years below this are of the Republic of China. */
const FIRST_WESTERN_YEAR = 1900;
const ROC_YEAR_ZERO = 1911;
const two = (text: string | undefined): string => String(Number(text ?? 0)).padStart(2, '0');
const western = (year: string): string => {
  const number = Number(year);
  return String(number < FIRST_WESTERN_YEAR ? number + ROC_YEAR_ZERO : number).padStart(4, '0');
};

/** `yyyy/MM/dd` out of `1080901`, `108/9/1`, `20190901`, `2019-09-01`, `2019-09-01T…`, `//`; undefined for anything else. */
function repairDate(text: string): string | undefined {
  if (/^[\s/-]*$/.test(text)) return '';
  const day = dayIn(text.trim().replace(/[T ].*$/, ''));
  return day?.join('/');
}

function dayIn(text: string): [string, string, string] | undefined {
  const match =
    /^(\d{2,4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(text) ??
    /^(\d{4})(\d\d)(\d\d)$/.exec(text) ??
    /^(\d{2,3})(\d\d)(\d\d)$/.exec(text);
  return match ? [western(match[1] as string), two(match[2]), two(match[3])] : undefined;
}

const TAIWAN_HOURS = 8;

/** `yyyy-MM-dd HH:mm:ss` out of ISO, slashes, a day alone, or a clock of twice twelve hours; undefined for anything else. */
function repairTime(text: string): string | undefined {
  if (/^[\s/:-]*$/.test(text)) return '';
  const match = /^(\S+?)(?:[T ]\s*(上午|下午|AM|PM)?\s*(\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(AM|PM)?(Z|[+-]\d\d:?\d\d)?)?$/i.exec(
    text.trim(),
  );
  const day = dayIn(match?.[1] ?? '');
  if (!match || !day) return undefined;
  const half = (match[2] ?? match[6] ?? '').toUpperCase();
  const late = half === '下午' || half === 'PM';
  const hour = half === '' ? Number(match[3] ?? 0) : (Number(match[3] ?? 0) % 12) + (late ? 12 : 0);
  const clock = `${two(String(hour))}:${two(match[4])}:${two(match[5])}`;
  if (match[7]?.toUpperCase() !== 'Z') return `${day.join('-')} ${clock}`;
  // Universal time; schools live in Taiwan's.
  const instant = new Date(`${day.join('-')}T${clock}Z`).getTime();
  if (Number.isNaN(instant)) return undefined;
  return new Date(instant + TAIWAN_HOURS * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** `1081` out of `108-1`, `108/1` and `10801`; undefined for anything else. */
function repairTerm(text: string): string | undefined {
  const match = /^\s*(\d{2,3})\s*[-/]\s*0?([1-4])\s*$/.exec(text) ?? /^(\d{3})0([1-4])$/.exec(text);
  return match ? `${(match[1] as string).padStart(3, '0')}${match[2]}` : undefined;
}
