/**
 * The catalogue: one row for every code under which lpx reports an error or a finding. Codes are stable; scripts and
 * tests may rely on them. `{name}` in a sentence is a fact, which whoever reports the code has to give: a missing one
 * does not compile. `zh-TW.ts` translates the sentences.
 */

/** The process exit codes of the command line (docs/cli.md#exit-codes); `exits` in the message files says what each means. */
export const EXIT = {
  done: 0,
  internalError: 1,
  usage: 2,
  signature: 3,
  password: 4,
  damaged: 5,
  invalidData: 6,
  conflict: 7,
  someFailed: 8,
  interrupted: 9,
  busy: 10,
} as const;

/**
 * What an error means for the data, where it ends a command; `consequence` in the message files says it for each command.
 * - `notDone`: the command did nothing, for a reason that says nothing about a package
 * - `packageRefused`: the package, or the document, is at fault
 * - `partlyDone`: what is reported as done is done
 */
export type Consequence = 'notDone' | 'packageRefused' | 'partlyDone';

interface Row {
  /** The exit code when it ends a command. */
  readonly exit: (typeof EXIT)[keyof typeof EXIT];
  /** What happened. Who and where is not in it: that is in the place, which is shown before it. */
  readonly what: string;
  readonly means: Consequence;
  /** What to do about it. */
  readonly next: string;
}

export const CATALOGUE = {
  LPX_INTERNAL: {
    exit: EXIT.internalError,
    what: 'lpx made a mistake: {detail}',
    means: 'notDone',
    next: 'Run the command again with --debug and report what it prints.',
  },

  LPX_USAGE: { exit: EXIT.usage, what: '{problem}', means: 'notDone', next: 'See lpx --help, or lpx <command> --help.' },
  LPX_FILE_NOT_FOUND: {
    exit: EXIT.usage,
    what: 'There is no file or folder {file}.',
    means: 'notDone',
    next: 'Check the path; put it in quotes when it holds spaces.',
  },
  LPX_FILE_UNREADABLE: {
    exit: EXIT.usage,
    what: '{file} cannot be read ({reason}).',
    means: 'notDone',
    next: 'Check that it is a file, and that you may read it.',
  },
  LPX_WRITE_FAILED: {
    exit: EXIT.usage,
    what: '{file} cannot be written ({reason}).',
    means: 'notDone',
    next: 'Check that the folder exists and that you may write there; if a file of this name exists, use another name or move it away.',
  },
  LPX_DISK_FULL: {
    exit: EXIT.usage,
    what: 'The disk is full: {file} could not be written.',
    means: 'notDone',
    next: 'Free some space and run the command again.',
  },
  LPX_FILE_CHANGED: {
    exit: EXIT.usage,
    what: '{file} changed while it was read.',
    means: 'notDone',
    next: 'Wait until nothing writes to it any more, and run the command again.',
  },
  LPX_STORE_NOT_FOUND: {
    exit: EXIT.usage,
    what: 'There is no lpx store in {folder}.',
    means: 'notDone',
    next: 'Make one with lpx init --school <code>, or name one with --store <folder>.',
  },
  LPX_STORE_EXISTS: {
    exit: EXIT.usage,
    what: 'There is an lpx store in {folder} already.',
    means: 'notDone',
    next: 'Use it as it is, or name another folder with --store <folder>.',
  },
  LPX_STORE_FOREIGN: {
    exit: EXIT.usage,
    what: 'The store {folder} belongs to another user of this computer.',
    means: 'notDone',
    next: 'If you mean it, name it: --store {folder}',
  },
  LPX_GROUP_REFUSED: {
    exit: EXIT.usage,
    what: 'The store cannot be shared with the group {group}.',
    means: 'notDone',
    next: 'Name a group of this computer that you belong to (see: id -Gn).',
  },
  LPX_STORE_BUSY: {
    exit: EXIT.busy,
    what: 'Another lpx is writing to the store {folder}.',
    means: 'notDone',
    next: 'Wait until it has finished, and run the command again.',
  },
  LPX_STUDENT_CHANGED: {
    exit: EXIT.busy,
    what: 'The student’s data changed in the store while the export was made.',
    means: 'notDone',
    next: 'Run the export again: it takes the data as they are now.',
  },
  LPX_STORE_NEWER: {
    exit: EXIT.usage,
    what: 'A newer lpx made this store (version {version}; this one knows {supported}).',
    means: 'notDone',
    next: 'Update lpx.',
  },
  LPX_SQLITE_MISSING: {
    exit: EXIT.usage,
    what: 'This Node.js ({version}) has no SQLite of its own, and the package libsql, which takes its place, is not installed or does not load here.',
    means: 'notDone',
    next: 'Install Node.js 22.13 or later, or install lpx again with its optional dependencies (without --omit=optional).',
  },
  LPX_STORE_DAMAGED: {
    exit: EXIT.damaged,
    what: 'The database in {folder} is damaged: {part}.',
    means: 'notDone',
    next: 'Keep the folder as it is, and bring back its last backup.',
  },
  LPX_ATTACHMENT_LOST: {
    exit: EXIT.damaged,
    what: 'The store has lost the file {entry}: {file} is missing.',
    means: 'notDone',
    next: 'Import the package again that brought it, or load the student’s folder again: both put it back.',
  },
  LPX_ATTACHMENT_BROKEN: {
    exit: EXIT.damaged,
    what: 'A file of the store is damaged: {file}, which is {entry}.',
    means: 'notDone',
    next: 'Import the package again that brought it, or load the student’s folder again: both put it right.',
  },
  LPX_ATTACHMENT_RESTORED: {
    exit: EXIT.damaged,
    what: 'The store’s copy of this file is {damage}; the one that came now replaces it.',
    means: 'packageRefused',
    next: 'Check the disk and the backups: a file does not break by itself.',
  },
  LPX_SCHOOL_CODE: {
    exit: EXIT.usage,
    what: '{value} is not a school code.',
    means: 'notDone',
    next: 'Give the six digits or letters of the school, such as 010301.',
  },
  LPX_TERM: {
    exit: EXIT.usage,
    what: '{value} is not an academic term.',
    means: 'notDone',
    next: 'Give year and semester, such as 1081 for year 108, semester 1.',
  },
  LPX_DAY: {
    exit: EXIT.usage,
    what: '{value} is not a day.',
    means: 'notDone',
    next: 'Write it as year, month and day, such as 2020-01-20.',
  },
  LPX_PICK_UNKNOWN: {
    exit: EXIT.usage,
    what: 'There is no item {ref}.',
    means: 'notDone',
    next: 'lpx pick <national id> lists the items with their references.',
  },
  LPX_IMPORT_UNKNOWN: {
    exit: EXIT.usage,
    what: 'The history has no import number {id}.',
    means: 'notDone',
    next: 'See the numbers with lpx history.',
  },
  LPX_NO_DOCUMENT: {
    exit: EXIT.usage,
    what: '{folder} holds {count} exchange documents; one is needed.',
    means: 'notDone',
    next: 'Name the JSON file itself: lpx load <file.json>.',
  },
  LPX_LOAD_PACKAGE: {
    exit: EXIT.usage,
    what: '{file} is an exchange package; load takes what this school’s platform hands over.',
    means: 'notDone',
    next: 'Check and import it with lpx import {file}.',
  },
  LPX_LOAD_TABLE: {
    exit: EXIT.usage,
    what: '{file} is {table}; load takes the exchange document (JSON) of the platform.',
    means: 'notDone',
    next: 'Name the JSON file, or the folder it is in. Course code files go after --course-codes, lists of schools after --schools.',
  },
  LPX_LOAD_OTHER_SCHOOL: {
    exit: EXIT.invalidData,
    what: 'The student is enrolled at {value}; this store is that of {school}.',
    means: 'notDone',
    next: 'Use lpx import for what another school sent.',
  },
  LPX_PASSWORD_MISSING: {
    exit: EXIT.usage,
    what: 'No password was given.',
    means: 'notDone',
    next: 'Use --password-file <file>, --password-stdin or LPX_PASSWORD, or run lpx on a terminal to be asked for it.',
  },
  LPX_PASSWORD_UNSUITABLE: {
    exit: EXIT.usage,
    what: 'The password holds characters that other schools’ tools cannot be counted on to take.',
    means: 'notDone',
    next: 'Use letters, digits and signs of an English keyboard only.',
  },
  LPX_PASSWORD_UNEQUAL: {
    exit: EXIT.usage,
    what: 'The two passwords are not the same.',
    means: 'notDone',
    next: 'Run the command again and type the same password twice.',
  },
  LPX_PASSWORD_WEAK: {
    exit: EXIT.usage,
    what: 'The password is easily guessed: {weakness}.',
    means: 'notDone',
    next: 'Use at least {least} characters, without the student’s national id or birth date and without school codes; --generate-password makes a strong one. --weak-password takes this one (recorded).',
  },
  LPX_PASSWORD_BLANKS: {
    exit: EXIT.usage,
    what: 'The blanks before or after the password were left off.',
    means: 'notDone',
    next: 'Nothing needs doing: the receiver types the password without them.',
  },
  LPX_NOT_IN_STORE: {
    exit: EXIT.usage,
    what: 'The student is not in the store.',
    means: 'notDone',
    next: 'See who is with lpx students; bring a student in with lpx load <folder>.',
  },
  LPX_NOT_IN_PACKAGE: {
    exit: EXIT.usage,
    what: 'The student is not in the package.',
    means: 'notDone',
    next: 'See who is in it with lpx verify, and name one of them after --only.',
  },
  LPX_PREVIOUS_ID: {
    exit: EXIT.usage,
    what: '--previous-id does not apply: it is for a package with exactly one student whom the store does not know, and here there are {count}.',
    means: 'notDone',
    next: 'Import the students whose national ids are unchanged first, or check the id with lpx students.',
  },

  LPX_SIGNATURE_MISSING: {
    exit: EXIT.signature,
    what: 'The signature file is missing; text files next to it: {others}.',
    means: 'packageRefused',
    next: 'Name it with --signature <file>, ask the sending school for it, or type in its MD5 with --md5 after a telephone call.',
  },
  LPX_SIGNATURE_UNREADABLE: {
    exit: EXIT.signature,
    what: 'The signature file contains no MD5.',
    means: 'packageRefused',
    next: 'Ask the sending school for the signature file again.',
  },
  LPX_SIGNATURE_MISMATCH: {
    exit: EXIT.signature,
    what: 'The package is not the one that was signed: {signature} says MD5 {expected}, the file has {actual}.',
    means: 'packageRefused',
    next: 'Fetch the package again; if it stays so, ask the sending school to send package and signature anew.',
  },
  LPX_SIGNATURE_TAKEN: {
    exit: EXIT.signature,
    what: 'This file was used as the signature.',
    means: 'packageRefused',
    next: 'Nothing needs doing: its MD5 is that of the package.',
  },
  LPX_UNSIGNED: {
    exit: EXIT.signature,
    what: 'No signature was checked: nothing shows that this is the package that was sent.',
    means: 'packageRefused',
    next: 'Compare its MD5 with the sending school by telephone.',
  },

  LPX_PASSWORD_WRONG: {
    exit: EXIT.password,
    what: 'The password does not open the package{passwordOddity}.',
    means: 'notDone',
    next: 'Check capitals and zeros; ask the sending school for the password by telephone.',
  },
  LPX_PASSWORD_FORM: {
    exit: EXIT.password,
    what: 'The password opened the package only in another form: {passwordChange}.',
    means: 'packageRefused',
    next: 'Nothing needs doing; next time give the password in this form.',
  },

  LPX_NOT_A_ZIP: {
    exit: EXIT.damaged,
    what: 'This file is not a ZIP archive.',
    means: 'packageRefused',
    next: 'Ask the sending school for the .zip file of the export.',
  },
  LPX_FILE_EMPTY: {
    exit: EXIT.damaged,
    what: 'The file is empty: it contains {content}.',
    means: 'packageRefused',
    next: 'Download or copy it again and check that the disk has space. If it stays empty, ask the sending school to send it again.',
  },
  LPX_FILE_PROGRAM: {
    exit: EXIT.damaged,
    what: 'This is a program, perhaps a self-extracting archive, and not a ZIP archive.',
    means: 'packageRefused',
    next: 'Do not run it. Ask the sending school for the .zip file of the export.',
  },
  LPX_OTHER_ARCHIVE: {
    exit: EXIT.damaged,
    what: 'This is a {format} archive and not a ZIP archive, whatever its name says.',
    means: 'packageRefused',
    next: 'Unpack it with 7-Zip: if the .zip file of the export and its .md5 file are inside, use those. Otherwise ask the sending school for them.',
  },
  LPX_WEB_PAGE: {
    exit: EXIT.damaged,
    what: 'This is a web page that was saved instead of the package.',
    means: 'packageRefused',
    next: 'Open the link in a browser, sign in if asked to, and download the .zip file itself.',
  },
  LPX_ZIP_PART: {
    exit: EXIT.damaged,
    what: 'This is one part of an archive that was split into several files.',
    means: 'packageRefused',
    next: 'Put all the parts (.001, .002 … or .z01, .z02 … .zip) into one folder and join them with 7-Zip, or ask the sending school for the archive in one file.',
  },
  LPX_ZIP_CUT: {
    exit: EXIT.damaged,
    what: 'The archive is cut short: its end is missing.',
    means: 'packageRefused',
    next: 'Download or copy it again and compare its size with the sending school’s file.',
  },
  LPX_ZIP_TRAILING: {
    exit: EXIT.damaged,
    what: '{bytes} bytes follow the end of the archive. If the signature matches, they were there when it was signed.',
    means: 'packageRefused',
    next: 'Ask the sending school to sign and send the package again; its system adds data to the files it sends.',
  },
  LPX_ZIP_PADDED: {
    exit: EXIT.damaged,
    what: '{bytes} bytes of {content} follow the end of the archive; they change nothing.',
    means: 'packageRefused',
    next: 'Nothing needs doing.',
  },
  LPX_DIRECTORY_DAMAGED: {
    exit: EXIT.damaged,
    what: 'The archive’s table of contents is damaged ({part}).',
    means: 'packageRefused',
    next: 'Fetch the package again: it was cut short or changed on its way.',
  },
  LPX_LIMIT_EXCEEDED: {
    exit: EXIT.damaged,
    what: 'The archive claims more than a package may hold: {what} {value}, at most {limit}.',
    means: 'packageRefused',
    next: 'Do not open it with other programs. Ask the sending school how it was made.',
  },
  LPX_ENTRY_NAME_UNSAFE: {
    exit: EXIT.damaged,
    what: 'The archive contains a file name that no package has.',
    means: 'packageRefused',
    next: 'Do not open it with other programs. Ask the sending school how it was made.',
  },
  LPX_ENTRY_DUPLICATE: {
    exit: EXIT.damaged,
    what: 'The archive contains this file twice.',
    means: 'packageRefused',
    next: 'Ask the sending school to export the package anew.',
  },
  LPX_ENTRY_NOT_ENCRYPTED: {
    exit: EXIT.damaged,
    what: 'This file is not encrypted; everything in a package must be.',
    means: 'packageRefused',
    next: 'Ask the sending school to export the package anew, with a password over all of it.',
  },
  LPX_ENTRY_UNSUPPORTED: {
    exit: EXIT.damaged,
    what: 'This file is packed in a way that packages do not use ({feature}).',
    means: 'packageRefused',
    next: 'Ask the sending school to pack it as ZIP with AES-256 or ZipCrypto.',
  },
  LPX_ENTRY_DAMAGED: {
    exit: EXIT.damaged,
    what: 'This file of the archive is damaged ({part}).',
    means: 'packageRefused',
    next: 'Fetch the package again; if it stays so, ask the sending school to export it anew.',
  },
  LPX_NOT_A_PACKAGE: {
    exit: EXIT.damaged,
    what: 'This is no learning portfolio package: {reason}.',
    means: 'packageRefused',
    next: 'Ask the sending school for the .zip file of the export.',
  },
  LPX_PACKAGES_TOGETHER: {
    exit: EXIT.damaged,
    what: 'The ZIP contains several packages: {names}.',
    means: 'packageRefused',
    next: 'Unpack it, and verify and import each package with its signature.',
  },
  LPX_JSON_UNREADABLE: {
    exit: EXIT.damaged,
    what: 'The document is not valid JSON: {problem} (line {line}, column {column}; property before it: {property}).',
    means: 'packageRefused',
    next: 'Have the document exported anew; it was cut short or edited by hand.',
  },
  LPX_JSON_DUPLICATE: {
    exit: EXIT.damaged,
    what: 'The document has the property {property} twice in one place, so it is not clear which one is meant.',
    means: 'packageRefused',
    next: 'Have the document exported anew; it was changed by hand or on its way.',
  },
  LPX_RECEIPT_UNREADABLE: {
    exit: EXIT.damaged,
    what: '{file} is no receipt of lpx.',
    means: 'packageRefused',
    next: 'Ask the receiving school to make it anew: lpx receipt <import number>.',
  },
  LPX_ATTACHMENT_MISSING: {
    exit: EXIT.damaged,
    what: 'The file {link} is not there.',
    means: 'packageRefused',
    next: 'Ask for the package anew, and name this record.',
  },
  LPX_ATTACHMENT_MD5: {
    exit: EXIT.damaged,
    what: 'The file “{file}” is not the one the record means: MD5 {actual} instead of {expected}.',
    means: 'packageRefused',
    next: 'Ask the sending school to export the student anew, and name this record.',
  },
  LPX_ATTACHMENT_MD5_FOREIGN: {
    exit: EXIT.damaged,
    what: '{count} of {total} files have another MD5 than the document says, although none is damaged: some software hashes a wrapper of the file.',
    means: 'packageRefused',
    next: 'Ask the sending school what software it uses; --accept-foreign-md5 takes the files as they are.',
  },
  LPX_FILE_ACTIVE: {
    exit: EXIT.damaged,
    what: '{file} is a program, a script or a web page, and no portfolio file.',
    means: 'packageRefused',
    next: 'Do not open it. Ask the sending school what it is, and for the file that was meant.',
  },
  LPX_FILE_POLYGLOT: {
    exit: EXIT.damaged,
    what: 'An archive hides in or behind the content of {file}.',
    means: 'packageRefused',
    next: 'Look at it before anyone opens it with something else than a viewer of its type.',
  },

  LPX_SCHEMA: {
    exit: EXIT.invalidData,
    what: 'Expected {expected} {detail}, found {value}.',
    means: 'packageRefused',
    next: 'Have this property mended where the document was made.',
  },
  LPX_REPAIRED: {
    exit: EXIT.invalidData,
    what: '{repair}: {from} is read as {to}.',
    means: 'packageRefused',
    next: 'Nothing needs doing; the sending school’s software should write it as the spec says. --strict refuses it.',
  },
  LPX_ENTRY_IGNORED: {
    exit: EXIT.invalidData,
    what: 'This file is not part of a package; it is not imported.',
    means: 'packageRefused',
    next: 'Nothing needs doing.',
  },
  LPX_STUDENT_TWICE: {
    exit: EXIT.invalidData,
    what: 'The student is in the document twice.',
    means: 'packageRefused',
    next: 'Have the document exported anew, each student once.',
  },
  LPX_FOREIGN_RECORD: {
    exit: EXIT.invalidData,
    what: 'The record belongs to another student.',
    means: 'packageRefused',
    next: 'Ask the sending school to export both students anew.',
  },
  LPX_DATE: {
    exit: EXIT.invalidData,
    what: '{value} is no day of the calendar.',
    means: 'packageRefused',
    next: 'Have the date mended where the document was made.',
  },
  LPX_COPY_DIFFERS: {
    exit: EXIT.invalidData,
    what: 'The birth date {value} differs from the one in the basic data.',
    means: 'packageRefused',
    next: 'Check which one is right.',
  },
  LPX_PROPERTY_UNKNOWN: {
    exit: EXIT.invalidData,
    what: 'The spec has no such property; it is not imported.',
    means: 'packageRefused',
    next: 'Ask the sending school what it holds.',
  },
  LPX_CODE_UNKNOWN: {
    exit: EXIT.invalidData,
    what: 'The code {value} is in no table of the spec; it is kept as it is.',
    means: 'packageRefused',
    next: 'Check whether the sending school meant another.',
  },
  LPX_LINK_UNSAFE: {
    exit: EXIT.invalidData,
    what: 'The link {link} points outside the package.',
    means: 'packageRefused',
    next: 'Ask the sending school to export the student anew.',
  },
  LPX_LINK_WITHOUT_FILE: {
    exit: EXIT.invalidData,
    what: 'The link stands with the MD5 of an empty file, which means no attachment; it is ignored.',
    means: 'packageRefused',
    next: 'Nothing needs to be done.',
  },
  LPX_LINK_WITHOUT_MD5: {
    exit: EXIT.invalidData,
    what: 'The file {link} has no MD5, so it cannot be held against anything.',
    means: 'packageRefused',
    next: 'Ask the sending school to export the student anew.',
  },
  LPX_NO_ATTACHMENT: {
    exit: EXIT.invalidData,
    what: 'The course result has no file.',
    means: 'packageRefused',
    next: 'Check with the student whether one was meant.',
  },
  LPX_NATIONAL_ID_UNUSUAL: {
    exit: EXIT.invalidData,
    what: 'The national id has the checksum of neither a national id nor a resident number; it is kept as it is.',
    means: 'packageRefused',
    next: 'Check it against the student’s papers.',
  },
  LPX_COURSE_CODE_OTHER_SCHOOL: {
    exit: EXIT.invalidData,
    what: 'The course code belongs to school {value}, the course was taken at {school}.',
    means: 'packageRefused',
    next: 'Check which one is right; both are kept as they are.',
  },
  LPX_BRIEF_LONG: {
    exit: EXIT.invalidData,
    what: 'The brief has {count} characters; {limit} are allowed.',
    means: 'packageRefused',
    next: '{advice}',
  },
  LPX_TEXT_EMPTY: {
    exit: EXIT.invalidData,
    what: 'This is empty, and usually is not.',
    means: 'packageRefused',
    next: 'Check with the student or teacher whether it was meant to be.',
  },
  LPX_TEXT_LONG: {
    exit: EXIT.invalidData,
    what: 'The text has {count} characters; registers take {limit}.',
    means: 'packageRefused',
    next: 'Shorten it before it is submitted.',
  },
  LPX_TEXT_GARBLED: {
    exit: EXIT.invalidData,
    what: 'The text {value} may be wrong: {garbling}.',
    means: 'packageRefused',
    next: 'Compare it with the student’s papers, and have it corrected where it was entered.',
  },
  LPX_NOT_CERTIFIED: {
    exit: EXIT.invalidData,
    what: 'The teacher has not certified this course result.',
    means: 'packageRefused',
    next: 'Only certified ones are exchanged; this one stays out.',
  },
  LPX_FILE_TYPE: { exit: EXIT.invalidData, what: 'The file is {type}; allowed are {types}.', means: 'packageRefused', next: '{advice}' },
  LPX_FILE_LARGE: {
    exit: EXIT.invalidData,
    what: 'The file has {bytes} bytes; {limit} are allowed.',
    means: 'packageRefused',
    next: '{advice}',
  },
  LPX_MAPPING_UNUSABLE: {
    exit: EXIT.invalidData,
    what: 'This list does not say what the files were called; they keep the names they have in the package.',
    means: 'packageRefused',
    next: 'Nothing needs doing; the files themselves are not affected.',
  },
  LPX_DATE_ODD: {
    exit: EXIT.invalidData,
    what: '{value} is an unlikely date; it is kept as it is.',
    means: 'packageRefused',
    next: 'Check the year: it may be of another calendar, or never have been set.',
  },
  LPX_STUDENT_DOUBLED: {
    exit: EXIT.invalidData,
    what: 'The store has this student twice: in capitals, and under the same id in small letters.',
    means: 'packageRefused',
    next: 'Load the student’s folder again and import the received packages again: everything goes to the id in capitals. The old entry in small letters is no longer used.',
  },
  LPX_FILE_REFUSED: {
    exit: EXIT.invalidData,
    what: '{file} is {type}; portfolios do not hold such files.',
    means: 'packageRefused',
    next: 'Ask for the file as PDF, JPG, PNG, MP3 or MP4. When importing, --accept-partial leaves this record out.',
  },
  LPX_FILE_CARRIES: {
    exit: EXIT.invalidData,
    what: '{file} contains {cargo}.',
    means: 'packageRefused',
    next: 'Look at it in a viewer that runs nothing before anyone else opens it.',
  },
  LPX_PICTURE_HUGE: {
    exit: EXIT.invalidData,
    what: '{file} says that it is a picture of more than 500 million pixels.',
    means: 'packageRefused',
    next: 'Do not open it on a computer that others need: it may fill the memory. Ask the sender for a smaller picture.',
  },
  LPX_ENTRY_UNREFERENCED: {
    exit: EXIT.invalidData,
    what: 'No record links to this file; it is not taken over.',
    means: 'packageRefused',
    next: 'Ask the sending school whether it belongs to a record.',
  },
  LPX_NOTHING_TO_EXPORT: {
    exit: EXIT.invalidData,
    what: 'There is nothing to export: no certified course result and no uploaded multi-performance of these terms ({leftOut} records left out).',
    means: 'notDone',
    next: 'Check --term, and whether teachers have certified; see lpx show <national id>.',
  },
  LPX_STUDENT_TOO_LARGE: {
    exit: EXIT.invalidData,
    what: 'The student does not fit into a package: {what} {value}, at most {limit}.',
    means: 'notDone',
    next: 'Export fewer terms at a time with --term.',
  },
  LPX_COURSE_CODE_FORM: {
    exit: EXIT.invalidData,
    what: 'Character {position} of the course code, “{value}”, is not of the form its part has ({part}).',
    means: 'packageRefused',
    next: 'Look at it with lpx code <course code>; it is kept as it is.',
  },
  LPX_COURSE_CODE_YEAR: {
    exit: EXIT.invalidData,
    what: 'The course code is for students who entered in {value}; this one entered in {year} and took the course in {taken}.',
    means: 'packageRefused',
    next: 'Check the code against the school’s course code file; it is kept as it is.',
  },
  LPX_COURSE_UNLISTED: {
    exit: EXIT.invalidData,
    what: '{value} is not in its school’s course code file.',
    means: 'packageRefused',
    next: 'Check that the file is the newest; the code is kept as it is.',
  },
  LPX_COURSE_NAME_DIFFERS: {
    exit: EXIT.invalidData,
    what: 'The subject is “{value}” here and “{listed}” in the course code file.',
    means: 'packageRefused',
    next: 'Check which one is right; both are kept as they are.',
  },
  LPX_COURSE_TERM_DIFFERS: {
    exit: EXIT.invalidData,
    what: 'By the course code file ({listed}) the course is not taught in year {grade}, semester {semester}.',
    means: 'packageRefused',
    next: 'Check grade and semester; they are kept as they are.',
  },
  LPX_SCHOOL_UNLISTED: {
    exit: EXIT.invalidData,
    what: '{value} is on no list of schools that was loaded.',
    means: 'packageRefused',
    next: 'Check the code, and that the list is the newest.',
  },
  LPX_BIRTH_DATE_ODD: {
    exit: EXIT.invalidData,
    what: 'With the birth date {value} the student would have entered at the age of {age}.',
    means: 'packageRefused',
    next: 'Check the date against the student’s papers.',
  },
  LPX_YEAR_ODD: {
    exit: EXIT.invalidData,
    what: '{value} is an unlikely school year.',
    means: 'packageRefused',
    next: 'School years are of the Republic of China: 2019 is 108.',
  },
  LPX_SEMESTER_ODD: {
    exit: EXIT.invalidData,
    what: 'Semester {value}: only experimental education has a third and fourth.',
    means: 'packageRefused',
    next: 'Nothing needs doing when the student was in experimental education.',
  },
  LPX_TABLE_ROW: {
    exit: EXIT.invalidData,
    what: '“{value}” {column}.',
    means: 'notDone',
    next: 'Fetch the file anew, or mend the row; nothing of it was taken.',
  },
  LPX_TABLE_EMPTY: {
    exit: EXIT.invalidData,
    what: '{file} holds no row that could be read.',
    means: 'notDone',
    next: 'Check that it is a CSV file with the columns that lpx load --help names.',
  },
  LPX_TABLE_NOT_TEXT: {
    exit: EXIT.invalidData,
    what: '{file} is not a text file in UTF-8, UTF-16 or Big5 (CP950).',
    means: 'notDone',
    next: 'Open it in the program it comes from and save it as CSV.',
  },
  LPX_TABLE_WORKBOOK: {
    exit: EXIT.invalidData,
    what: '{file} is {table}; a CSV file is needed.',
    means: 'notDone',
    next: 'Open it in its program and save it as “CSV UTF-8”.',
  },
  LPX_TABLE_CELL: {
    exit: EXIT.invalidData,
    what: 'Row {row} of {file} has a cell of more than {limit} characters; a quotation mark in it is probably not closed.',
    means: 'notDone',
    next: 'Open the file in a spreadsheet program, correct the row and save it as CSV. Nothing of it was taken.',
  },
  LPX_EXCHANGE_NOT_NEEDED: {
    exit: EXIT.invalidData,
    what: 'No exchange is due: the newest records are of school year {year}, which was over when the student left ({left}). The items of that year are picked and submitted here.',
    means: 'notDone',
    next: 'If the student left within that year, say when with --left <date>; --force exports all the same, and the history says so. See lpx advise.',
  },
  LPX_LEFT_TOO_EARLY: {
    exit: EXIT.invalidData,
    what: 'The last day {left} lies before the term of the newest records ({term}, from {day}).',
    means: 'notDone',
    next: 'Check the day given with --left; --accept-left takes it as it is (recorded).',
  },
  LPX_LEFT_IN_FUTURE: {
    exit: EXIT.invalidData,
    what: 'The last day {left} is still to come: today is {today}.',
    means: 'notDone',
    next: 'Check the day given with --left; --accept-left takes it as it is (recorded).',
  },
  LPX_LEFT_IN_SUMMER: {
    exit: EXIT.invalidData,
    what: 'On {left} the lessons of the school year were over. If the student finishes the year here, picking and submitting are done here and no exchange is due.',
    means: 'notDone',
    next: 'Agree on it with the new school; see lpx advise.',
  },
  LPX_PICK_UNFIT: {
    exit: EXIT.invalidData,
    what: 'Cannot be picked: {reason}.',
    means: 'notDone',
    next: 'Leave it out, or have it mended on the school’s platform and load the student anew.',
  },
  LPX_PICK_OVER: {
    exit: EXIT.invalidData,
    what: 'Of school year {year}, {count} {half} are picked; {limit} are allowed.',
    means: 'notDone',
    next: 'Take some back: lpx pick <national id> --remove <reference>.',
  },
  LPX_PICK_OVER_TOTAL: {
    exit: EXIT.invalidData,
    what: 'Over all school years, {count} {half} are picked; the central database collects {limit}.',
    means: 'notDone',
    next: 'Take some back: lpx pick <national id> --remove <reference>. Lengthened study has more: --extended-years.',
  },
  LPX_NOTHING_PICKED: {
    exit: EXIT.invalidData,
    what: 'Nothing is picked of school year {year}.',
    means: 'notDone',
    next: 'Record the students’ choices with lpx pick <national id> <reference…>.',
  },
  LPX_REGISTER_UNPLACED: {
    exit: EXIT.invalidData,
    what: 'Picked, but left out: {reason}.',
    means: 'notDone',
    next: 'Have it mended, or take the pick back with lpx pick --remove.',
  },

  LPX_STUDENT_UNKNOWN: {
    exit: EXIT.conflict,
    what: 'The student is not on this school’s roll.',
    means: 'notDone',
    next: 'Enrol the student first, or admit them with --create-students.',
  },
  LPX_STUDENT_DIFFERS: {
    exit: EXIT.conflict,
    what: '{property} differs at character {position}: here “{stored}”, in the package “{received}”.',
    means: 'notDone',
    next: 'Ask the sending school which is right. If it is the same person, --same-person imports; the roll stays as it is.',
  },
  LPX_STUDENT_UNCONFIRMED: {
    exit: EXIT.conflict,
    what: 'The student is on the roll, but neither name nor birth date can be compared: one of the sides is blank.',
    means: 'notDone',
    next: 'Ask the sending school to fill them in. If it is the same person, --same-person imports.',
  },
  LPX_NAME_SPELLED: {
    exit: EXIT.conflict,
    what: 'The name is written differently ({spelling}): here “{stored}”, in the package “{received}”.',
    means: 'notDone',
    next: 'Nothing needs doing: it counts as the same name, and the roll stays as it is.',
  },
  LPX_ID_CHANGED: {
    exit: EXIT.conflict,
    what: 'The student has another national id here.',
    means: 'notDone',
    next: 'The records go to the student on the roll, whose national id stays as it is.',
  },
  LPX_OWN_SCHOOL: {
    exit: EXIT.conflict,
    what: '{count} records in the package claim to come from this school ({school}), but the store does not know them; the first is “{title}”.',
    means: 'notDone',
    next: 'Check with the student and the sending school where they come from; --accept-own-school imports them all the same.',
  },
  LPX_RECORD_CHANGED: {
    exit: EXIT.conflict,
    what: 'The store has this record with different content.',
    means: 'notDone',
    next: 'Compare with lpx show <national id>; --keep-both keeps the new one beside the old.',
  },
  LPX_LIST_EMPTIED: {
    exit: EXIT.conflict,
    what: 'The document has none of this list any more; the store has {count} of the terms that it covers.',
    means: 'notDone',
    next: 'Check that the platform exported all of it. --yes takes the records out, --keep-missing leaves them.',
  },
  LPX_MANY_MISSING: {
    exit: EXIT.conflict,
    what: 'The document no longer has {count} of the {total} own records of this student.',
    means: 'notDone',
    next: 'Check that the platform exported all of it. --yes takes the records out, --keep-missing leaves them.',
  },
  LPX_PICK_MISSING: {
    exit: EXIT.conflict,
    what: 'The document no longer has this record, which the student picked.',
    means: 'notDone',
    next: 'Ask the student. --yes takes the record out, --keep-missing leaves it.',
  },
  LPX_RECORD_MISSING: {
    exit: EXIT.conflict,
    what: 'The document no longer has this record.',
    means: 'notDone',
    next: 'Nothing to do if the student deleted it.',
  },
  LPX_RECORD_RESEMBLES: {
    exit: EXIT.conflict,
    what: 'Looks like {ref}, which was received before: same course, term and title, and the same brief or file. It may be a changed version.',
    means: 'notDone',
    next: 'Compare the two with lpx show <national id>.',
  },
  LPX_RECEIPT_UNKNOWN: {
    exit: EXIT.conflict,
    what: 'This school has exported no package with the hashes of {package}.',
    means: 'notDone',
    next: 'Check that the receipt is for this school, and the store the one that exported.',
  },
  LPX_RECEIPT_DIFFERS: {
    exit: EXIT.conflict,
    what: 'The receipt does not fit the export ({what}): here “{here}”, in the receipt “{there}”.',
    means: 'notDone',
    next: 'Call the receiving school; the export stays unacknowledged until a receipt fits.',
  },
  LPX_RECEIPT_LEFT_OUT: {
    exit: EXIT.conflict,
    what: 'Left out by the receiving school: {reason}.',
    means: 'notDone',
    next: 'Agree with it whether it is to be sent anew.',
  },

  LPX_STUDENTS_LEFT_OUT: {
    exit: EXIT.someFailed,
    what: 'Students who were asked for are left out ({count}); each is named above with the reasons.',
    means: 'partlyDone',
    next: 'Correct what is named, and run the command again: what is done stays as it is.',
  },
  LPX_STOPPED: {
    exit: EXIT.someFailed,
    what: 'Interrupted before it came to {files}.',
    means: 'partlyDone',
    next: 'Run the command again for the rest.',
  },

  LPX_INTERRUPTED: { exit: EXIT.interrupted, what: 'Interrupted.', means: 'notDone', next: 'Run the command again when you are ready.' },
} as const satisfies Readonly<Record<string, Row>>;

export type Code = keyof typeof CATALOGUE;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The names in the braces of a template. */
type Holes<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never;

type HolesOf<C extends Code> = Holes<(typeof CATALOGUE)[C]['what' | 'next']>;

/** The facts of a code's sentences, by the names of their holes. Never a password, and never a national id: that is in the place. */
export type FactsOf<C extends Code> = C extends Code
  ? [HolesOf<C>] extends [never]
    ? Readonly<Record<string, never>>
    : { readonly [Name in HolesOf<C>]: string | number }
  : never;
