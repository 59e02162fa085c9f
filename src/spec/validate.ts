/** Holds a document against the schema, and says every violation in the document's own words. */
import type { Finding, Place } from '../errors.js';
import { maskId } from '../masking.js';
import { BoundedFindings, EXAMPLES } from './findings.js';
import type { Receipt } from './generated/receipt.js';
import { validateDocument as documentValidator, validateReceipt as receiptValidator } from './generated/validators.js';
import { BASIC_DATA, LISTS, type Shape, type WireList, type WireProperty } from './generated/wire-table.js';
import { placeOfPath } from './place.js';
import { BASIC_DATA_WIRE, basicDataWire, HALF_WIRE } from './portfolio.js';

/** The part of ajv's error that is used here. */
interface Violation {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}
type Validator = ((data: unknown) => boolean) & { errors?: Violation[] | null };

/** What a value was expected to be: a JSON type, a shape, or a bound. `messages/` has the words. */
export type Expectation = Shape | 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'present' | 'atLeast' | 'atMost';

const NATIONAL_ID = basicDataWire('nationalId');
const SHAPE_OF = new Map<string, Shape>(
  [{ wire: BASIC_DATA_WIRE, properties: BASIC_DATA }, ...LISTS].flatMap((list) =>
    list.properties.flatMap((property: WireProperty) =>
      property.shape ? [[`${list.wire}/${property.wire}`, property.shape] as const] : [],
    ),
  ),
);
const VALUE_CHARACTERS = 40;

/**
 * Every violation of the exchange document's schema, each with its place, the value found and what was expected.
 * Empty when the document is valid.
 */
export function documentFindings(document: unknown): Finding[] {
  const place = (path: readonly string[]) => placeOfPath(document, path);
  const found = new Violations(documentValidator as Validator, document, place);
  if (!Array.isArray(document) || document.length === 0) found.validate(document);
  else
    for (const [index, student] of document.entries()) {
      // What is not an object is not a student: a million numbers need no error each.
      if (isObject(student)) found.startStudent();
      for (const { part, pathOf } of partsOf(student, String(index))) found.validate([part], pathOf);
    }
  return found.list();
}

const isObject = (value: unknown): boolean => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Records that are validated at a time: the validator keeps every violation of what it is given. */
const RECORDS_AT_A_TIME = 100;

/** A part of a student to validate by itself, and where a path in it leads in the document; undefined for what is not of that part. */
interface Part {
  readonly part: unknown;
  readonly pathOf: (path: readonly string[]) => readonly string[] | undefined;
}

/** A student whole; one with many records without their lists first, and then a few records at a time. */
function* partsOf(student: unknown, index: string): Generator<Part> {
  const lists = (isObject(student) ? LISTS : [])
    .map((list) => ({ list, steps: stepsTo(list) }))
    .filter(({ steps }) => Array.isArray(valueAt(student, steps)));
  const recordsIn = (steps: readonly string[]) => valueAt(student, steps) as readonly unknown[];
  const inStudent = (path: readonly string[]) => [index, ...path.slice(1)];
  if (lists.reduce((sum, { steps }) => sum + recordsIn(steps).length, 0) <= RECORDS_AT_A_TIME) {
    yield { part: student, pathOf: inStudent };
    return;
  }
  yield { part: lists.reduce((part, { steps }) => withValue(part, steps, []), student), pathOf: inStudent };
  for (const { steps } of lists) {
    const records = recordsIn(steps);
    const depth = steps.length + 1;
    for (let start = 0; start < records.length; start += RECORDS_AT_A_TIME) {
      const pathOf = (path: readonly string[]) =>
        path.length > depth && steps.every((step, i) => path[i + 1] === step)
          ? [index, ...steps, String(Number(path[depth]) + start), ...path.slice(depth + 1)]
          : undefined;
      yield { part: withValue({}, steps, records.slice(start, start + RECORDS_AT_A_TIME)), pathOf };
    }
  }
}

/** The path from a student to a list. */
const stepsTo = ({ owner, wire }: WireList): string[] =>
  owner === 'student' ? [wire] : [owner === 'basicData' ? BASIC_DATA_WIRE : HALF_WIRE.multiPerformances.property, wire];

function withValue(owner: unknown, [step = '', ...steps]: readonly string[], value: unknown): unknown {
  const inner = valueAt(owner, [step]) ?? {};
  return { ...(owner as object), [step]: steps.length === 0 ? value : withValue(inner, steps, value) };
}

export const isReceipt = (value: unknown): value is Receipt => (receiptValidator as Validator)(value);

type PathOf = Part['pathOf'];

/** What a validator says of a document, part by part: of what is wrong a thousand times, a few examples and the number. */
class Violations {
  readonly #validator: Validator;
  readonly #data: unknown;
  readonly #place: (path: readonly string[]) => Place;
  readonly #found = new BoundedFindings();
  readonly #kinds = new Map<string, { count: number; last: Finding }>();
  #isStudentSound = true;

  constructor(validator: Validator, data: unknown, place: (path: readonly string[]) => Place) {
    this.#validator = validator;
    this.#data = data;
    this.#place = place;
  }

  startStudent(): void {
    this.#isStudentSound = true;
  }

  /** @param pathOf where a path in `part` leads in the whole; undefined for what is not of that part */
  validate(part: unknown, pathOf: PathOf = (path) => path): void {
    if (this.#validator(part)) return;
    for (const violation of this.#validator.errors ?? []) {
      const path = pathOf(stepsOf(violation.instancePath));
      if (path) this.#report(violation, path);
    }
  }

  list(): Finding[] {
    return this.#found.list();
  }

  #report(violation: Violation, path: readonly string[]): void {
    const missing = violation.keyword === 'required' ? String(violation.params.missingProperty) : '';
    const key = `${violation.keyword} ${violation.instancePath.replaceAll(/\/\d+/g, '')} ${missing}`;
    const kind = this.#kinds.get(key);
    // To make a finding takes longer than to count it.
    if (kind && kind.count >= EXAMPLES && !this.#isStudentSound) {
      this.#found.count(kind.last);
      return;
    }
    const last = this.#findingOf(violation, path, missing);
    this.#found.push(last);
    this.#kinds.set(key, { count: (kind?.count ?? 0) + 1, last });
    this.#isStudentSound = false;
  }

  #findingOf(violation: Violation, path: readonly string[], missing: string): Finding {
    const value = missing === '' ? valueAt(this.#data, path) : undefined;
    return {
      code: 'LPX_SCHEMA',
      severity: 'error',
      place: this.#place(missing === '' ? path : [...path, missing]),
      facts: {
        // An id is in the place.
        value: shown(path.at(-1) === NATIONAL_ID && typeof value === 'string' ? maskId(value) : value),
        expected: expectation(violation, path),
        detail: bound(violation),
      },
    };
  }
}

/** A JSON pointer, taken apart. */
const stepsOf = (pointer: string): string[] => {
  const steps = pointer.split('/').slice(1);
  return pointer.includes('~') ? steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')) : steps;
};

function expectation({ keyword, params }: Violation, path: readonly string[]): Expectation {
  if (keyword === 'required') return 'present';
  if (keyword === 'minimum') return 'atLeast';
  if (keyword === 'maximum') return 'atMost';
  if (keyword === 'type') return ([params.type].flat()[0] as Expectation) ?? 'string';
  const names = path.filter((step) => !/^\d+$/.test(step));
  // What is left is a pattern, and each pattern of the schema has an `x-shape`.
  return SHAPE_OF.get(names.slice(-2).join('/')) as Shape;
}

const bound = ({ keyword, params }: Violation): string => (keyword === 'minimum' || keyword === 'maximum' ? String(params.limit) : '');

function valueAt(data: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, step) => (value === null || typeof value !== 'object' ? undefined : (value as Record<string, unknown>)[step]),
    data,
  );
}

/** A value as a message may show it: JSON, cut short. Not for national ids: those are in the place. */
export function shown(value: unknown): string {
  if (value === undefined) return '';
  const cut = typeof value === 'string' ? value.slice(0, 2 * VALUE_CHARACTERS + 1) : value;
  const json = typeof cut === 'object' && cut !== null ? (Array.isArray(cut) ? '[…]' : '{…}') : JSON.stringify(cut);
  return json.length > VALUE_CHARACTERS ? `${[...json].slice(0, VALUE_CHARACTERS).join('')}…` : json;
}
