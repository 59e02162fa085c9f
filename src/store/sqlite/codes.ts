/** SQLite's names of its result codes, for a library that gives the numbers. https://sqlite.org/rescode.html */
const NAMES: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  3: 'SQLITE_PERM',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  15: 'SQLITE_PROTOCOL',
  18: 'SQLITE_TOOBIG',
  19: 'SQLITE_CONSTRAINT',
  22: 'SQLITE_NOLFS',
  23: 'SQLITE_AUTH',
  26: 'SQLITE_NOTADB',
  275: 'SQLITE_CONSTRAINT_CHECK',
  1811: 'SQLITE_CONSTRAINT_TRIGGER',
  4874: 'SQLITE_IOERR_SHMSIZE',
};

/** @param resultCode primary or extended; an extended one without a name here has that of its family, its low byte */
export const sqliteCodeName = (resultCode: number): string => NAMES[resultCode] ?? NAMES[resultCode & 0xff] ?? `SQLITE_${resultCode}`;
