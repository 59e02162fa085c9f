/** What a use case reads of students on its way to its result, for a report that shows more than the result says. */
import { Pictures } from './pictures.js';
import type { Portfolio } from './portfolio.js';

/** An attachment as a report names it. */
export interface SeenFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
  readonly md5: string;
}

/** More than anyone files on paper: of further students a report has no records. */
const MOST_RECORDS = 3000;

/** Collects students, in the order in which they are read, and the small pictures among their files. */
export class SeenContents {
  readonly portfolios: Portfolio<SeenFile>[] = [];
  readonly pictures = new Pictures();
  /** The names of schools by their codes, as far as they are known. */
  readonly schools = new Map<string, string>();
  #records = 0;
  #isFull = false;

  add(portfolio: Portfolio<SeenFile>): void {
    this.#records += portfolio.records.length;
    this.#isFull ||= this.#records > MOST_RECORDS && this.portfolios.length > 0;
    if (!this.#isFull) this.portfolios.push(portfolio);
  }

  /** Whether there were more students than a report has room for. */
  get isFull(): boolean {
    return this.#isFull;
  }
}
