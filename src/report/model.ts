/**
 * What stands in a report: data, and sentences in the reader's language. No HTML; the pages are made of it in `pages.tsx`.
 * Texts from outside stand in it as they are.
 */
import type { Picture } from '../spec/pictures.js';
import type { ListName, OwedFile, RecordOf } from '../spec/portfolio.js';
import type { ValueRepair } from '../spec/repair.js';
import type { Mood, Signer } from './layout.js';

/** The commands that write a report: each has a heading of its own. */
export type ReportKind = 'show' | 'verify' | 'import' | 'export';

/** What a school's office signs with: the clerk, the head of the office, and the school's seal. */
export const OFFICE: readonly Signer[] = ['clerk', 'chief', 'seal'];

export interface Report {
  readonly kind: ReportKind;
  /** What it is about: the name of a package or of a student. */
  readonly about: string;
  /** The version of lpx. */
  readonly version: string;
  readonly madeAt: Date;
  /** What the command came to; undefined where it only shows something. */
  readonly verdict?: Verdict | undefined;
  /** The steps of a verification, in their order. */
  readonly checks?: readonly ReportCheck[];
  /** The worst first. */
  readonly findings?: readonly ReportFinding[];
  /** Blocks of names and values: a package, a receipt. */
  readonly packages?: readonly (readonly ReportFact[])[];
  readonly students?: readonly ReportStudent[];
  /** Whether there are more records than a report has room for: of some students, only the counts are shown. */
  readonly isCut?: boolean;
  /** What is not among the students' records, and why. */
  readonly tables?: readonly ReportTable[];
  readonly signers: readonly Signer[];
}

export interface Verdict {
  readonly mood: Mood;
  readonly title: string;
  /** What it means for the data, and what to do. */
  readonly lines: readonly string[];
}

export interface ReportCheck {
  readonly name: string;
  /** `partial`: damaged, but accepted without what is damaged. */
  readonly status: 'passed' | 'partial' | 'failed' | 'skipped';
  /** The status in a word. */
  readonly text: string;
}

export interface ReportFinding {
  readonly severity: 'error' | 'warning' | 'note';
  readonly code: string;
  /** Who and where; empty for the whole. */
  readonly where: string;
  readonly message: string;
  readonly hint: string;
  readonly differences?: readonly { readonly property: string; readonly stored: string; readonly received: string }[];
  /** How many more of its kind are not listed. */
  readonly more?: number;
}

export interface ReportFact {
  readonly name: string;
  readonly value: string;
  /** Whether it is to be compared character by character. */
  readonly isCode?: boolean;
  /** Whether it is a date or a time, to be shown as the language writes them. */
  readonly isDate?: boolean;
}

export interface ReportTable {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface ReportStudent {
  /** Whole or masked: on paper it is masked. */
  readonly nationalId: string;
  readonly name: string;
  /** `2003/05/06`; empty where it is not known. */
  readonly birthDate: string;
  /** What a list of students says: number, class, seat. */
  readonly roll?: readonly ReportFact[];
  /** The term of entry, `1081`; empty where it is not known. */
  readonly entered: string;
  readonly school: string;
  /** The school the student came from; may be empty. */
  readonly cameFrom: string;
  /** No attachments: not known. */
  readonly counts: { readonly courseResults: number; readonly multiPerformances: number; readonly attachments?: number };
  /** What became of the student, such as `added`; may be empty. */
  readonly remark: string;
  /** Undefined where only the counts are shown. */
  readonly records: readonly ReportRecord[] | undefined;
}

/** A record as a report shows it: its fields, and what the command says of it. */
export interface ReportRecord {
  readonly list: ListName;
  readonly title: string;
  readonly term: string;
  readonly fields: RecordOf[ListName];
  /** Properties that the spec does not know, as text. */
  readonly extras: readonly ReportFact[];
  /** Its reference in the store; may be empty. */
  readonly ref: string;
  /** Words on it: where it came from, what becomes of it, which version it is. */
  readonly remarks: readonly string[];
  /** The name of its school; empty when it is not known. */
  readonly schoolName: string;
  readonly files: readonly ReportFile[];
  /** Files that it is owed. */
  readonly owed: readonly OwedFile[];
  /** What was repaired of it when it came. */
  readonly repairs: readonly ValueRepair[];
}

export interface ReportFile {
  readonly name: string;
  /** `pdf`, `jpg`, … */
  readonly type: string;
  readonly bytes: number;
  readonly md5: string;
  readonly picture: Picture | undefined;
}
