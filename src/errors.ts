/** Errors and findings: their codes and sentences are in the catalogue (`messages/catalogue.ts`). */
import { maskIds } from './masking.js';
import { CATALOGUE, type Code, type ExitCode, type FactsOf } from './messages/catalogue.js';
import { en } from './messages/en.js';
import { type Facts, fill } from './messages/fill.js';

export { CATALOGUE, type Code, EXIT, type ExitCode, type FactsOf } from './messages/catalogue.js';
export type { Facts } from './messages/fill.js';

/**
 * Where something was seen, as data: in a student's data, in an entry of an archive, or in a file. Empty when it is
 * the whole. Its text, with ids masked and numbers from 1, is made where it is shown and read by nobody.
 */
export interface Place {
  /** National id, whole. */
  readonly student?: string;
  /** The student's name. */
  readonly name?: string;
  /** The student's index in the document, from 0; only for a student without an id. */
  readonly index?: number;
  /** A list of records, or the basic data, by its name on the wire. */
  readonly list?: string;
  /** The record's index in its list, from 0. */
  readonly record?: number;
  /** The record's reference in the store: `O12`, `R5`. */
  readonly ref?: string;
  /** The record's title. */
  readonly title?: string;
  /** By its name on the wire. */
  readonly property?: string;
  /** A file of the record by its original name; without a student, a file outside the data. */
  readonly file?: string;
  /** The sheet of a workbook, by its name. */
  readonly sheet?: string;
  /** The row of a table, from 0. */
  readonly row?: number;
  /** The column of a table, by its title there. */
  readonly column?: string;
  /** The entry's name in the archive. */
  readonly entry?: string;
  /** A national id that stands there and is not the student's. */
  readonly otherStudent?: string;
}

/** A property in which a stored record and a received one differ, by its name on the wire, with both values as text. */
export interface Difference {
  readonly property: string;
  readonly stored: string;
  readonly received: string;
}

export interface ErrorOptions {
  readonly cause?: unknown;
  /** What else was found on the way, when more than one thing is wrong. */
  readonly findings?: readonly Finding[];
  /** The entry or the file that the facts name, unless given. */
  readonly place?: Place;
}

/** Facts and options; the facts may be left out where the sentences have none. */
type Arguments<C extends Code> =
  Record<string, never> extends FactsOf<C> ? [facts?: FactsOf<C>, options?: ErrorOptions] : [facts: FactsOf<C>, options?: ErrorOptions];

/**
 * Ends a command. Thrown where the problem is known, shown in one place. Its `message` is the English sentence without
 * who and where: those are in `place`, so that a log of the error has no national id in it.
 */
export class LpxError<C extends Code = Code> extends Error {
  readonly code: C;
  readonly facts: Facts;
  // Private, so that who logs an error with its properties does not log ids.
  readonly #place: Place;
  readonly #findings: readonly Finding[];

  constructor(code: C, ...[facts, options = {}]: Arguments<C>) {
    const given: Facts = facts ?? {};
    const place = options.place ?? placeInFacts(given);
    super(fill(CATALOGUE[code].what, maskedFacts(given, place), en.words), { cause: options.cause });
    this.name = 'LpxError';
    this.code = code;
    this.facts = given;
    this.#place = place;
    this.#findings = options.findings ?? [];
  }

  /** Where, and whose data: with national ids. */
  get place(): Place {
    return this.#place;
  }

  /** What else was found on the way, when more than one thing is wrong. */
  get findings(): readonly Finding[] {
    return this.#findings;
  }

  get exitCode(): ExitCode {
    return CATALOGUE[this.code].exit;
  }
}

function placeInFacts({ entry, file }: Facts): Place {
  if (entry !== undefined) return { entry: String(entry) };
  return file === undefined ? {} : { file: String(file) };
}

/** The national ids of a place. */
export const idsOf = ({ student, otherStudent }: Place): string[] => [student, otherStudent].filter((id) => id !== undefined);

/** Facts as anyone may read them: a file may be named by an id. */
export const maskedFacts = (facts: Facts, place: Place): Facts =>
  Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? maskIds(value, idsOf(place)) : value]),
  );

export type Severity = 'error' | 'warning' | 'note';

/** One thing seen in a package or a document. */
export type Finding<C extends Code = Code> = C extends Code
  ? {
      readonly code: C;
      readonly severity: Severity;
      readonly place: Place;
      readonly facts: FactsOf<C>;
      /** How many more of its kind there are that are not listed. */
      readonly more?: number;
      /** Of a record that is stored in another form: what differs. */
      readonly differences?: readonly Difference[];
    }
  : never;

/** A finding, where its code is chosen by the caller. */
export const findingOf = <C extends Code>(
  code: C,
  severity: Severity,
  place: Place,
  ...[facts]: Record<string, never> extends FactsOf<C> ? [] : [facts: FactsOf<C>]
): Finding => ({ code, severity, place, facts: facts ?? {} }) as Finding;

/** The error a list of findings amounts to: the first of severity `error`, carrying them all. */
export function errorOf(findings: readonly Finding[]): LpxError | undefined {
  const first = findings.find((finding) => finding.severity === 'error');
  return first && new LpxError<Code>(first.code, first.facts, { findings, place: first.place });
}
