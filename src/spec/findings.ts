/** Keeps the number of findings within bounds: a document can be wrong a million times over. */
import { type Finding, findingOf, type Place } from '../errors.js';
import { withheldUnlessId } from '../masking.js';

/** A student who was asked for and is left out. The name is empty of one who is not known. */
export interface UnfitStudent {
  readonly nationalId: string;
  readonly name: string;
  /** Findings about the student: errors, and others. */
  readonly findings: readonly Finding[];
}

/** Findings of one kind that are kept whole; the rest is counted. */
export const EXAMPLES = 20;
/** Kinds that are distinguished by property; any beyond these only by code. */
const KINDS = 1000;

interface Kind {
  kept: number;
  more: number;
  /** Where the last one that was kept stands in the list. */
  last: number;
}

/**
 * Collects findings: a few of each kind (code, severity, property), and at least one error of each student; of the
 * others it counts how many there are (`more` of the last of the kind). No kind is lost, so that the severity and the
 * exit code are those of all.
 */
export class BoundedFindings {
  readonly #kept: Finding[] = [];
  readonly #kinds = new Map<string, Kind>();
  readonly #studentsWithErrors = new Set<string | number>();

  add(findings: Iterable<Finding>): this {
    for (const finding of findings) this.push(finding);
    return this;
  }

  push(finding: Finding): void {
    const kind = this.#kindOf(finding);
    // Both are asked: a student whose error is kept as an example has one.
    const isFirst = this.#isFirstErrorOfStudent(finding);
    if (kind.kept < EXAMPLES || isFirst) {
      kind.kept++;
      kind.last = this.#kept.push(finding) - 1;
      kind.more += finding.more ?? 0;
    } else {
      kind.more += 1 + (finding.more ?? 0);
    }
  }

  /** Counts one that is like another, which was pushed before, without its being made. */
  count(like: Finding): void {
    this.#kindOf(like).more++;
  }

  /** What was kept, in the order it was found. */
  list(): Finding[] {
    const findings = this.#kept.map(({ more: _, ...finding }): Finding => finding);
    for (const { more, last } of this.#kinds.values()) if (more > 0) findings[last] = { ...(findings[last] as Finding), more };
    return findings;
  }

  #kindOf({ code, severity, place }: Finding): Kind {
    const byCode = `${severity} ${code}`;
    const byProperty = `${byCode} ${place.list ?? ''} ${place.property?.slice(0, 100) ?? ''}`;
    const key = this.#kinds.has(byProperty) || this.#kinds.size < KINDS ? byProperty : byCode;
    const kind = this.#kinds.get(key) ?? { kept: 0, more: 0, last: 0 };
    this.#kinds.set(key, kind);
    return kind;
  }

  #isFirstErrorOfStudent({ severity, place }: Finding): boolean {
    const student = place.student ?? place.index;
    if (severity !== 'error' || student === undefined || this.#studentsWithErrors.has(student)) return false;
    this.#studentsWithErrors.add(student);
    return true;
  }
}

/** The finding for a student who is not in the store. @param at where a list names the student */
export const unknownStudent = (nationalId: string, at: Place = {}): Finding =>
  findingOf('LPX_NOT_IN_STORE', 'error', { student: withheldUnlessId(nationalId), ...at });
