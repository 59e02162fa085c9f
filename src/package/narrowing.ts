/** Narrows a package to some of its students: errors of the others do not count. */
import type { Finding, Place } from '../errors.js';
import { canonicalCode } from '../plain-text.js';
import type { UnfitStudent } from '../spec/findings.js';
import { wireStudentPlace } from '../spec/place.js';
import type { JsonObject } from '../spec/portfolio.js';

export interface Narrow {
  /** National ids of the students who are wanted; without it, all of them. */
  readonly only?: readonly string[] | undefined;
  /** Skip students with errors, as long as one is left. */
  readonly skipUnfit?: boolean | undefined;
}

export class Narrowing {
  readonly wanted: ReadonlySet<string> | undefined;
  readonly #skipUnfit: boolean;
  readonly #unfit = new Map<string, { name: string; findings: Finding[] }>();

  constructor({ only, skipUnfit = false }: Narrow) {
    this.wanted = only && new Set(only.map(canonicalCode));
    this.#skipUnfit = skipUnfit;
  }

  /** Students who were put out, and why. */
  get unfit(): UnfitStudent[] {
    return [...this.#unfit].map(([nationalId, rest]) => ({ nationalId, ...rest }));
  }

  /** Whether a student is wanted, and was not put out. */
  includes(nationalId: string): boolean {
    return (this.wanted?.has(nationalId) ?? true) && !this.#unfit.has(nationalId);
  }

  /** The students of a document who are wanted and were not put out. */
  students(document: readonly JsonObject[]): JsonObject[] {
    return document.filter((student, i) => this.includes(wireStudentPlace(student, i).student ?? ''));
  }

  /**
   * What counts of the findings of a step. A student with an error is put out where that is wished, as long as one of the
   * students is left; when nobody is, what stood against those before counts too.
   * @param students everyone in the document, by national id
   */
  judge(findings: readonly Finding[], students: ReadonlySet<string>): readonly Finding[] {
    const studentOf = (place: Place) => studentIn(place, students);
    const counted = findings.filter(({ place }) => this.#counts(place, studentOf(place)));
    const against = this.#skipUnfit ? counted.filter(({ severity, place }) => severity === 'error' && studentOf(place) !== undefined) : [];
    if (against.length === 0) return counted;
    const out = new Set(against.map(({ place }) => studentOf(place)));
    if (![...students].some((student) => this.includes(student) && !out.has(student))) {
      const before = this.unfit.flatMap((student) => student.findings);
      this.#unfit.clear();
      return [...before, ...counted];
    }
    for (const finding of against) this.#putOut(studentOf(finding.place) as string, finding);
    return counted.filter(({ place }) => !out.has(studentOf(place)));
  }

  #putOut(student: string, finding: Finding): void {
    const unfit = this.#unfit.get(student) ?? { name: finding.place.name ?? '', findings: [] };
    unfit.findings.push(finding);
    this.#unfit.set(student, unfit);
  }

  /** Of a narrowed package, nameless students do not count either: they are not wanted. */
  #counts({ index }: Place, student: string | undefined): boolean {
    return student === undefined ? index === undefined || this.wanted === undefined : this.includes(student);
  }
}

/** The student a place is in: by their id, or by the folder of an entry, which is named by it. */
function studentIn({ student, entry = '' }: Place, students: ReadonlySet<string>): string | undefined {
  if (student !== undefined) return student;
  const folder = canonicalCode(entry.slice(0, entry.indexOf('/') + 1).slice(0, -1));
  return students.has(folder) ? folder : undefined;
}
