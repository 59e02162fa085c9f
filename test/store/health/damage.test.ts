import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LpxError } from '#lpx/errors.js';
import { examineStore } from '#lpx/exchange/doctor.js';
import { eraseStudent } from '#lpx/exchange/erase.js';
import { moveStore } from '#lpx/exchange/move.js';
import { openStore, withReadableStore, withStore } from '#lpx/exchange/school-store.js';
import { SQLITE } from '../../support/postgres.js';
import { NOW, OPERATOR, TRANSFER_STUDENT, transferSchool } from '../../support/schools.js';
import { tempFolder } from '../../support/temp.js';

const BY = { now: NOW, operator: OPERATOR };

/** A store whose database somebody edited. */
async function edited(statements: string): Promise<string> {
  const store = await transferSchool(tempFolder());
  await SQLITE.tamper(store, statements);
  return store;
}

const erase = (store: string) =>
  withStore(store, (open) => eraseStudent(open, { nationalId: TRANSFER_STUDENT, reason: '', acceptUnreceipted: true, ...BY }));
const examine = (store: string) =>
  withReadableStore(store, (open, losses) => examineStore(open, { quick: true, repair: false, losses, ...BY }));
const exitOf = (done: Promise<object>): Promise<unknown> =>
  done.then(
    (report) => 'error' in report && (report.error as LpxError).exitCode,
    (error) => error.exitCode ?? 'internal',
  );

describe('a database that somebody edited', () => {
  it.each([
    ['a table without its key', 'create table x as select * from students; drop table students; alter table x rename to students'],
    ['a trigger that drops what is written', 'create trigger t before insert on history begin select raise(ignore); end'],
    ['a view in place of a table', 'alter table picks rename to p; create view picks as select * from p'],
    ['no history', 'delete from history'],
    ['a number for the hash of a file', 'update own_records set document_sha256 = 3.5'],
    ['a text for a number', `update students set extended_years = ''`],
  ])('is called damaged by an erasure and by the doctor, never an internal error: %s', async (_, statements) => {
    const store = await edited(statements);
    expect(await exitOf(examine(store))).toBe(5);
    // Or it succeeds.
    expect([5, false]).toContain(await exitOf(erase(store)));
  });

  it.each(['{', 'null', '5', '"x"', '{"to":5,"key":""}', '{}'])(
    'is called damaged by every command where it says that it moved: %s',
    async (value) => {
      const store = await edited('');
      const open = await openStore(store);
      await SQLITE.tamper(store, `insert into settings (name, value) values ('moved', '${value}')`);
      const damaged = { code: 'LPX_TABLES_DAMAGED', exitCode: 5 };
      // One that opened it before, too.
      await expect(open.change(async () => ({ keep: false, result: undefined }))).rejects.toMatchObject(damaged);
      await open.close();
      for (const work of [erase, examine, (from: string) => moveStore({ from, to: `${from}-new`, dryRun: false, ...BY })])
        await expect(work(store)).rejects.toMatchObject(damaged);
    },
  );

  it.each(["x'00ff'", "'s3://'"])(
    'is called damaged by every command where it says of no place that its files are there: %s',
    async (value) => {
      const store = await edited(`insert into settings (name, value) values ('attachments', ${value})`);
      for (const work of [erase, examine]) await expect(work(store)).rejects.toMatchObject({ code: 'LPX_TABLES_DAMAGED', exitCode: 5 });
    },
  );

  it('is called damaged by a move, which leaves it where it is', async () => {
    const from = await edited('delete from history');
    const to = join(tempFolder(), 'new');
    await expect(moveStore({ from, to, dryRun: false, ...BY })).rejects.toMatchObject({ code: 'LPX_STORE_DAMAGED', exitCode: 5 });
    expect(existsSync(to)).toBe(false);
  });

  it('is not what an internal error of lpx is called where the store is whole', async () => {
    const fault = new TypeError('of lpx');
    const failing = withStore(await edited(''), async () => {
      throw fault;
    });
    await expect(failing).rejects.toBe(fault);
  });
});
