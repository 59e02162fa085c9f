/** Holds a document against the schema, and says every violation in the document's own words. */
import { type Finding, maskId } from '../errors.js';
import type { Receipt } from './generated/receipt.js';
import {
  validateDocument as documentValidator,
  validateMapping as mappingValidator,
  validateReceipt as receiptValidator,
} from './generated/validators.js';
import { BASIC_DATA, LISTS, type Shape, type WireProperty } from './generated/wire-table.js';
import { BASIC_DATA_WIRE, basicDataWire, type JsonObject, type JsonValue } from './portfolio.js';

/** The part of ajv's error that is used here. */
interface Violation {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}
type Validator = ((data: unknown) => boolean) & { errors?: Violation[] | null };

/** What a value was expected to be: a JSON type, a shape, or a bound. `messages/` has the words. */
export type Expectation = Shape | 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'present' | 'range' | 'mappingName';

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
 * Every violation of the exchange document's schema, each with its place (`課程學習成果紀錄[3].課程代碼`,
 * counted from 0), the value found and what was expected. Empty when the document is sound.
 */
export const documentFindings = (document: unknown): Finding[] =>
  findings(documentValidator as Validator, document, (path) => placeInDocument(document, path));

/** The same for a `filename_mapping.json`; `entry` is its name in the package. */
export const mappingFindings = (mapping: unknown, entry: string): Finding[] =>
  findings(mappingValidator as Validator, mapping, () => entry);

export const isReceipt = (value: unknown): value is Receipt => (receiptValidator as Validator)(value);

function findings(validator: Validator, data: unknown, place: (path: readonly string[]) => string): Finding[] {
  if (validator(data)) return [];
  return (validator.errors ?? []).map((violation) => {
    const path = violation.instancePath
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const missing = violation.keyword === 'required' ? [String(violation.params.missingProperty)] : [];
    const where = [...path, ...missing];
    return {
      code: 'LPX_SCHEMA',
      severity: 'error',
      where: place(where),
      facts: {
        value: missing.length > 0 ? '' : shown(valueAt(data, path), path.at(-1) ?? ''),
        expected: expectation(violation, path),
        detail: bound(violation),
      },
    };
  });
}

function expectation({ keyword, params }: Violation, path: readonly string[]): Expectation {
  if (keyword === 'required') return 'present';
  if (keyword === 'minimum' || keyword === 'maximum') return 'range';
  if (keyword === 'type') return ([params.type].flat()[0] as Expectation) ?? 'string';
  return (
    SHAPE_OF.get(
      path
        .filter((step) => !/^\d+$/.test(step))
        .slice(-2)
        .join('/'),
    ) ?? 'mappingName'
  );
}

const bound = ({ keyword, params }: Violation): string =>
  keyword === 'minimum' || keyword === 'maximum' ? `${params.comparison} ${params.limit}` : '';

function valueAt(data: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, step) => (value === null || typeof value !== 'object' ? undefined : (value as Record<string, unknown>)[step]),
    data,
  );
}

/** A value as a message may show it: JSON, cut short, ids masked, nothing that a terminal would obey. */
export function shown(value: unknown, property = ''): string {
  if (value === undefined) return '';
  const cut = typeof value === 'string' ? value.slice(0, 2 * VALUE_CHARACTERS + 1) : value;
  const text = typeof cut === 'string' && property === NATIONAL_ID ? maskId(cut) : cut;
  const json = typeof text === 'object' && text !== null ? (Array.isArray(text) ? '[…]' : '{…}') : JSON.stringify(text);
  return json.length > VALUE_CHARACTERS ? `${[...json].slice(0, VALUE_CHARACTERS).join('')}…` : json;
}

/** A JSON path as a clerk reads it; the student is named only where there are several. */
function placeInDocument(document: unknown, path: readonly string[]): string {
  const [student, ...rest] = path;
  if (student === undefined) return 'JSON';
  const inner = placeOf(rest);
  if (!Array.isArray(document) || document.length === 1) return inner === '' ? 'JSON' : inner;
  return [studentLabel(document, Number(student)), inner].filter(Boolean).join(' ');
}

const placeOf = (steps: readonly string[]): string =>
  steps.reduce((text, step) => (/^\d+$/.test(step) ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`), '');

function studentLabel(document: readonly JsonValue[], index: number): string {
  const basic = (document[index] as JsonObject | null)?.[BASIC_DATA_WIRE] as JsonObject | undefined;
  const id = basic?.[NATIONAL_ID];
  return typeof id === 'string' ? maskId(id) : `[${index}]`;
}

/** The places of a portfolio's records, and how to name one of their properties. */
export interface Places {
  readonly basicData: (property: string) => string;
  readonly list: (list: string) => string;
  readonly record: (list: string, index: number, property?: string) => string;
}

/** Places in the same words as the schema's, for what is found later. `several`: name the student too. */
export function placesOf(nationalId: string, several: boolean): Places {
  const prefix = several ? `${maskId(nationalId)} ` : '';
  const listPath = new Map(
    LISTS.map((list) => [
      list.wire,
      `${{ student: '', basicData: `${BASIC_DATA_WIRE}.`, multiPerformances: '多元表現.' }[list.owner]}${list.wire}`,
    ]),
  );
  return {
    basicData: (property) => `${prefix}${BASIC_DATA_WIRE}.${property}`,
    list: (list) => `${prefix}${listPath.get(list)}`,
    record: (list, index, property) => `${prefix}${listPath.get(list)}[${index}]${property ? `.${property}` : ''}`,
  };
}
