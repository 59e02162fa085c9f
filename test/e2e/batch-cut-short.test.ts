import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { verifyPackage } from '#lpx/exchange/verify.js';
import { PasswordBook } from '#lpx/package/password-book.js';
import { readPasswords } from '#lpx/roster/password-tables.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { classOf, othersIn, packagesIn, passwordsIn, writeList } from '../support/batches.js';
import { lpx, lpxJson } from '../support/cli.js';
import { durationOf, once, strike, within } from '../support/strikes.js';
import { tempFolder } from '../support/temp.js';

/** The soak (`LPX_KILLS`) sends 60 packages twenty times; every other run has fewer. */
const IS_SOAK = Number(process.env.LPX_KILLS ?? 0) >= 1000;
const STUDENTS = IS_SOAK ? 60 : 14;
const ROUNDS = IS_SOAK ? 20 : 2;
/** How often a batch is killed before it is let go on to its end. */
const KILLS = IS_SOAK ? 6 : 3;

interface Batch {
  readonly store: string;
  readonly mail: string;
  readonly secret: string;
  readonly words: readonly string[];
}

function batchIn(folder: string, list: string, store = join(folder, 'store')): Batch {
  const [mail, secret] = [join(folder, 'mail'), join(folder, 'secret')];
  return { store, mail, secret, words: ['--store', store, 'batch', 'export', list, '--out', mail, '--passwords', secret] };
}

/** A batch of a class of twelve, with as many bytes of files each. */
async function classBatch(folder: string, bytes: number) {
  const { store, nationalIds } = await classOf(folder, 12, bytes);
  const rows = nationalIds.map((nationalId) => ({ nationalId }));
  return batchIn(folder, writeList(folder, rows), store);
}

/** The passwords that the tables have by job, those of packages that are still to be made among them. */
function passwordsByJob(secret: string): Map<string, string> {
  const rows = (existsSync(secret) ? readdirSync(secret) : [])
    .filter((name) => name.endsWith('.csv'))
    .flatMap((name) => readFileSync(join(secret, name), 'utf8').split('\r\n').slice(1))
    .map((line) => line.split(','))
    .filter((cells) => cells.length === 4 && /^[0-9a-f]{8}-[0-9a-f]{12}$/.test(cells[3] ?? ''));
  return new Map(rows.map(([, , password = '', job = '']) => [job, password]));
}

/** Whether somebody is writing to a store. */
function isHeld(store: string): boolean {
  const database = openSqlite(join(store, 'lpx.sqlite'));
  try {
    database.exec('begin immediate; rollback');
    return false;
  } catch {
    return true;
  } finally {
    database.close();
  }
}

/** How long all tables are together, also while a batch adds to them and takes out what it does not need. */
const tableBytes = (secret: string): number =>
  (existsSync(secret) ? readdirSync(secret) : [])
    .map((name) => statSync(join(secret, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, bytes) => sum + bytes, 0);

/**
 * Looks at what a batch has left so far as the next command finds it: what is there is whole, signed, in the history, and opens with a password
 * that its school's table has for it. A killed run may have written down a name that another student's package got later.
 */
async function expectWhole({ store, mail, secret }: Batch): Promise<void> {
  const exports = await withStore(store, (open) => open.history({ kinds: ['export'] }));
  const files = existsSync(mail) ? readdirSync(mail, { recursive: true }).map(String) : [];
  const names = files.map((file) => basename(file)).filter((file) => /\.zip/.test(file));
  expect(names.sort()).toEqual(exports.flatMap(({ file }) => [file, `${file}.md5`]).sort());
  const tables = existsSync(secret) ? readdirSync(secret).filter((name) => name.endsWith('.csv')) : [];
  for (const file of files.filter((name) => name.endsWith('.zip'))) {
    const table = tables.find((name) => name.startsWith(`${dirname(file)}-`)) ?? 'no table';
    const report = await verifyPackage({ zipFile: join(mail, file), password: new PasswordBook(await readPasswords(join(secret, table))) });
    expect([file, report.findings.map(({ code }) => code), report.ok]).toEqual([file, [], true]);
  }
}

describe('a batch that is killed', () => {
  it(`is gone on with until it is done: every student once, every package whole, and its password as it was, ${ROUNDS} times`, async () => {
    const folder = tempFolder();
    const { store: from, nationalIds } = await classOf(folder, STUDENTS, 20_000);
    const list = writeList(
      folder,
      nationalIds.map((nationalId) => ({ nationalId })),
    );
    const batch = batchIn(folder, list);
    const words = [...batch.words, '--resume', '--jobs', '2'];
    const afresh = () => {
      for (const path of [batch.store, batch.mail, batch.secret]) rmSync(path, { recursive: true, force: true });
      cpSync(from, batch.store, { recursive: true });
    };
    afresh();
    const duration = await durationOf(async () => expect((await lpx(words)).code).toBe(0));

    for (let round = 0; round < ROUNDS; round++) {
      afresh();
      const known = new Map<string, string>();
      for (let i = 0; i < KILLS; i++) {
        // Every second kill comes just when a password is written down, before its package has the name.
        const bytes = tableBytes(batch.secret);
        const isWriting = once(() => tableBytes(batch.secret) > bytes);
        await strike(words, 'SIGKILL', i % 2 === 0 ? within(duration, i, KILLS) : isWriting);
        for (const [job, password] of passwordsByJob(batch.secret)) {
          if (known.has(job)) expect([job, password]).toEqual([job, known.get(job)]);
          known.set(job, password);
        }
        await expectWhole(batch);
      }
      const { code, json } = await lpxJson(words);
      expect([code, json.ok]).toEqual([0, true]);
      await expectWhole(batch);
      const exports = await withStore(batch.store, (open) => open.history({ kinds: ['export'] }));
      expect(exports.flatMap(({ students }) => students.map(({ nationalId }) => nationalId)).sort()).toEqual([...nationalIds].sort());
      for (const place of [batch.mail, batch.secret]) expect(othersIn(place).filter((name) => name.endsWith('.part'))).toEqual([]);
      const last = passwordsByJob(batch.secret);
      for (const [job, password] of known) expect([job, last.get(job)]).toEqual([job, password]);
      expect(packagesIn(batch.mail)).toEqual([...passwordsIn(batch.secret).keys()].sort());
    }
  });
});

describe('a batch that is interrupted', () => {
  it('ends with exit 9 and nothing half done, says how to go on, and does only that', async () => {
    const folder = tempFolder();
    const batch = await classBatch(folder, 300_000);

    const { code, err } = await strike(
      [...batch.words, '--jobs', '2'],
      'SIGINT',
      once(() => packagesIn(batch.mail).length > 0),
    );
    expect([code, err]).toEqual([9, expect.stringContaining('--resume')]);
    await expectWhole(batch);
    const done = packagesIn(batch.mail);
    expect(done.length).toBeLessThan(12);
    expect(readdirSync(join(batch.store, 'attachments')).filter((name) => name.startsWith('staging-'))).toEqual([]);

    const again = await lpx(batch.words);
    expect([again.code, again.err]).toEqual([7, expect.stringContaining('LPX_BATCH_UNFINISHED')]);
    const { code: end, json } = await lpxJson([...batch.words, '--resume']);
    expect([end, json.resumed, json.counts.exported]).toEqual([0, true, 12]);
    expect(packagesIn(batch.mail)).toEqual(expect.arrayContaining(done));
    await expectWhole(batch);
  });
});

describe('a batch whose passwords somebody touched before it is gone on with', () => {
  it('says which are lost or no longer open their package, and keeps every row of the tables', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 12, 300_000);
    const rows = nationalIds.map((nationalId) => ({ nationalId, to: '990002' }));
    const batch = batchIn(folder, writeList(folder, rows), store);
    await strike(
      [...batch.words, '--jobs', '1'],
      'SIGINT',
      once(() => packagesIn(batch.mail).length > 1),
    );
    const done = packagesIn(batch.mail);
    const [name = ''] = readdirSync(batch.secret);
    const table = join(batch.secret, name);
    const written = readFileSync(table, 'utf8');
    const resume = () => lpxJson([...batch.words, '--resume']);

    rmSync(table);
    const lost = await resume();
    expect([lost.code, lost.json.error.code]).toEqual([8, 'LPX_PASSWORD_LOST']);
    for (const file of done) expect(JSON.stringify(lost.json.findings)).toContain(file);
    expect(existsSync(table)).toBe(false);

    const password = passwordsIn(batch.secret).get(done[0] ?? '') ?? written.split('\r\n')[1]?.split(',')[2] ?? '';
    writeFileSync(table, written.replace(password, 'WRONG-password'));
    const wrong = await resume();
    expect([wrong.code, wrong.json.error.code]).toEqual([8, 'LPX_PASSWORD_LOST']);
    expect(JSON.stringify(wrong.json)).not.toContain('WRONG-password');

    const elsewhere = join(folder, 'elsewhere.csv');
    renameSync(table, elsewhere);
    symlinkSync(elsewhere, table);
    const linked = await resume();
    expect([linked.code, linked.json.error.code]).toEqual([2, 'LPX_FILE_UNREADABLE']);
    rmSync(table);

    const results = join(batch.mail, name.replace('990002', 'batch'));
    rmSync(results);
    mkdirSync(results);
    writeFileSync(table, `${written.replaceAll('.zip,', ',')}\r\nby hand,,secret`);
    const incomplete = await resume();
    expect([incomplete.code, incomplete.json.error.code]).toEqual([8, 'LPX_BATCH_INCOMPLETE']);
    expect([incomplete.json.error.hint, incomplete.json.counts.exported]).toEqual([expect.stringContaining('--resume'), 12]);
    rmSync(results, { recursive: true });
    const { code, json } = await resume();
    expect([code, json.resumed, json.results.length]).toEqual([0, true, 2]);
    const kept = readFileSync(table, 'utf8').split('\r\n');
    expect(kept).toHaveLength(1 + 12 + 1 + 1);
    expect(kept).toEqual(
      expect.arrayContaining([
        'by hand,,secret',
        ...written
          .replaceAll('.zip,', ',')
          .split('\r\n')
          .slice(0, 1 + done.length),
      ]),
    );
  });
});

describe('two batches at once', () => {
  it('of different lists both come to their end, and give a student of both to each school once', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 12, 50_000);
    const [first, second] = [nationalIds.slice(0, 8), nationalIds.slice(4)].map((ids, i) => {
      const rows = ids.map((nationalId) => ({ nationalId, to: '990002' }));
      mkdirSync(join(folder, `batch-${i}`));
      return batchIn(join(folder, `batch-${i}`), writeList(folder, rows, `list-${i}.csv`), store);
    }) as [Batch, Batch];
    const ended = await Promise.all([first, second].map(({ words }) => lpxJson(words)));
    for (const { code, json } of ended) {
      // Whoever the other is just sending is left to it.
      expect([0, 8]).toContain(code);
      for (const { students } of json.outcomes)
        for (const { error } of students) expect(error?.code ?? 'LPX_SENT_MEANWHILE').toBe('LPX_SENT_MEANWHILE');
    }
    const exports = await withStore(store, (open) => open.history({ kinds: ['export'] }));
    expect(exports.flatMap(({ students }) => students.map(({ nationalId }) => nationalId)).sort()).toEqual([...nationalIds].sort());
    expect(new Set(exports.map(({ file }) => file)).size).toBe(12);
  });

  it('of the same list are one: the second says that the first is running, and ends with 10', async () => {
    const folder = tempFolder();
    const batch = await classBatch(folder, 500_000);
    const { code } = await strike([...batch.words, '--jobs', '1'], 'SIGCONT', async (running, send) => {
      await once(() => tableBytes(batch.secret) > 0)(running);
      // However long the second takes to start: the first rests, at a moment at which others can write to the store.
      for (let isWriting = true; isWriting && running(); ) {
        send('SIGSTOP');
        await sleep(50);
        isWriting = isHeld(batch.store);
        if (isWriting) send('SIGCONT');
        if (isWriting) await sleep(5);
      }
      expect(running()).toBe(true);
      for (const words of [batch.words, [...batch.words, '--resume']]) {
        const second = await lpx(words);
        expect([second.code, second.err]).toEqual([10, expect.stringContaining('LPX_BATCH_RUNNING')]);
      }
    });
    expect(code).toBe(0);
    expect(packagesIn(batch.mail)).toHaveLength(12);
  });
});
