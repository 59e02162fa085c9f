import { expect, it } from 'vitest';
import { databaseError } from '#lpx/store/database-error.js';

it.each([
  ['SQLITE_CORRUPT', 'LPX_STORE_DAMAGED'],
  ['UNKNOWN_SQLITE_ERROR_779', 'LPX_STORE_DAMAGED'],
  ['SQLITE_IOERR_SHMSIZE', 'LPX_DISK_FULL'],
  ['UNKNOWN_SQLITE_ERROR_2314', 'LPX_WRITE_FAILED'],
  ['SQLITE_BUSY_SNAPSHOT', 'LPX_STORE_BUSY'],
])('%s is %s, also where the add-on has no name for an extended code', (code, expected) => {
  expect(databaseError(Object.assign(new Error('as SQLite says it'), { code }), '/store')).toMatchObject({ code: expected });
});
