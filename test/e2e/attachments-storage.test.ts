import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { restoreBackup } from '#lpx/exchange/restore.js';
import { type StoreLocation, withStore } from '#lpx/exchange/school-store.js';
import { SCHEMA_VERSION } from '#lpx/store/migrations.js';
import { createStoreOfRows } from '#lpx/store/sqlite/open.js';
import { ROW_TABLES } from '#lpx/store/table-rows.js';
import { lpx, lpxJson } from '../support/cli.js';
import { madeBytes } from '../support/made-bytes.js';
import { writeExchangeFolder } from '../support/portfolios.js';
import { hasPostgres, testDatabase } from '../support/postgres.js';
import { describeS3 } from '../support/s3.js';
import { exportFrom, LEFT, load, NOW, OPERATOR, PASSWORD, school, TRANSFER_STUDENT } from '../support/schools.js';
import { courseResult, pdf, smallPortfolio } from '../support/small-portfolio.js';
import { durationOf, strike, within } from '../support/strikes.js';
import { keptFolder, tempFolder } from '../support/temp.js';

const FILES = 12;
const kept = keptFolder();
let sent: Promise<string> | undefined;

/** A folder with the password of a student's package, which is made once for all tests of this file. */
async function delivery(): Promise<{ readonly folder: string; readonly zipFile: string }> {
  const folder = tempFolder();
  writeFileSync(join(folder, 'pw'), PASSWORD);
  sent ??= packageIn(kept);
  return { folder, zipFile: await sent };
}

async function packageIn(folder: string): Promise<string> {
  const records = Array.from({ length: FILES }, (_, i) =>
    courseResult(
      { createdAt: `2021-01-10 14:03:${String(i).padStart(2, '0')}` },
      { bytes: pdf(madeBytes(200_000)), type: 'pdf', name: `報告${i}.pdf` },
    ),
  );
  writeExchangeFolder(join(folder, 'platform'), [smallPortfolio(records)]);
  const store = await school(folder, '990001');
  await load(store, join(folder, 'platform'));
  return (await exportFrom(store, join(folder, 'mail'))).zipFile;
}

/** `before`, `after`, or a word on what is half done: every file that a record names has to be there, whole. */
const stateOf = (store: StoreLocation): Promise<string> =>
  withStore(store, async (open) => {
    const student = await open.student(TRANSFER_STUDENT);
    if (!student) return 'before';
    if (student.records.length !== FILES) return `${student.records.length} records`;
    for (const { record } of student.records)
      if ((await open.attachments.check(record.document?.sha256 ?? '')) !== 'sound') return 'a record without its file';
    return 'after';
  });

const heldBy = (store: StoreLocation): Promise<number> =>
  withStore(store, async (open) => {
    let count = 0;
    for await (const _ of open.attachments.list()) count++;
    return count;
  });

describeS3('a store whose attachments are in a bucket', (server) => {
  let count = 0;

  const init = async (store: string, code = '990002') => {
    const url = server.urlOf(`test-${++count}`);
    const made = await lpxJson(['--store', store, 'init', '--school', code, '--attachments', url]);
    expect(made.code).toBe(0);
    return { prefix: String(made.json.attachments).replace('s3://files/', ''), ...made.json };
  };
  const keysUnder = async (prefix: string) =>
    ((await server.client().send(new ListObjectsV2Command({ Bucket: 'files', Prefix: `${prefix}/` }))).Contents ?? []).map(({ Key }) =>
      String(Key),
    );
  const importing = (store: string, folder: string, zipFile: string) => [
    ...['--store', store, 'import', zipFile, '--create-students', '--password-file', join(folder, 'pw')],
  ];

  it.each(hasPostgres || process.env.LPX_TOOLS === 'required' ? ['SQLite', 'PostgreSQL'] : ['SQLite'])(
    'takes a package in and gives it on, byte for byte, on %s',
    async (engine) => {
      const { folder, zipFile } = await delivery();
      const store = engine === 'SQLite' ? join(folder, 'store') : (await testDatabase()).url;
      const { attachments, prefix } = await init(store);
      expect(attachments).toMatch(/^s3:\/\/files\/test-\d+\/990002-[0-9a-f]{8}$/);
      const run = async (words: readonly string[], env = {}) => {
        const ran = await lpxJson(['--store', store, ...words], { env });
        expect(ran.err).toBe('');
        return ran;
      };
      const imported = await run(importing(store, folder, zipFile).slice(2));
      expect([imported.code, imported.json.outcome]).toEqual([0, 'imported']);
      expect((await keysUnder(prefix)).length).toBe(FILES);
      if (engine === 'SQLite') expect(readdirSync(join(store, 'attachments'))).toEqual([]);
      expect((await run(['where'])).json.attachments).toBe(attachments);
      expect((await run(['files', TRANSFER_STUDENT, '--out', join(folder, 'out')])).code).toBe(0);
      const words = ['export', TRANSFER_STUDENT, '--reason', 'borrowed-study', '--left', LEFT, '--accept-left', '--force', '--out', folder];
      const exported = await run(words, { LPX_PASSWORD: PASSWORD.toString() });
      expect(exported.code).toBe(0);
      const verified = await run(['verify', exported.json.packages[0].path], { LPX_PASSWORD: PASSWORD.toString() });
      expect(verified.code).toBe(0);
      expect((await run(importing(store, folder, zipFile).slice(2))).json.outcome).toBe('unchanged');
      expect(await keysUnder(prefix)).toHaveLength(FILES);

      // A content that changed in the bucket is found when it is read, and put right by the package that it came in.
      const [key = ''] = await keysUnder(prefix);
      await server.client().send(new PutObjectCommand({ Bucket: 'files', Key: key, Body: pdf(madeBytes(100)) }));
      rmSync(exported.json.packages[0].path);
      const refused = await run([...words.slice(0, -1), join(folder, 'again')], { LPX_PASSWORD: PASSWORD.toString() });
      expect([refused.code, refused.json.error.code]).toEqual([5, 'LPX_ATTACHMENT_BROKEN']);
      expect(refused.json.error.message).toContain(`s3://files/${key}`);
      expect(existsSync(join(folder, 'again')) ? readdirSync(join(folder, 'again')) : []).toEqual([]);
      const repaired = await run(importing(store, folder, zipFile).slice(2));
      expect([repaired.code, repaired.out.match(/LPX_ATTACHMENT_RESTORED/g)?.length]).toEqual([0, 1]);
      expect((await run([...words.slice(0, -1), join(folder, 'again')], { LPX_PASSWORD: PASSWORD.toString() })).code).toBe(0);
    },
  );

  it.skipIf(!hasPostgres && process.env.LPX_TOOLS !== 'required')(
    'is backed up, and restored into a database with its attachments in a bucket',
    async () => {
      const { folder, zipFile } = await delivery();
      const store = join(folder, 'store');
      await init(store);
      expect((await lpx(importing(store, folder, zipFile))).code).toBe(0);
      expect((await lpx(['--store', store, 'backup', join(folder, 'backup')])).code).toBe(0);
      const { url, location } = await testDatabase();
      const words = ['restore', join(folder, 'backup'), url, '--attachments', server.urlOf('restored')];
      // What one that was cut short sent is removed by the next.
      const [object] = readdirSync(join(folder, 'backup', 'objects'), { recursive: true, encoding: 'utf8' }).filter(
        (name) => name.length > 60,
      );
      renameSync(join(folder, 'backup', 'objects', String(object)), join(folder, 'aside'));
      expect((await lpx(words)).code).toBe(5);
      expect(await keysUnder('restored')).toEqual([expect.stringMatching(/unfinished$/)]);
      renameSync(join(folder, 'aside'), join(folder, 'backup', 'objects', String(object)));
      expect((await lpx(words)).code).toBe(0);
      expect([await stateOf(location), await heldBy(location)]).toEqual(['after', FILES]);
      const keys = await keysUnder('restored');
      expect([keys.length, keys.every((key) => /^restored\/990002-[0-9a-f]{8}\//.test(key))]).toEqual([FILES, true]);
      expect(await stateOf(store)).toBe('after');
    },
  );

  it('is backed up, and restored into a folder: what a restore sent that failed or was killed is removed', async () => {
    const { folder, zipFile } = await delivery();
    const store = join(folder, 'store');
    await init(store);
    expect((await lpx(importing(store, folder, zipFile))).code).toBe(0);
    expect((await lpx(['--store', store, 'backup', join(folder, 'backup')])).code).toBe(0);
    const url = server.urlOf('into-folder');
    // As one that is killed leaves it: with a lock that nobody holds.
    const [made, killed] = [join(tempFolder(), 'made'), join(folder, '.lpx-restore-killed')];
    const school = { code: '990002', name: '' };
    await createStoreOfRows(made, { school, schemaVersion: SCHEMA_VERSION, attachments: url }, (rows) =>
      withStore(store, (open) =>
        open.readRows(async (reader) => {
          for (const table of ROW_TABLES) for await (const page of reader.rows(table)) await rows.insert(table, page);
        }),
      ),
    );
    mkdirSync(killed);
    writeFileSync(join(killed, 'in-use'), '');
    renameSync(made, join(killed, 'store'));
    const [mark = ''] = await keysUnder('into-folder');
    await server.client().send(new PutObjectCommand({ Bucket: 'files', Key: mark.replace('unfinished', 'ab/of-a-student'), Body: 'x' }));
    const [object] = readdirSync(join(folder, 'backup', 'objects'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.length > 60,
    );
    renameSync(join(folder, 'backup', 'objects', String(object)), join(folder, 'aside'));
    const words = ['restore', join(folder, 'backup'), join(folder, 'restored'), '--attachments', url];
    expect([(await lpx(words)).code, await keysUnder('into-folder'), existsSync(killed)]).toEqual([5, [], false]);
    renameSync(join(folder, 'aside'), join(folder, 'backup', 'objects', String(object)));
    expect([(await lpx(words)).code, (await keysUnder('into-folder')).length]).toEqual([0, FILES]);
    expect([await stateOf(join(folder, 'restored')), await heldBy(join(folder, 'restored'))]).toEqual(['after', FILES]);
    // Somebody else takes the folder meanwhile.
    const taken = join(folder, 'taken');
    const late = restoreBackup({
      folder: join(folder, 'backup'),
      target: taken,
      attachments: server.urlOf('late'),
      now: NOW,
      operator: OPERATOR,
      onProgress: () => mkdirSync(join(taken, 'other'), { recursive: true }),
    });
    await expect(late).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED' });
    expect(await keysUnder('late')).toEqual([]);
  });

  it('is not made where the bucket cannot be used, and credentials in its address are repeated nowhere', async () => {
    const folder = tempFolder();
    for (const [url, code, exit] of [
      [server.urlOf('', 'missing'), 'LPX_S3_BUCKET', 2],
      ['s3://files?endpoint=http://127.0.0.1:1&path-style', 'LPX_S3_UNREACHABLE', 10],
      ['s3://AKIA:hunter2@files', 'LPX_S3_SECRET', 2],
      ['s3://Files', 'LPX_S3_URL', 2],
    ] as const) {
      const ran = await lpxJson(['--store', join(folder, 'store'), 'init', '--school', '990002', '--attachments', url]);
      expect([ran.json.error.code, ran.code, existsSync(join(folder, 'store'))]).toEqual([code, exit, false]);
      expect(ran.out + ran.err).not.toContain('hunter2');
    }
  });

  it('is as it was when the storage fails in the middle of an import, which is completed when it is run again', async () => {
    const { folder, zipFile } = await delivery();
    const store = join(folder, 'store');
    await init(store);
    const running = lpxJson(importing(store, folder, zipFile));
    const staged = () => readdirSync(join(store, 'attachments')).some((name) => existsSync(join(store, 'attachments', name, 'sent')));
    while (!staged()) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.kill();
    const failed = await running;
    await server.resume();
    expect([failed.code, failed.json.error.code]).toEqual([10, 'LPX_S3_UNREACHABLE']);
    expect(await stateOf(store)).toBe('before');
    expect(await heldBy(store)).toBe(0);
    expect((await lpx(importing(store, folder, zipFile))).code).toBe(0);
    expect(await stateOf(store)).toBe('after');
  });

  it('is exactly before or after an import that is killed, with nothing in the bucket that no record names', async () => {
    const { folder, zipFile } = await delivery();
    const kills = 2;
    const duration = await durationOf(async () => {
      await init(join(folder, 'first'));
      expect((await lpx(importing(join(folder, 'first'), folder, zipFile))).code).toBe(0);
    });
    for (let i = 0; i < kills; i++) {
      const store = join(folder, `store-${i}`);
      const { prefix } = await init(store);
      await strike(importing(store, folder, zipFile), 'SIGKILL', within(duration / 2, i, kills));
      const state = await stateOf(store);
      expect(['before', 'after']).toContain(state);
      expect([await heldBy(store), readdirSync(join(store, 'attachments'))]).toEqual([state === 'before' ? 0 : FILES, []]);
      const uploads = await server.client().send(new ListMultipartUploadsCommand({ Bucket: 'files', Prefix: prefix }));
      expect(uploads.Uploads ?? []).toEqual([]);
      expect((await lpx(importing(store, folder, zipFile))).code).toBe(0);
      expect(await stateOf(store)).toBe('after');
    }
  });

  it('keeps a content once that two imports bring at the same time', async () => {
    const { folder, zipFile } = await delivery();
    const store = join(folder, 'store');
    await init(store);
    const ran = await Promise.all([1, 2].map(() => lpxJson(importing(store, folder, zipFile))));
    expect(ran.map(({ json }) => json.outcome).sort()).toEqual(['imported', 'unchanged']);
    expect([await stateOf(store), await heldBy(store)]).toEqual(['after', FILES]);
  });
});
