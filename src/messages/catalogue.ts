/**
 * The catalogue: one row for every code under which lpx reports an error or a finding. Codes are stable; scripts and
 * tests may rely on them. `{name}` in a sentence is a fact, which whoever reports the code has to give: a missing one
 * does not compile. `{name:size}` shows a number of bytes in KB, MB or GB. `zh-TW.ts` translates the sentences.
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
 * - `packageRefused`: the package, or the document, is faulty
 * - `receiptRefused`: the receipt is faulty, or not that of an export
 * - `partlyDone`: what is reported as done is done
 * - `reportMissing`: all is done but the report of it
 */
export type Consequence = 'notDone' | 'packageRefused' | 'receiptRefused' | 'partlyDone' | 'reportMissing';

interface Row {
  /** The exit code when it ends a command. */
  readonly exit: (typeof EXIT)[keyof typeof EXIT];
  /** What happened. Who and where is not in it: that is in the place, which is shown before it. */
  readonly what: string;
  readonly means: Consequence;
  /** What to do about it. */
  readonly next: string;
  /** What to do instead where the data are the school's own, as at load and export: there is no sending school to ask. */
  readonly nextHere?: string;
  /** What happened, where it happened to the school's own data: they are loaded, not imported. */
  readonly whatHere?: string;
}

export const CATALOGUE = {
  LPX_INTERNAL: {
    exit: EXIT.internalError,
    what: 'Internal error: {detail}',
    means: 'notDone',
    next: 'Run the command again with --debug and report what it prints.',
  },

  LPX_USAGE: { exit: EXIT.usage, what: '{problem}', means: 'notDone', next: 'See lpx --help, or lpx <command> --help.' },
  LPX_FILE_NOT_FOUND: {
    exit: EXIT.usage,
    what: '{file}: no such file or folder.',
    means: 'notDone',
    next: 'Check the path; put it in quotes if it contains spaces.',
  },
  LPX_FILE_UNREADABLE: {
    exit: EXIT.usage,
    what: '{file} cannot be read ({reason}).',
    means: 'notDone',
    next: 'Check that it is a file and that you have permission to read it.',
  },
  LPX_WRITE_FAILED: {
    exit: EXIT.usage,
    what: '{file} cannot be written ({reason}).',
    means: 'notDone',
    next: 'Check that the folder exists and that you have permission to write to it. If a file of this name exists, use another name or move it away.',
  },
  LPX_DISK_FULL: {
    exit: EXIT.usage,
    what: 'The disk is full: {file} could not be written.',
    means: 'notDone',
    next: 'Free some space and run the command again.',
  },
  LPX_FILE_CHANGED: {
    exit: EXIT.usage,
    what: '{file} changed while it was being read.',
    means: 'notDone',
    next: 'Wait until no program is writing to it and run the command again.',
  },
  LPX_OUTPUT_LOST: {
    exit: EXIT.usage,
    what: 'Standard output cannot be written ({reason}).',
    means: 'notDone',
    next: 'Look at what was done with lpx history before running the command again.',
  },
  LPX_REPORT_LOST: {
    exit: EXIT.usage,
    what: 'The report {file} could not be written ({reason}).',
    means: 'reportMissing',
    next: 'Choose another place with --html <file>. Everything else that the command does is done.',
  },
  LPX_STORE_NOT_FOLDER: {
    exit: EXIT.usage,
    what: '{file} is a file; a store is a folder.',
    means: 'notDone',
    next: 'Name a folder with --store <folder>.',
  },
  LPX_STORE_NOT_FOUND: {
    exit: EXIT.usage,
    what: 'There is no lpx store in {folder}.',
    means: 'notDone',
    next: 'Make one with lpx init --school <code>, or name one with --store <folder>.',
  },
  LPX_STORE_EXISTS: {
    exit: EXIT.usage,
    what: '{folder} already has an lpx store.',
    means: 'notDone',
    next: 'Use it as it is, or name another folder with --store <folder>.',
  },
  LPX_STORE_ABOVE: {
    exit: EXIT.usage,
    what: 'Commands in this folder use the store in {folder}; with a new one here, they would no longer see it.',
    means: 'notDone',
    next: 'Use that one as it is; --yes makes another here, --store <folder> elsewhere.',
  },
  LPX_STORE_ADDRESS: {
    exit: EXIT.usage,
    what: 'A store cannot be reached by {scheme}://; it is a folder on this computer.',
    means: 'notDone',
    next: 'Name a folder with --store <folder>.',
  },
  LPX_STORE_FOREIGN: {
    exit: EXIT.usage,
    what: 'The store {folder} belongs to another user of this computer.',
    means: 'notDone',
    next: 'If that is intended, name the store: --store {folder}',
  },
  LPX_GROUP_REFUSED: {
    exit: EXIT.usage,
    what: 'The store cannot be shared with the group {group}.',
    means: 'notDone',
    next: 'Name a group of this computer that you belong to (see: id -Gn).',
  },
  LPX_RECIPIENT_WRONG: {
    exit: EXIT.usage,
    what: 'Nothing can be encrypted to {recipient}: it is not a recipient of age.',
    means: 'notDone',
    next: 'Give the public key that age-keygen prints: age1… (62 characters).',
  },
  LPX_IDENTITY_WRONG: {
    exit: EXIT.usage,
    what: '{file} is not a file of age identities.',
    means: 'notDone',
    next: 'Name the file that age-keygen -o wrote, with lines AGE-SECRET-KEY-1…; decrypt it first if it has a passphrase.',
  },
  LPX_RECIPIENT_OTHER: {
    exit: EXIT.password,
    what: '{file} is encrypted to others: no identity that was given opens it.',
    means: 'notDone',
    next: 'Name with --identity the file whose public key it was encrypted to.',
  },
  LPX_ENCRYPTED_DAMAGED: {
    exit: EXIT.damaged,
    what: '{file} was changed or cut short after it was encrypted, or age never encrypted it.',
    means: 'notDone',
    next: 'Fetch it again from where it came, or use another copy.',
  },
  LPX_STORE_BUSY: {
    exit: EXIT.busy,
    what: 'Another lpx is writing to the store {folder}.',
    means: 'notDone',
    next: 'Wait until it has finished and run the command again.',
  },
  LPX_SENT_MEANWHILE: {
    exit: EXIT.busy,
    what: 'Another run is sending the same records of this student to the same school.',
    means: 'notDone',
    next: 'Wait until it has finished and run the command again: what it sent is not sent twice.',
  },
  LPX_BATCH_RUNNING: {
    exit: EXIT.busy,
    what: 'A batch of this list, with the same options, is running: it was begun at {at}.',
    means: 'notDone',
    next: 'Wait until it has finished.',
  },
  LPX_BATCH_UNFINISHED: {
    exit: EXIT.conflict,
    what: 'A batch of this list, with the same options, was begun at {at} and cut short.',
    means: 'notDone',
    next: 'Run the same command with --resume: it goes on where the batch was cut short.',
  },
  LPX_PASSWORD_LOST: {
    exit: EXIT.someFailed,
    what: 'The table of passwords for school {school} no longer has the password that opens {file}.',
    means: 'notDone',
    next: 'Put the table back as lpx wrote it and run the command with --resume; if it is lost, export again with --resend instead.',
  },
  LPX_STUDENT_CHANGED: {
    exit: EXIT.busy,
    what: 'The student’s data changed in the store during the export.',
    means: 'notDone',
    next: 'Run the export again; it will use the current data.',
  },
  LPX_STORE_NEWER: {
    exit: EXIT.usage,
    what: 'This store was made by a newer version of lpx (version {version}; this lpx supports up to {supported}).',
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
    next: 'Leave the folder as it is and restore the last backup.',
  },
  LPX_ATTACHMENT_LOST: {
    exit: EXIT.damaged,
    what: 'The store has lost the file {entry}: {file} is missing.',
    means: 'notDone',
    next: 'To restore it, import the package that it came in again, or load the student’s folder again.',
  },
  LPX_ATTACHMENT_BROKEN: {
    exit: EXIT.damaged,
    what: 'A file in the store is damaged: {file}, which is {entry}.',
    means: 'notDone',
    next: 'To restore it, import the package that it came in again, or load the student’s folder again.',
  },
  LPX_ATTACHMENT_RESTORED: {
    exit: EXIT.damaged,
    what: 'The store’s copy of this file is {damage}; it has been replaced by the one that came now.',
    means: 'packageRefused',
    next: 'Check the disk and the backups: files do not break by themselves.',
  },
  LPX_SCHOOL_CODE: {
    exit: EXIT.usage,
    what: '{value} is not a school code.',
    means: 'notDone',
    next: 'Give the six digits or letters of the school, such as 010301.',
  },
  LPX_OPTION_WRONG: {
    exit: EXIT.usage,
    what: 'The option {option} has to be {takes}.',
    means: 'notDone',
    next: 'Correct the program that calls lpx.',
  },
  LPX_TO_OWN_SCHOOL: {
    exit: EXIT.usage,
    what: 'The receiving school {code} is this school itself.',
    means: 'notDone',
    next: 'Give the code of the school that the students go to.',
  },
  LPX_KEEP_OR_REPLACE: {
    exit: EXIT.usage,
    what: 'Give --keep-both or --replace, not both.',
    means: 'notDone',
    next: 'See lpx help import for what each of them does.',
  },
  LPX_TERM: {
    exit: EXIT.usage,
    what: '{value} is not an academic term.',
    means: 'notDone',
    next: 'Give year and semester, such as 1081, 108-1 or 108學年度第1學期.',
  },
  LPX_DAY: {
    exit: EXIT.usage,
    what: '{value} is not a valid date.',
    means: 'notDone',
    next: 'Write it as 2020-01-20, 109/01/20 or 1090120.',
  },
  LPX_PICK_UNKNOWN: {
    exit: EXIT.usage,
    what: 'There is no item {ref}.',
    means: 'notDone',
    next: 'lpx pick <national id> lists the items with their references.',
  },
  LPX_IMPORT_UNKNOWN: {
    exit: EXIT.usage,
    what: 'There is no import number {id} in the history.',
    means: 'notDone',
    next: 'See the numbers with lpx history.',
  },
  LPX_NO_DOCUMENT: {
    exit: EXIT.usage,
    what: '{folder} contains {count} exchange documents; exactly one is needed.',
    means: 'notDone',
    next: 'Name the JSON file itself: lpx load <file.json>.',
  },
  LPX_LOAD_PACKAGE: {
    exit: EXIT.usage,
    what: '{file} is an exchange package; load reads the exports of this school’s platform.',
    means: 'notDone',
    next: 'Check and import it with lpx import {file}.',
  },
  LPX_LOAD_TABLE: {
    exit: EXIT.usage,
    what: '{file} is {table}; load reads the exchange document (JSON) of the platform.',
    means: 'notDone',
    next: 'Name the JSON file or its folder. Course code files go after --course-codes, lists of schools after --schools.',
  },
  LPX_LOAD_OTHER_SCHOOL: {
    exit: EXIT.invalidData,
    what: 'The student is enrolled at {value}, but this store belongs to {school}.',
    means: 'notDone',
    next: 'To add what another school sent, use lpx import.',
  },
  LPX_PASSWORDS_MISSING: {
    exit: EXIT.usage,
    what: 'No passwords were given.',
    means: 'notDone',
    next: 'Use --passwords <table or folder>; or, where all packages have the same password, --password-file <file> or LPX_PASSWORD.',
  },
  LPX_PASSWORD_UNLISTED: {
    exit: EXIT.usage,
    what: 'No password is listed for the package.',
    means: 'notDone',
    next: 'Add a row with its file name or MD5 and its password to the table of passwords, and run the command again.',
  },
  LPX_PASSWORD_TABLE: {
    exit: EXIT.invalidData,
    what: '{file} is not a table of passwords.',
    means: 'notDone',
    next: 'It needs a column of file names or of MD5s (titled 檔名 or MD5), and one of passwords (titled 密碼).',
  },
  LPX_PASSWORD_MISSING: {
    exit: EXIT.usage,
    what: 'No password was given.',
    means: 'notDone',
    next: 'Use --password-file <file>, --password-stdin or LPX_PASSWORD, or run lpx on a terminal to be asked for it.',
  },
  LPX_PASSWORD_UNSUITABLE: {
    exit: EXIT.usage,
    what: 'The password contains characters that other schools’ tools may not accept.',
    means: 'notDone',
    next: 'Use only letters, digits and symbols of an English keyboard.',
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
    next: 'Use at least {least} characters, without national ids, birth dates, school codes, sequences or common words; --generate-password generates a strong one. To use this one anyway, add --weak-password (recorded).',
  },
  LPX_PASSWORD_BLANKS: {
    exit: EXIT.usage,
    what: 'The blanks before or after the password were removed.',
    means: 'notDone',
    next: 'Nothing to do: the receiver enters the password without them.',
  },
  LPX_NOT_IN_STORE: {
    exit: EXIT.usage,
    what: 'The student is not in the store.',
    means: 'notDone',
    next: 'List the students with lpx students; add one with lpx load <folder>.',
  },
  LPX_NOT_IN_PACKAGE: {
    exit: EXIT.usage,
    what: 'The student is not in the package.',
    means: 'notDone',
    next: 'List its students with lpx verify, and name one of them after --only.',
  },
  LPX_STUDENT_NOT_FOUND: {
    exit: EXIT.usage,
    what: 'No student in the store has “{words}” in name or national id.',
    means: 'notDone',
    next: 'See who is with lpx students; bring a student in with lpx load <folder>.',
  },
  LPX_STUDENTS_FIT: {
    exit: EXIT.usage,
    what: '{count} students have “{words}” in name or national id.',
    means: 'notDone',
    next: 'Give the national id; lpx students {words} lists them.',
  },

  LPX_PREVIOUS_ID: {
    exit: EXIT.usage,
    what: '--previous-id does not apply: it is for a package with exactly one student who is not in the store; this one has {count}.',
    means: 'notDone',
    next: 'Import the students whose national ids are unchanged first, or check the id with lpx students.',
  },

  LPX_SIGNATURE_MISSING: {
    exit: EXIT.signature,
    what: 'The signature file is missing; text files next to it: {others}.',
    means: 'packageRefused',
    next: 'Name it with --signature <file>, ask the sending school for it, or confirm the MD5 by telephone and enter it with --md5.',
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
    next: 'Download the package again. If it still does not match, ask the sending school to send the package and its signature again.',
  },
  LPX_SIGNATURE_TAKEN: {
    exit: EXIT.signature,
    what: 'This file was used as the signature.',
    means: 'packageRefused',
    next: 'Nothing to do: its MD5 matches the package.',
  },
  LPX_UNSIGNED: {
    exit: EXIT.signature,
    what: 'No signature was checked, so nothing shows that this is the package that was sent.',
    means: 'packageRefused',
    next: 'Compare its MD5 with the sending school by telephone.',
  },

  LPX_PASSWORD_WRONG: {
    exit: EXIT.password,
    what: 'The password does not open the package{passwordOddity}.',
    means: 'notDone',
    next: 'Check capitals and zeros, or confirm the password with the sending school by telephone.',
  },
  LPX_PASSWORD_FORM: {
    exit: EXIT.password,
    what: 'The password opened the package only in another form: {passwordChange}.',
    means: 'packageRefused',
    next: 'Nothing to do; next time, enter the password in this form.',
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
    next: 'Check that the disk has space and download or copy it again. If it is still empty, ask the sending school to send it again.',
  },
  LPX_FILE_PROGRAM: {
    exit: EXIT.damaged,
    what: 'This is a program, perhaps a self-extracting archive, not a ZIP archive.',
    means: 'packageRefused',
    next: 'Do not run it. Ask the sending school for the .zip file of the export.',
  },
  LPX_OTHER_ARCHIVE: {
    exit: EXIT.damaged,
    what: 'This is a {format} archive, not a ZIP archive, whatever its name says.',
    means: 'packageRefused',
    next: 'Unpack it with 7-Zip: if the .zip file of the export and its .md5 file are inside, use those. Otherwise ask the sending school for them.',
  },
  LPX_WEB_PAGE: {
    exit: EXIT.damaged,
    what: 'This is a web page, saved instead of the package.',
    means: 'packageRefused',
    next: 'Open the link in a browser, sign in if asked to, and download the .zip file itself.',
  },
  LPX_ZIP_PART: {
    exit: EXIT.damaged,
    what: 'This is one part of a split archive.',
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
    what: '{bytes:size} of data follow the end of the archive. If the signature matches, they were already there when it was signed.',
    means: 'packageRefused',
    next: 'Ask the sending school to sign and send the package again; its system appends data to the files it sends.',
  },
  LPX_ZIP_PADDED: {
    exit: EXIT.damaged,
    what: '{bytes:size} of {content} follow the end of the archive; they make no difference.',
    means: 'packageRefused',
    next: 'Nothing to do.',
  },
  LPX_DIRECTORY_DAMAGED: {
    exit: EXIT.damaged,
    what: 'The archive’s table of contents is damaged ({part}).',
    means: 'packageRefused',
    next: 'Download the package again: it was truncated or changed in transit.',
  },
  LPX_LIMIT_EXCEEDED: {
    exit: EXIT.damaged,
    what: 'The archive claims more than a package may contain: {what} {value:amount}, at most {limit:amount}.',
    means: 'packageRefused',
    next: 'Do not open it with other programs. Ask the sending school how it was made.',
    nextHere: 'Reduce it and try again.',
  },
  LPX_ENTRY_NAME_UNSAFE: {
    exit: EXIT.damaged,
    what: 'The archive contains an unsafe file name.',
    means: 'packageRefused',
    next: 'Do not open it with other programs. Ask the sending school how it was made.',
  },
  LPX_ENTRY_DUPLICATE: {
    exit: EXIT.damaged,
    what: 'The archive contains this file twice.',
    means: 'packageRefused',
    next: 'Ask the sending school to export the package again.',
  },
  LPX_ENTRY_NOT_ENCRYPTED: {
    exit: EXIT.damaged,
    what: 'This file is not encrypted; everything in a package must be.',
    means: 'packageRefused',
    next: 'Ask the sending school to export the package again, all of it with a password.',
  },
  LPX_ENTRY_UNSUPPORTED: {
    exit: EXIT.damaged,
    what: 'This file is packed in a way that packages do not use ({feature}).',
    means: 'packageRefused',
    next: 'Ask the sending school to pack it as ZIP with AES-256 or ZipCrypto.',
  },
  LPX_ENTRY_DAMAGED: {
    exit: EXIT.damaged,
    what: 'This file in the archive is damaged ({part}).',
    means: 'packageRefused',
    next: 'Download the package again. If it is still damaged, ask the sending school to export it again.',
  },
  LPX_NOT_A_PACKAGE: {
    exit: EXIT.damaged,
    what: 'This is not a learning portfolio package: {reason}.',
    means: 'packageRefused',
    next: 'Ask the sending school for the .zip file of the export.',
  },
  LPX_PACKAGES_TOGETHER: {
    exit: EXIT.damaged,
    what: 'The ZIP contains several packages: {names}.',
    means: 'packageRefused',
    next: 'Unpack it, then verify and import each package with its signature.',
  },
  LPX_JSON_UNREADABLE: {
    exit: EXIT.damaged,
    what: 'The document is not valid JSON: {problem} (line {line}, column {column}; property before it: {property}).',
    means: 'packageRefused',
    next: 'Ask the sending school to export the package again; the document was truncated or edited by hand.',
    nextHere: 'Export the document from the platform again; it was truncated or edited by hand.',
  },
  LPX_JSON_DUPLICATE: {
    exit: EXIT.damaged,
    what: 'The document has the property {property} twice in one place, so it is not clear which one is meant.',
    means: 'packageRefused',
    next: 'Ask the sending school to export the package again; the document was changed by hand or in transit.',
    nextHere: 'Export the document from the platform again; it was changed by hand.',
  },
  LPX_RECEIPT_UNREADABLE: {
    exit: EXIT.damaged,
    what: '{file} is not an lpx receipt.',
    means: 'receiptRefused',
    next: 'Ask the receiving school to write it again: lpx receipt <import number>.',
  },
  LPX_ATTACHMENT_MISSING: {
    exit: EXIT.damaged,
    what: 'The file {link} is missing.',
    means: 'packageRefused',
    next: 'Ask the sending school to export the package again, and name this record.',
    nextHere: 'Put the file back or correct the link, and load the student again.',
  },
  LPX_REGISTER_OTHER_SCHOOL: {
    exit: EXIT.invalidData,
    what: 'The cover of the register says school {value}; this store is that of {school}.',
    means: 'notDone',
    next: 'Correct the school code on the cover (封面), or load the register into the store of that school.',
  },
  LPX_REGISTER_DIFFERS: {
    exit: EXIT.invalidData,
    what: '{property} is “{listed}” in the register, “{stored}” in the platform’s data.',
    means: 'notDone',
    next: 'The record stays as the platform has it. If the register is right, correct the platform and load its export.',
  },
  LPX_REGISTER_UNCERTIFIED: {
    exit: EXIT.invalidData,
    what: '{count} course results count as not certified: the register does not say that they are.',
    means: 'notDone',
    next: 'Add the column 是否認證 and load the register again; or, if all of them are certified, load it with --certified (recorded).',
  },
  LPX_ATTACHMENT_AMBIGUOUS: {
    exit: EXIT.invalidData,
    what: '“{link}” fits {count} files: {files}.',
    means: 'notDone',
    next: 'Write the path of the right one in the row, from the folder of attachments.',
  },
  LPX_ATTACHMENTS_UNUSED: {
    exit: EXIT.invalidData,
    what: '{count} files in students’ folders are named by no row: {files}.',
    means: 'notDone',
    next: 'If one of them belongs to a record, write its name in the row.',
  },
  LPX_ATTACHMENT_UNNAMED: {
    exit: EXIT.invalidData,
    what: 'The file {link} fits {count} rows, and none of them names it.',
    means: 'notDone',
    next: 'Write the file’s name in the row it belongs to.',
  },
  LPX_ATTACHMENT_MD5: {
    exit: EXIT.damaged,
    what: 'The file “{file}” is not the one that the record refers to: MD5 {actual} instead of {expected}.',
    means: 'packageRefused',
    next: 'Ask the sending school to export the package again, and name this record.',
    nextHere: 'Put the right file in its place, or export the student from the platform again; then load the student again.',
  },
  LPX_ATTACHMENT_MD5_FOREIGN: {
    exit: EXIT.damaged,
    what: '{count} of {total} files have a different MD5 from the document, although none of them is damaged: some systems hash a wrapper of the file.',
    means: 'packageRefused',
    next: 'Ask the sending school which system it uses; --accept-foreign-md5 imports the files as they are.',
    nextHere: 'Ask the platform’s vendor to write the MD5 of the file itself.',
  },
  LPX_FILE_ACTIVE: {
    exit: EXIT.damaged,
    what: '{file} is a program, a script or a web page, not a portfolio file.',
    means: 'packageRefused',
    next: 'Do not open it. Ask the sending school what it is, and for the right file.',
    nextHere: 'Do not open it. Ask the student what it is, and for the right file.',
  },
  LPX_FILE_POLYGLOT: {
    exit: EXIT.damaged,
    what: 'An archive is hidden in or after the content of {file}.',
    means: 'packageRefused',
    next: 'Check it before anyone opens it in anything but a viewer for its type.',
  },

  LPX_SCHEMA: {
    exit: EXIT.invalidData,
    what: 'Expected {expected} {detail}, found {value}.',
    means: 'packageRefused',
    next: 'Ask the sending school to correct this property and export again.',
    nextHere: 'Correct it on the school’s platform and load the student again.',
  },
  LPX_REPAIRED: {
    exit: EXIT.invalidData,
    what: '{repair}: {from} is read as {to}.',
    means: 'packageRefused',
    next: 'Nothing to do, but the sending school’s system should write it as the spec says. --strict refuses it.',
    nextHere: 'Nothing to do, but the platform should write it as the spec says.',
  },
  LPX_ENTRY_IGNORED: {
    exit: EXIT.invalidData,
    what: 'This file is not part of a package; it is not imported.',
    means: 'packageRefused',
    next: 'Nothing to do.',
  },
  LPX_STUDENT_TWICE: {
    exit: EXIT.invalidData,
    what: 'The student appears twice in the document.',
    means: 'packageRefused',
    next: 'Ask the sending school to export again, each student once.',
    nextHere: 'Export the document from the platform again, each student once.',
  },
  LPX_FOREIGN_RECORD: {
    exit: EXIT.invalidData,
    what: 'The record belongs to another student.',
    means: 'packageRefused',
    next: 'Ask the sending school to export both students again.',
    nextHere: 'Export both students from the platform again and load them again.',
  },
  LPX_DATE: {
    exit: EXIT.invalidData,
    what: '{value} is not a valid date.',
    means: 'packageRefused',
    next: 'Ask the sending school to correct the date and export again.',
    nextHere: 'Correct it on the school’s platform and load the student again.',
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
    whatHere: 'The spec has no such property; it is not loaded.',
    means: 'packageRefused',
    next: 'Ask the sending school what it contains.',
    nextHere: 'Ask the platform’s vendor what it contains.',
  },
  LPX_CODE_UNKNOWN: {
    exit: EXIT.invalidData,
    what: 'The code {value} is not in the spec’s tables; it is kept as it is.',
    means: 'packageRefused',
    next: 'Check with the sending school whether another was meant.',
    nextHere: 'Check whether another was meant.',
  },
  LPX_LINK_UNSAFE: {
    exit: EXIT.invalidData,
    what: 'The link {link} points outside the package.',
    whatHere: 'The link {link} points outside the folder.',
    means: 'packageRefused',
    next: 'Ask the sending school to export the student again.',
    nextHere: 'Correct it, or export the student from the platform again.',
  },
  LPX_LINK_WITHOUT_FILE: {
    exit: EXIT.invalidData,
    what: 'The link comes with the MD5 of an empty file, which means that there is no attachment; it is ignored.',
    means: 'packageRefused',
    next: 'Nothing to do.',
  },
  LPX_LINK_WITHOUT_MD5: {
    exit: EXIT.invalidData,
    what: 'The file {link} has no MD5, so it cannot be checked.',
    means: 'packageRefused',
    next: 'Ask the sending school to export the student again.',
    nextHere: 'Export the student from the platform again.',
  },
  LPX_NO_ATTACHMENT: {
    exit: EXIT.invalidData,
    what: 'The course result has no file.',
    means: 'packageRefused',
    next: 'Check with the student whether there should be one.',
  },
  LPX_NATIONAL_ID_UNUSUAL: {
    exit: EXIT.invalidData,
    what: 'The checksum is that of neither a national id nor a resident number; the id is kept as it is.',
    means: 'packageRefused',
    next: 'Check it against the student’s papers.',
  },
  LPX_COURSE_CODE_OTHER_SCHOOL: {
    exit: EXIT.invalidData,
    what: 'The course code belongs to school {value}, but the course was taken at {school}.',
    means: 'packageRefused',
    next: 'Check which one is right; both are kept as they are.',
  },
  LPX_COURSE_CODES_MALFORMED: {
    exit: EXIT.invalidData,
    what: 'Not well formed: {count} of {total} course codes.',
    means: 'notDone',
    next: 'Correct the characters that are marked, by the course code file of the school.',
  },
  LPX_BRIEF_LONG: {
    exit: EXIT.invalidData,
    what: 'The brief has {count} characters; the limit is {limit}.',
    means: 'packageRefused',
    next: '{advice}',
  },
  LPX_TEXT_EMPTY: {
    exit: EXIT.invalidData,
    what: 'This is empty; it usually is not.',
    means: 'packageRefused',
    next: 'Check with the student or teacher whether that is intended.',
  },
  LPX_TEXT_LONG: {
    exit: EXIT.invalidData,
    what: 'The text has {count} characters; registers accept {limit}.',
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
    next: 'Only certified course results are exchanged; this one is left out.',
  },
  LPX_FILE_TYPE: {
    exit: EXIT.invalidData,
    what: 'The file is {type}; allowed types are {types}.',
    means: 'packageRefused',
    next: '{advice}',
  },
  LPX_FILE_LARGE: {
    exit: EXIT.invalidData,
    what: 'The file has {bytes:size}; the limit is {limit:size}.',
    means: 'packageRefused',
    next: '{advice}',
  },
  LPX_MAPPING_UNUSABLE: {
    exit: EXIT.invalidData,
    what: 'This list does not give the original names of the files; they keep the names that they have in the package.',
    means: 'packageRefused',
    next: 'Nothing to do; the files themselves are not affected.',
  },
  LPX_DATE_ODD: {
    exit: EXIT.invalidData,
    what: '{value} is an unlikely date; it is kept as it is.',
    means: 'packageRefused',
    next: 'Check the year: it may be in another calendar, or may never have been set.',
  },
  LPX_STUDENT_DOUBLED: {
    exit: EXIT.invalidData,
    what: 'The store has this student twice: in capitals, and under the same id in small letters.',
    means: 'packageRefused',
    next: 'Load the student’s folder again and import the received packages again: everything goes to the id in capitals. The old entry in small letters is no longer used.',
  },
  LPX_FILE_REFUSED: {
    exit: EXIT.invalidData,
    what: '{file} is {type}; portfolios do not contain such files.',
    means: 'packageRefused',
    next: 'Ask the sending school for the file as PDF, JPG, PNG, MP3 or MP4. --accept-partial leaves this record out.',
    nextHere: 'Ask the student to upload it as PDF, JPG, PNG, MP3 or MP4.',
  },
  LPX_FILE_CARRIES: {
    exit: EXIT.invalidData,
    what: '{file} contains {cargo}.',
    means: 'packageRefused',
    next: 'Check it in a viewer that does not run anything before anyone else opens it.',
  },
  LPX_PICTURE_HUGE: {
    exit: EXIT.invalidData,
    what: '{file} claims to be a picture of more than 500 million pixels.',
    means: 'packageRefused',
    next: 'Do not open it on a shared computer: it may fill the memory. Ask the sending school for a smaller picture.',
    nextHere: 'Do not open it on a shared computer: it may fill the memory. Ask the student for a smaller picture.',
  },
  LPX_ENTRY_UNREFERENCED: {
    exit: EXIT.invalidData,
    what: 'No record links to this file; it is not imported.',
    whatHere: 'No record links to this file; it is not loaded.',
    means: 'packageRefused',
    next: 'Ask the sending school whether it belongs to a record.',
    nextHere: 'Check on the platform whether it belongs to a record.',
  },
  LPX_NOTHING_TO_EXPORT: {
    exit: EXIT.invalidData,
    what: 'There is nothing to export: no certified course result and no uploaded multi-performance of these terms ({leftOut} records left out).',
    means: 'notDone',
    next: 'Check --term, and whether the teachers have certified; see lpx show <national id>.',
  },
  LPX_STUDENT_TOO_LARGE: {
    exit: EXIT.invalidData,
    what: 'The student does not fit into one package: {what} {value:amount}, at most {limit:amount}.',
    means: 'notDone',
    next: 'Export fewer terms at a time with --term.',
  },
  LPX_COURSE_CODE_FORM: {
    exit: EXIT.invalidData,
    what: 'Character {position} of the course code, “{value}”, is not valid for that part of the code ({part}).',
    means: 'packageRefused',
    next: 'See lpx code <course code>; the code is kept as it is.',
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
    next: 'Check that the file is up to date; the code is kept as it is.',
  },
  LPX_COURSE_NAME_DIFFERS: {
    exit: EXIT.invalidData,
    what: 'The subject is “{value}” here and “{listed}” in the course code file.',
    means: 'packageRefused',
    next: 'Check which one is right; both are kept as they are.',
  },
  LPX_COURSE_TERM_DIFFERS: {
    exit: EXIT.invalidData,
    what: 'According to the course code file ({listed}), the course is not taught in year {grade}, semester {semester}.',
    means: 'packageRefused',
    next: 'Check grade and semester; they are kept as they are.',
  },
  LPX_SCHOOL_UNLISTED: {
    exit: EXIT.invalidData,
    what: '{value} is not in the list of schools that was loaded.',
    means: 'packageRefused',
    next: 'Check the code, and that the list is up to date.',
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
    next: 'School years are those of the Republic of China: 2019 is 108.',
  },
  LPX_SEMESTER_ODD: {
    exit: EXIT.invalidData,
    what: 'Semester {value}: only experimental education has a third and fourth semester.',
    means: 'packageRefused',
    next: 'Nothing to do if the student was in experimental education.',
  },
  LPX_TABLE_ROW: {
    exit: EXIT.invalidData,
    what: '“{value}” {column}.',
    means: 'notDone',
    next: 'Download the file again, or correct the row. Nothing in the file was loaded.',
  },
  LPX_LIST_ROW: {
    exit: EXIT.invalidData,
    what: '“{value}” {column}.',
    means: 'notDone',
    next: 'Correct the row and run the command again.',
  },
  LPX_LIST_TITLES: {
    exit: EXIT.invalidData,
    what: '{file} has no column for {missing}.',
    means: 'notDone',
    next: 'Give each column a title in the first row: 身分證號 (nationalId), 事由 (reason), 學期 (term), 離校日 (left), 收件學校 (to).',
  },
  LPX_PASSWORDS_INSIDE: {
    exit: EXIT.usage,
    what: 'The folder of passwords {folder} is inside the folder of packages.',
    means: 'notDone',
    next: 'Give another folder with --passwords: passwords never go along with packages.',
  },
  LPX_TABLE_EMPTY: {
    exit: EXIT.invalidData,
    what: '{file} has no readable row.',
    means: 'notDone',
    next: 'Check that it is a table with the columns listed by lpx load --help.',
  },
  LPX_TABLE_NOT_TEXT: {
    exit: EXIT.invalidData,
    what: '{file} is not a text file in UTF-8, UTF-16 or Big5 (CP950).',
    means: 'notDone',
    next: 'Open it in the program that made it and save it as CSV.',
  },
  LPX_TABLE_WORKBOOK: {
    exit: EXIT.invalidData,
    what: '{file} is {table}, which lpx cannot read.',
    means: 'notDone',
    next: 'Open it in its program and save it as an Excel workbook (.xlsx) without a password, or as “CSV UTF-8”.',
  },
  LPX_ROSTER_TITLES: {
    exit: EXIT.invalidData,
    what: '{file} has no row of column titles that lpx knows.',
    means: 'notDone',
    next: 'A list of students needs the columns 身分證號 and 姓名, in one row above the data; lpx load --template <file.xlsx> writes the titles of all lists and registers.',
  },
  LPX_ROSTER_COLUMN: {
    exit: EXIT.invalidData,
    what: 'This looks like “{kind}”, but there is no column {columns}.',
    means: 'notDone',
    next: 'Add the column, or correct its title, and load the file again.',
  },
  LPX_ROSTER_CELL: {
    exit: EXIT.invalidData,
    what: '“{value}” {fault}.',
    means: 'notDone',
    next: 'Correct the cell and load the file again, or add --skip-bad-rows to load the other rows.',
  },
  LPX_ROSTER_MISSING: {
    exit: EXIT.invalidData,
    what: 'The cell is empty, and has to have a value.',
    means: 'notDone',
    next: 'Fill it in and load the file again, or add --skip-bad-rows to load the other rows.',
  },
  LPX_ROSTER_ZEROS: {
    exit: EXIT.invalidData,
    what: '“{value}” has lost its leading zeros in a spreadsheet program; “{restored}” is used.',
    means: 'notDone',
    next: 'Format the column as text before typing or pasting, so that zeros stay.',
  },
  LPX_ROSTER_TWICE: {
    exit: EXIT.invalidData,
    what: 'The student is in the list already (row {first}), with the same data.',
    means: 'notDone',
    next: 'Nothing needs to be done; the student is counted once.',
  },
  LPX_ROSTER_SHARED: {
    exit: EXIT.invalidData,
    what: 'The {rollProperty} “{value}” is also that of another student (row {first}).',
    means: 'notDone',
    next: 'Check which of the two rows is wrong, and load the list again.',
  },
  LPX_LOAD_EXPORT_LIST: {
    exit: EXIT.invalidData,
    what: '{file} looks like a list of students to export, with reasons, last days and receiving schools.',
    means: 'notDone',
    next: 'Export them with lpx batch export {file}. If it is a list of students of the school, take those columns out.',
  },
  LPX_ROSTER_CONFLICT: {
    exit: EXIT.invalidData,
    what: 'The student is in another row of the list (row {first}) with another {rollProperty}: “{other}” there, “{value}” here.',
    means: 'notDone',
    next: 'Correct the row that is wrong, and remove the other.',
  },
  LPX_ROSTER_DIFFERS: {
    exit: EXIT.invalidData,
    what: '{property} is “{listed}” in the list, “{stored}” on the roll.',
    means: 'notDone',
    next: 'The roll stays as the platform has it. If the list is right, correct the platform and load its export.',
  },
  LPX_ROSTER_OTHER_PERSON: {
    exit: EXIT.invalidData,
    what: 'Name and birth date are both others than on the roll (“{stored}” there, “{listed}” in the list): the national id is probably that of another student.',
    means: 'notDone',
    next: 'Check the national id in this row.',
  },
  LPX_LOAD_OTHER_PERSON: {
    exit: EXIT.invalidData,
    what: 'Name and birth date are both others than in the list that put the student on the roll (“{listed}” there, “{stored}” on the platform): the national id may be that of another student.',
    means: 'notDone',
    next: 'The platform’s data are taken. Check the national id in the list and on the platform.',
  },
  LPX_ROSTER_LEFT: {
    exit: EXIT.invalidData,
    what: 'The student is noted as having left; the list does not change that.',
    means: 'notDone',
    next: 'If the student is back: lpx leave <national id> --as here',
  },
  LPX_SHEET_UNREAD: {
    exit: EXIT.invalidData,
    what: 'The sheet was not read: {reason}.',
    means: 'notDone',
    next: 'If it is a list, give its columns titles that lpx knows (lpx load --template <file.xlsx> writes them all), and show the sheet.',
  },
  LPX_COLUMN_UNREAD: {
    exit: EXIT.invalidData,
    what: 'Columns that are not used: {columns}.',
    means: 'notDone',
    next: 'Nothing needs to be done unless one of them should have been read: then correct its title.',
  },
  LPX_ROWS_HIDDEN: {
    exit: EXIT.invalidData,
    what: '{count} hidden rows were read like the others.',
    means: 'notDone',
    next: 'If they should not be loaded, copy the rows that are shown to a new workbook.',
  },
  LPX_ROWS_SKIPPED: {
    exit: EXIT.someFailed,
    what: '{count} rows were skipped; each is listed above with the reasons.',
    means: 'partlyDone',
    next: 'Correct these rows and load the file again: what is loaded stays as it is.',
  },
  LPX_BASIC_DATA_MISSING: {
    exit: EXIT.invalidData,
    what: 'The student is on the roll from a list; the basic data of the platform are not here yet.',
    means: 'notDone',
    next: 'Load the student’s export of the platform first: lpx load <folder>',
  },
  LPX_WORKBOOK_DAMAGED: {
    exit: EXIT.invalidData,
    what: '{file} is an Excel workbook that is damaged or incomplete.',
    means: 'notDone',
    next: 'Open it in Excel or LibreOffice, save it again as .xlsx, or download it again.',
  },
  LPX_TABLE_LARGE: {
    exit: EXIT.invalidData,
    what: '{file} has more in it than any list of a school: {what} {value:amount}, at most {limit:amount}.',
    means: 'notDone',
    next: 'Copy the list alone to a new workbook and use that one.',
  },
  LPX_TABLE_QUOTE: {
    exit: EXIT.invalidData,
    what: 'A quotation mark in row {row} of {file} is not closed.',
    means: 'notDone',
    next: 'Open the file in a text editor, add or remove the mark in this row, and load it again. Nothing in the file was used.',
  },
  LPX_TABLE_CUT: {
    exit: EXIT.invalidData,
    what: '{file} ends in the middle of a character: it was cut off.',
    means: 'notDone',
    next: 'Save or download the file again. Nothing in it was used.',
  },
  LPX_ROSTER_REPEATED: {
    exit: EXIT.invalidData,
    what: '{title} stands above more than one column, and this row has “{value}” in one and “{other}” in another.',
    means: 'notDone',
    next: 'Give each column a title of its own, and each student a row of their own; then load the file again.',
  },
  LPX_LOAD_PIPE: {
    exit: EXIT.usage,
    what: '{file} is a pipe, and lists and folders are read more than once.',
    means: 'notDone',
    next: 'Save it to a file first, and load the file.',
  },
  LPX_TABLE_CELL: {
    exit: EXIT.invalidData,
    what: 'Row {row} of {file} has a cell of more than {limit} characters; a quotation mark is probably not closed.',
    means: 'notDone',
    next: 'Open the file in a spreadsheet program, correct the row and save it as CSV. Nothing in the file was used.',
  },
  LPX_EXCHANGE_NOT_NEEDED: {
    exit: EXIT.invalidData,
    what: 'No exchange is needed: the newest records are of school year {year}, which had ended when the student left ({left}). The items of that year are picked and submitted here.',
    means: 'notDone',
    next: 'If the student left within that year, say when with --left <date>. --force exports anyway and is recorded in the history. See lpx advise.',
  },
  LPX_EXPORT_OTHER_SCHOOL: {
    exit: EXIT.invalidData,
    what: 'The data loaded from the platform say that the student is enrolled at {value}; this store is that of {school}.',
    means: 'notDone',
    next: 'Only school {value} can transfer the student. If it is a mistake, correct it on the platform and load the student again; for a student who was here on loan, use --reason borrowed-study.',
  },
  LPX_LEFT_TOO_EARLY: {
    exit: EXIT.invalidData,
    what: 'The last day {left} is before the term of the newest records ({term}, from {day}).',
    means: 'notDone',
    next: 'Check the day given with --left. If it is right, add --accept-left (recorded).',
  },
  LPX_LEFT_IN_FUTURE: {
    exit: EXIT.invalidData,
    what: 'The last day {left} is in the future: today is {today}.',
    means: 'notDone',
    next: 'Check the day given with --left. If it is right: lpx export takes it with --accept-left (recorded), lpx leave from that day on.',
  },
  LPX_EXPORTED_ALREADY: {
    exit: EXIT.invalidData,
    what: 'This student was exported already on {day} ({file}), and no receipt has come yet.',
    means: 'notDone',
    next: 'If that package reached the other school, check its receipt: lpx receipt --check <file>. If not, send the new one.',
  },
  LPX_LEFT_IN_SUMMER: {
    exit: EXIT.invalidData,
    what: 'By {left} the lessons of the school year had ended. If the student finishes the year here, picking and submitting take place here and no exchange is needed.',
    means: 'notDone',
    next: 'Agree on it with the new school; see lpx advise.',
  },
  LPX_PICK_UNFIT: {
    exit: EXIT.invalidData,
    what: 'Cannot be picked: {reason}.',
    means: 'notDone',
    next: 'Leave it out, or correct it on the school’s platform and load the student again.',
  },
  LPX_PICK_VERSION: {
    exit: EXIT.invalidData,
    what: 'Another version of this record, {other}, is picked; only one of them can be.',
    means: 'notDone',
    next: 'Pick one of the two; lpx pick <national id> --remove {other} removes the other.',
  },
  LPX_PICK_OVER: {
    exit: EXIT.invalidData,
    what: '{count} {half} of school year {year} are picked; the limit is {limit}.',
    means: 'notDone',
    next: 'Remove some: lpx pick <national id> --remove <reference>.',
  },
  LPX_PICK_OVER_TOTAL: {
    exit: EXIT.invalidData,
    what: '{count} {half} are picked over all school years; the central database collects {limit}.',
    means: 'notDone',
    next: 'Remove some: lpx pick <national id> --remove <reference>. Extended study has a higher limit: --extended-years.',
  },
  LPX_NOTHING_PICKED: {
    exit: EXIT.invalidData,
    what: 'Nothing is picked for school year {year}.',
    means: 'notDone',
    next: 'Record the students’ choices with lpx pick <national id> <reference…>.',
  },
  LPX_STILL_MISSING: {
    exit: EXIT.someFailed,
    what: '{count} files are still missing.',
    means: 'partlyDone',
    next: 'Ask the students listed for their own copies, or find old packages or a backup, and run lpx recover again. Passwords of packages: --passwords.',
  },
  LPX_NO_FILES: {
    exit: EXIT.invalidData,
    what: 'There are no files to write.',
    means: 'notDone',
    next: 'See the records with lpx show; with --picked, only picked records count.',
  },
  LPX_REGISTER_UNPLACED: {
    exit: EXIT.invalidData,
    what: 'Picked, but left out: {reason}.',
    means: 'notDone',
    next: 'Correct it, or remove the pick with lpx pick --remove.',
  },

  LPX_STUDENT_LEFT: {
    exit: EXIT.conflict,
    what: 'The student left on {day} ({as}).',
    means: 'notDone',
    next: '--include-left includes the student anyway. If the student is still here: lpx leave <national id> --as here.',
  },
  LPX_NOBODY_HERE: {
    exit: EXIT.conflict,
    what: 'All {count} students in the store have left.',
    means: 'notDone',
    next: '--include-left includes them.',
  },
  LPX_STUDENT_UNKNOWN: {
    exit: EXIT.conflict,
    what: 'The student is not on this school’s roll.',
    means: 'notDone',
    next: 'Load a list of students with them first (lpx load <list>), or add --create-students.',
  },
  LPX_STUDENT_DIFFERS: {
    exit: EXIT.conflict,
    what: '{property} differs at character {position}: here “{stored}”, in the package “{received}”.',
    means: 'notDone',
    next: 'Ask the sending school which is right. If it is the same person, add --same-person; the roll stays as it is.',
  },
  LPX_STUDENT_UNCONFIRMED: {
    exit: EXIT.conflict,
    what: 'The student is on the roll, but neither the name nor the birth date can be compared: one side is blank.',
    means: 'notDone',
    next: 'Ask the sending school to fill them in. If it is the same person, add --same-person.',
  },
  LPX_NAME_SPELLED: {
    exit: EXIT.conflict,
    what: 'The name is written differently ({spelling}): here “{stored}”, in the package “{received}”.',
    means: 'notDone',
    next: 'Nothing to do: it counts as the same name, and the roll stays as it is.',
  },
  LPX_ID_CHANGED: {
    exit: EXIT.conflict,
    what: 'The student has a different national id here.',
    means: 'notDone',
    next: 'The records go to the student on the roll, whose national id stays as it is.',
  },
  LPX_OWN_SCHOOL: {
    exit: EXIT.conflict,
    what: '{count} records in the package claim to come from this school ({school}) but are not in the store; the first is “{title}”.',
    means: 'notDone',
    next: 'Check with the student and the sending school where they come from. --accept-own-school imports them anyway.',
  },
  LPX_RECORD_CHANGED: {
    exit: EXIT.conflict,
    what: 'The store already has this record, with different content{newer}.',
    means: 'notDone',
    next: '{resolution}',
  },
  LPX_LIST_EMPTIED: {
    exit: EXIT.conflict,
    what: 'The document no longer has any record in this list; the store has {count} for the terms that it covers.',
    means: 'notDone',
    next: 'Check that the platform exported everything. --yes removes the records, --keep-missing keeps them.',
  },
  LPX_MANY_MISSING: {
    exit: EXIT.conflict,
    what: 'The document no longer has {count} of the {total} own records of this student.',
    means: 'notDone',
    next: 'Check that the platform exported everything. --yes removes the records, --keep-missing keeps them.',
  },
  LPX_PICK_MISSING: {
    exit: EXIT.conflict,
    what: 'The document no longer has this record, which the student picked.',
    means: 'notDone',
    next: 'Ask the student. --yes removes the record, --keep-missing keeps it.',
  },
  LPX_RECORD_MISSING: {
    exit: EXIT.conflict,
    what: 'The document no longer has this record.',
    means: 'notDone',
    next: 'Nothing to do if the student deleted it.',
  },
  LPX_RECORD_RESEMBLES: {
    exit: EXIT.conflict,
    what: 'This resembles {ref}, which was received before: same course, term and title, and the same brief or file. It may be a changed version.',
    means: 'notDone',
    next: 'Compare the two with lpx show <national id>.',
  },
  LPX_SLIP_UNKNOWN: {
    exit: EXIT.usage,
    what: 'Number {id} in the history is neither an export nor an import.',
    means: 'notDone',
    next: 'See the numbers with lpx history.',
  },
  LPX_SLIP_PACKAGE: {
    exit: EXIT.signature,
    what: '{file} is no longer the package that was exported: its MD5 is another.',
    means: 'notDone',
    next: 'Put the package back, or leave the slip to be filled in by hand with --blank.',
  },
  LPX_RECEIPT_UNKNOWN: {
    exit: EXIT.conflict,
    what: 'This school has not exported any package with the hashes of {package}.',
    means: 'receiptRefused',
    next: 'Check that the receipt is for this school and that this is the store that exported.',
  },
  LPX_RECEIPT_DIFFERS: {
    exit: EXIT.conflict,
    what: 'The receipt does not match the export ({what}): here “{here}”, in the receipt “{there}”.',
    means: 'receiptRefused',
    next: 'Call the receiving school. The export is not marked as received until a receipt matches.',
  },
  LPX_RECEIPT_LEFT_OUT: {
    exit: EXIT.conflict,
    what: 'Left out by the receiving school: {reason}.',
    means: 'notDone',
    next: 'Agree with that school whether to send it again.',
  },

  LPX_STUDENTS_LEFT_OUT: {
    exit: EXIT.someFailed,
    what: '{count} of the students asked for were left out; each is listed above with the reasons.',
    means: 'partlyDone',
    next: 'Correct what is listed and run the command again: what is done stays as it is.',
  },
  LPX_BATCH_FAILED: {
    exit: EXIT.someFailed,
    what: '{count} of {total} could not be done; each is listed above with the reason.',
    means: 'partlyDone',
    next: 'Correct what is listed and run the command again: what is done is not done twice.',
  },
  LPX_BATCH_INCOMPLETE: {
    exit: EXIT.someFailed,
    what: 'The packages are written, but {file} could not be ({reason}).',
    means: 'partlyDone',
    next: 'See to that, and run the same command with --resume: it writes the letters and tables that are missing.',
  },
  LPX_BATCH_INTERRUPTED: {
    exit: EXIT.interrupted,
    what: 'Interrupted: {count} of {total} are not done yet.',
    means: 'partlyDone',
    next: 'Run the same command with --resume: it goes on with the rest.',
  },
  LPX_STOPPED: {
    exit: EXIT.someFailed,
    what: 'Interrupted before loading {files}.',
    means: 'partlyDone',
    next: 'Run the command again for the rest.',
  },
  LPX_NOT_ALL_LOADED: {
    exit: EXIT.someFailed,
    what: 'Not loaded: {files}. What is wrong with {file} is listed above.',
    means: 'partlyDone',
    next: 'Correct that and run the command again: what is loaded stays as it is.',
  },
  LPX_INBOX_UNFINISHED: {
    exit: EXIT.someFailed,
    what: '{failed} of {total} packages are not in order: {refused} refused, {waiting} waiting.',
    means: 'partlyDone',
    next: 'See above for the reason of each. Add what is missing and run the command again: those that wait are tried again.',
  },
  LPX_PACKAGES_REFUSED: {
    exit: EXIT.someFailed,
    what: '{count} of {total} packages are refused: {files}.',
    means: 'partlyDone',
    next: 'See above what is wrong with each; lpx verify of one alone shows every check.',
  },

  LPX_INTERRUPTED: { exit: EXIT.interrupted, what: 'Interrupted.', means: 'notDone', next: 'Run the command again when you are ready.' },
} as const satisfies Readonly<Record<string, Row>>;

export type Code = keyof typeof CATALOGUE;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The names in the braces of a template. */
type Holes<T extends string> = T extends `${string}{${infer Hole}}${infer Rest}` ? NameOf<Hole> | Holes<Rest> : never;
type NameOf<Hole extends string> = Hole extends `${infer Name}:${string}` ? Name : Hole;

/** Those of `what` and `next`; `nextHere` has none of its own, which a test checks. */
type HolesOf<C extends Code> = Holes<(typeof CATALOGUE)[C]['what' | 'next']>;

/** The facts of a code's sentences, by the names of their holes. Never a password, and never a national id: that is in the place. */
export type FactsOf<C extends Code> = C extends Code
  ? [HolesOf<C>] extends [never]
    ? Readonly<Record<string, never>>
    : { readonly [Name in HolesOf<C>]: string | number }
  : never;
