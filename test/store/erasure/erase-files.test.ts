import { join } from 'node:path';
import { Kysely } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import { LpxError } from '#lpx/errors.js';
import { eraseFiles } from '#lpx/store/erasure/erase-files.js';
import { SharedSqliteDialect } from '#lpx/store/sqlite/dialect.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { createStore } from '#lpx/store/sqlite/open.js';
import type { Tables } from '#lpx/store/tables.js';
import type { AttachmentVault } from '#lpx/store/vault/attachments.js';
import { tempFolder } from '../../support/temp.js';

const HOUR = 3_600_000;
const FILES = Array.from({ length: 20 }, (_, i) => i.toString(16).padStart(64, '0'));
const NAMED = FILES[3] as string;

/** A store with files that are to be erased, of which a record has come to name one again. */
async function storeWithFiles(): Promise<Kysely<Tables>> {
  const folder = join(tempFolder(), 'store');
  await (await createStore(folder, { code: '990001', name: '' })).close();
  const db = new Kysely<Tables>({ dialect: new SharedSqliteDialect(openSqlite(join(folder, 'lpx.sqlite')), folder) });
  onTestFinished(() => db.destroy());
  await db
    .insertInto('remnants')
    .values(FILES.map((sha256) => ({ sha256 })))
    .execute();
  await db.insertInto('attachments').values({ sha256: NAMED, bytes: 1, md5: '', crc32: null, seal: '' }).execute();
  return db;
}

/** A vault that erases so; what it was asked to erase. */
function vaultThat(erase: (sha256: string) => Promise<void>) {
  const asked: string[] = [];
  const vault = {
    erase: (sha256: string) => {
      asked.push(sha256);
      return erase(sha256);
    },
  } as unknown as AttachmentVault;
  return { asked, vault };
}

const leftIn = async (db: Kysely<Tables>) =>
  (await db.selectFrom('remnants').select('sha256').orderBy('sha256').execute()).map(({ sha256 }) => sha256);

it('files are erased but for those that a record names and those that cannot be removed', async () => {
  const db = await storeWithFiles();
  const { vault, asked } = vaultThat(async (sha256) => {
    if (sha256 === FILES[0]) throw new LpxError('LPX_WRITE_FAILED', { file: sha256, reason: 'EACCES' });
  });
  await eraseFiles(db, vault, FILES, HOUR);
  expect([asked.includes(NAMED), asked.length, await leftIn(db)]).toEqual([false, 19, [FILES[0]]]);
});

it('storage that does not answer is waited for once, and keeps nobody from writing between some files and the next', async () => {
  const db = await storeWithFiles();
  const { vault, asked } = vaultThat(async (sha256) => {
    if (sha256 >= (FILES[10] as string)) throw new LpxError('LPX_S3_UNREACHABLE', { address: 's3://files/p', reason: 'noAnswer' });
  });
  await eraseFiles(db, vault, FILES, HOUR);
  expect([asked.length, await leftIn(db)]).toEqual([15, FILES.slice(10)]);
});

it('no more files are begun once the time is over', async () => {
  const db = await storeWithFiles();
  const { vault, asked } = vaultThat(async () => {});
  await eraseFiles(db, vault, FILES, 0);
  expect([asked.length, await leftIn(db)]).toEqual([7, FILES.slice(8)]);
});
