/** Holds a document against the schema, and says every violation in the document's own words. */
import type { Finding, Place } from '../errors.js';
import type { Receipt } from './generated/receipt.js';
import {
  validateDocument as documentValidator,
  validateMapping as mappingValidator,
  validateReceipt as receiptValidator,
} from './generated/validators.js';
import { BASIC_DATA, LISTS, type Shape, type WireProperty } from './generated/wire-table.js';
import { placeOfPath } from './place.js';
import { BASIC_DATA_WIRE, basicDataWire } from './portfolio.js';

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
 * Every violation of the exchange document's schema, each with its place, the value found and what was expected.
 * Empty when the document is sound.
 */
export const documentFindings = (document: unknown): Finding[] =>
  findings(documentValidator as Validator, document, (path) => placeOfPath(document, path));

/** The same for a `filename_mapping.json`; `entry` is its name in the package. */
export const mappingFindings = (mapping: unknown, entry: string): Finding[] =>
  findings(mappingValidator as Validator, mapping, () => ({ entry }));

export const isReceipt = (value: unknown): value is Receipt => (receiptValidator as Validator)(value);

function findings(validator: Validator, data: unknown, place: (path: readonly string[]) => Place): Finding[] {
  if (validator(data)) return [];
  return (validator.errors ?? []).map((violation) => {
    const path = violation.instancePath
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const missing = violation.keyword === 'required' ? [String(violation.params.missingProperty)] : [];
    const value = missing.length > 0 ? undefined : valueAt(data, path);
    return {
      code: 'LPX_SCHEMA',
      severity: 'error',
      place: place([...path, ...missing]),
      facts: {
        // An id is in the place.
        ...(!(path.at(-1) === NATIONAL_ID && typeof value === 'string') && { value: shown(value) }),
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

/** A value as a message may show it: JSON, cut short. Not for national ids: those are in the place. */
export function shown(value: unknown): string {
  if (value === undefined) return '';
  const cut = typeof value === 'string' ? value.slice(0, 2 * VALUE_CHARACTERS + 1) : value;
  const json = typeof cut === 'object' && cut !== null ? (Array.isArray(cut) ? '[…]' : '{…}') : JSON.stringify(cut);
  return json.length > VALUE_CHARACTERS ? `${[...json].slice(0, VALUE_CHARACTERS).join('')}…` : json;
}
