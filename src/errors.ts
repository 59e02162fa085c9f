/**
 * Every way lpx can say no, under a stable code. A finding (something seen in a package) and an error
 * (the end of a command) share the codes; the sentences live in `messages/`, the exit codes here.
 */

/** The process exit codes of the command line's contract. */
export const EXIT = {
  done: 0,
  ourFault: 1,
  callIsOff: 2,
  signature: 3,
  password: 4,
  damaged: 5,
  invalidData: 6,
  conflict: 7,
  someFailed: 8,
  interrupted: 9,
  busy: 10,
} as const;

/** The code of each error or finding, and the exit code it leads to when it ends a command. */
export const EXIT_CODE_OF = {
  LPX_INTERNAL: EXIT.ourFault,

  LPX_USAGE: EXIT.callIsOff,
  LPX_FILE_NOT_FOUND: EXIT.callIsOff,
  LPX_FILE_UNREADABLE: EXIT.callIsOff,
  LPX_WRITE_FAILED: EXIT.callIsOff,
  LPX_DISK_FULL: EXIT.callIsOff,
  LPX_FILE_CHANGED: EXIT.callIsOff,
  LPX_STORE_NOT_FOUND: EXIT.callIsOff,
  LPX_STORE_EXISTS: EXIT.callIsOff,
  LPX_STORE_FOREIGN: EXIT.callIsOff,
  LPX_GROUP_REFUSED: EXIT.callIsOff,
  LPX_STORE_BUSY: EXIT.busy,
  LPX_STUDENT_CHANGED: EXIT.busy,
  LPX_STORE_NEWER: EXIT.callIsOff,
  LPX_STORE_DAMAGED: EXIT.damaged,
  LPX_ATTACHMENT_LOST: EXIT.damaged,
  LPX_ATTACHMENT_BROKEN: EXIT.damaged,
  LPX_ATTACHMENT_RESTORED: EXIT.damaged,
  LPX_SCHOOL_CODE: EXIT.callIsOff,
  LPX_TERM: EXIT.callIsOff,
  LPX_DAY: EXIT.callIsOff,
  LPX_PICK_UNKNOWN: EXIT.callIsOff,
  LPX_IMPORT_UNKNOWN: EXIT.callIsOff,
  LPX_NO_DOCUMENT: EXIT.callIsOff,
  LPX_LOAD_OTHER_SCHOOL: EXIT.invalidData,
  LPX_PASSWORD_MISSING: EXIT.callIsOff,
  LPX_PASSWORD_UNSUITABLE: EXIT.callIsOff,
  LPX_PASSWORD_UNEQUAL: EXIT.callIsOff,
  LPX_NOT_IN_STORE: EXIT.callIsOff,
  LPX_PREVIOUS_ID: EXIT.callIsOff,

  LPX_SIGNATURE_MISSING: EXIT.signature,
  LPX_SIGNATURE_UNREADABLE: EXIT.signature,
  LPX_SIGNATURE_MISMATCH: EXIT.signature,
  LPX_SIGNATURE_TAKEN: EXIT.signature,
  LPX_UNSIGNED: EXIT.signature,

  LPX_PASSWORD_WRONG: EXIT.password,
  LPX_PASSWORD_FORM: EXIT.password,

  LPX_NOT_A_ZIP: EXIT.damaged,
  LPX_FILE_EMPTY: EXIT.damaged,
  LPX_FILE_PROGRAM: EXIT.damaged,
  LPX_OTHER_ARCHIVE: EXIT.damaged,
  LPX_WEB_PAGE: EXIT.damaged,
  LPX_ZIP_PART: EXIT.damaged,
  LPX_ZIP_CUT: EXIT.damaged,
  LPX_ZIP_TRAILING: EXIT.damaged,
  LPX_ZIP_PADDED: EXIT.damaged,
  LPX_DIRECTORY_DAMAGED: EXIT.damaged,
  LPX_LIMIT_EXCEEDED: EXIT.damaged,
  LPX_ENTRY_NAME_UNSAFE: EXIT.damaged,
  LPX_ENTRY_DUPLICATE: EXIT.damaged,
  LPX_ENTRY_NOT_ENCRYPTED: EXIT.damaged,
  LPX_ENTRY_UNSUPPORTED: EXIT.damaged,
  LPX_ENTRY_DAMAGED: EXIT.damaged,
  LPX_NOT_A_PACKAGE: EXIT.damaged,
  LPX_PACKAGES_TOGETHER: EXIT.damaged,
  LPX_JSON_UNREADABLE: EXIT.damaged,
  LPX_JSON_DUPLICATE: EXIT.damaged,
  LPX_RECEIPT_UNREADABLE: EXIT.damaged,
  LPX_ATTACHMENT_MISSING: EXIT.damaged,
  LPX_ATTACHMENT_MD5: EXIT.damaged,
  LPX_ATTACHMENT_MD5_FOREIGN: EXIT.damaged,
  LPX_FILE_ACTIVE: EXIT.damaged,
  LPX_FILE_POLYGLOT: EXIT.damaged,

  LPX_SCHEMA: EXIT.invalidData,
  LPX_REPAIRED: EXIT.invalidData,
  LPX_ENTRY_IGNORED: EXIT.invalidData,
  LPX_STUDENT_TWICE: EXIT.invalidData,
  LPX_FOREIGN_RECORD: EXIT.invalidData,
  LPX_DATE: EXIT.invalidData,
  LPX_COPY_DIFFERS: EXIT.invalidData,
  LPX_PROPERTY_UNKNOWN: EXIT.invalidData,
  LPX_CODE_UNKNOWN: EXIT.invalidData,
  LPX_LINK_UNSAFE: EXIT.invalidData,
  LPX_LINK_WITHOUT_FILE: EXIT.invalidData,
  LPX_LINK_WITHOUT_MD5: EXIT.invalidData,
  LPX_NO_ATTACHMENT: EXIT.invalidData,
  LPX_NATIONAL_ID_UNUSUAL: EXIT.invalidData,
  LPX_COURSE_CODE_OTHER_SCHOOL: EXIT.invalidData,
  LPX_BRIEF_LONG: EXIT.invalidData,
  LPX_TEXT_EMPTY: EXIT.invalidData,
  LPX_TEXT_LONG: EXIT.invalidData,
  LPX_TEXT_GARBLED: EXIT.invalidData,
  LPX_NOT_CERTIFIED: EXIT.invalidData,
  LPX_FILE_TYPE: EXIT.invalidData,
  LPX_FILE_LARGE: EXIT.invalidData,
  LPX_MAPPING_UNUSABLE: EXIT.invalidData,
  LPX_DATE_ODD: EXIT.invalidData,
  LPX_STUDENT_DOUBLED: EXIT.invalidData,
  LPX_FILE_REFUSED: EXIT.invalidData,
  LPX_FILE_CARRIES: EXIT.invalidData,
  LPX_PICTURE_HUGE: EXIT.invalidData,
  LPX_ENTRY_UNREFERENCED: EXIT.invalidData,
  LPX_NOTHING_TO_EXPORT: EXIT.invalidData,
  LPX_STUDENT_TOO_LARGE: EXIT.invalidData,
  LPX_COURSE_CODE_FORM: EXIT.invalidData,
  LPX_COURSE_CODE_YEAR: EXIT.invalidData,
  LPX_COURSE_UNLISTED: EXIT.invalidData,
  LPX_COURSE_NAME_DIFFERS: EXIT.invalidData,
  LPX_COURSE_TERM_DIFFERS: EXIT.invalidData,
  LPX_SCHOOL_UNLISTED: EXIT.invalidData,
  LPX_BIRTH_DATE_ODD: EXIT.invalidData,
  LPX_YEAR_ODD: EXIT.invalidData,
  LPX_SEMESTER_ODD: EXIT.invalidData,
  LPX_TABLE_ROW: EXIT.invalidData,
  LPX_TABLE_EMPTY: EXIT.invalidData,
  LPX_TABLE_NOT_TEXT: EXIT.invalidData,
  LPX_TABLE_CELL: EXIT.invalidData,
  LPX_EXCHANGE_NOT_NEEDED: EXIT.invalidData,
  LPX_PICK_UNFIT: EXIT.invalidData,
  LPX_PICK_OVER: EXIT.invalidData,
  LPX_PICK_OVER_TOTAL: EXIT.invalidData,
  LPX_NOTHING_PICKED: EXIT.invalidData,
  LPX_REGISTER_UNPLACED: EXIT.invalidData,

  LPX_STUDENT_UNKNOWN: EXIT.conflict,
  LPX_STUDENT_DIFFERS: EXIT.conflict,
  LPX_STUDENT_UNCONFIRMED: EXIT.conflict,
  LPX_NAME_SPELLED: EXIT.conflict,
  LPX_ID_CHANGED: EXIT.conflict,
  LPX_OWN_SCHOOL: EXIT.conflict,
  LPX_RECORD_CHANGED: EXIT.conflict,
  LPX_RECORD_RESEMBLES: EXIT.conflict,
  LPX_RECEIPT_UNKNOWN: EXIT.conflict,
  LPX_RECEIPT_DIFFERS: EXIT.conflict,
  LPX_RECEIPT_LEFT_OUT: EXIT.conflict,

  LPX_STOPPED: EXIT.someFailed,

  LPX_INTERRUPTED: EXIT.interrupted,
} as const;

export type Code = keyof typeof EXIT_CODE_OF;
export type ExitCode = (typeof EXIT_CODE_OF)[Code] | 0;

/** The facts a sentence is filled with: file names, values, counts. Never a password, and never a national id: that is in the place. */
export type Facts = Readonly<Record<string, string | number>>;

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
  /** What the store calls the record: `O12`, `R5`. */
  readonly ref?: string;
  /** The record's title. */
  readonly title?: string;
  /** By its name on the wire. */
  readonly property?: string;
  /** A file of the record by its original name; without a student, a file outside the data. */
  readonly file?: string;
  /** The row of a table, from 0. */
  readonly row?: number;
  /** The entry's name in the archive. */
  readonly entry?: string;
  /** A national id that stands there and is not the student's. */
  readonly otherStudent?: string;
}

/** Ends a command. Thrown where the fault is known, shown in one place. */
export class LpxError extends Error {
  readonly code: Code;
  readonly facts: Facts;
  readonly place: Place;
  /** What else was found on the way, when there is more than one thing to mend. */
  readonly findings: readonly Finding[];

  /** @param options.place the entry or the file that the facts name, unless given */
  constructor(
    code: Code,
    facts: Facts = {},
    options: { readonly cause?: unknown; readonly findings?: readonly Finding[]; readonly place?: Place } = {},
  ) {
    super(code, { cause: options.cause });
    this.name = 'LpxError';
    this.code = code;
    this.facts = facts;
    this.place = options.place ?? placeInFacts(facts);
    this.findings = options.findings ?? [];
  }

  get exitCode(): ExitCode {
    return EXIT_CODE_OF[this.code];
  }
}

function placeInFacts({ entry, file }: Facts): Place {
  if (entry !== undefined) return { entry: String(entry) };
  return file === undefined ? {} : { file: String(file) };
}

export type Severity = 'error' | 'warning' | 'note';

/** One thing seen in a package or a document. */
export interface Finding {
  readonly code: Code;
  readonly severity: Severity;
  readonly place: Place;
  readonly facts: Facts;
  /** How many more of its kind there are that are not listed. */
  readonly more?: number;
}

/** The error a list of findings amounts to: the first of severity `error`, carrying them all. */
export function errorOf(findings: readonly Finding[]): LpxError | undefined {
  const first = findings.find((finding) => finding.severity === 'error');
  return first && new LpxError(first.code, first.facts, { findings, place: first.place });
}
