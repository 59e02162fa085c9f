import { spawn } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { execaSync } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeReceipt } from '#lpx/exchange/receipt.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { openSqlite } from '#lpx/store/sqlite/driver.js';
import { BINARY, lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { exportFrom, importTo, LEFT, load, NOW, OPERATOR, SAMPLES, school, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { smallPortfolio } from '../support/small-portfolio.js';
import { killOnCopies, strikesIn } from '../support/strikes.js';
import { tempFolder } from '../support/temp.js';

const KILLS = strikesIn(6);
const NAME = '林小禾';
/** Columns of a terminal. */
const widthOf = (line: string): number => [...line].reduce((sum, char) => sum + (/[\u2e80-\uffee]/.test(char) ? 2 : 1), 0);
const ERASE = ['erase', TRANSFER_STUDENT, '--yes'];

/** The files below a folder with the student's id or name in their bytes. */
const filesWithStudent = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name);
    if (!statSync(path).isFile()) return false;
    const content = readFileSync(path);
    return [TRANSFER_STUDENT, NAME].some((text) => content.includes(text));
  });

/** `before` or `after`, each whole; or a word on what is half done. The command that asks completes what was begun. */
async function stateOf(store: string): Promise<string> {
  const { json, code } = await lpxJson(['--store', store, 'students']);
  if (code !== 0) return json.error.code;
  if ((await lpx(['--store', store, 'log', '--verify'])).code !== 0) return 'log';
  if (json.students.length > 0) return (await lpx(['--store', store, 'doctor'])).code === 5 ? 'damaged' : 'before';
  return filesWithStudent(store).length === 0 ? 'after' : `in ${filesWithStudent(store)}`;
}

describe('an erasure', () => {
  it(`that is killed is done or not at all, ${KILLS} times, and completed by the next command`, async () => {
    await killOnCopies(await transferSchool(tempFolder()), ERASE, { kills: KILLS, stateOf });
  });

  it('whose overwriting is cut off by a power cut leaves a sound store, and is completed by the next command', async () => {
    const folder = tempFolder();
    const loaded = await transferSchool(folder);
    const [erasing, cut] = [join(folder, 'erasing'), join(folder, 'cut')];
    cpSync(loaded, erasing, { recursive: true });
    const read = (name: string) => readFileSync(join(erasing, name));
    let [erased, vacuumed] = [Buffer.alloc(0), Buffer.alloc(0)];
    await withStore(erasing, async (open) => {
      open.erasures.overwrite = async () => ({ files: [], database: undefined });
      await open.erasures.erase(TRANSFER_STUDENT, { now: NOW, operator: OPERATOR, reason: '' });
      erased = read('lpx.sqlite-wal');
      // As the overwriting does.
      const database = openSqlite(join(erasing, 'lpx.sqlite'));
      database.exec('pragma secure_delete = on; pragma wal_autocheckpoint = 0; vacuum');
      vacuumed = read('lpx.sqlite-wal');
      database.close();
    });
    expect(vacuumed.length).toBeGreaterThan(erased.length);
    const [before, after] = [readFileSync(join(loaded, 'lpx.sqlite')), read('lpx.sqlite')];
    for (const [part, written] of [
      [0.1, 0],
      [0.6, 0],
      [0.999, 0],
      // All of the journal is there, and half of it had been brought into the database.
      [1, 0.5],
    ] as const) {
      rmSync(cut, { recursive: true, force: true });
      cpSync(loaded, cut, { recursive: true });
      const end = erased.length + Math.floor((vacuumed.length - erased.length) * part);
      writeFileSync(join(cut, 'lpx.sqlite-wal'), vacuumed.subarray(0, end));
      const pages = Math.floor((after.length * written) / 4096) * 4096;
      writeFileSync(join(cut, 'lpx.sqlite'), Buffer.concat([after.subarray(0, pages), before.subarray(pages)]));
      expect([part, await stateOf(cut)]).toEqual([part, 'after']);
      expect((await lpx(['--store', cut, 'erase', '--finish'])).code).toBe(0);
      expect((await lpx(['--store', cut, 'doctor'])).code).toBe(0);
    }
  });

  it('of which a power cut loses the last writes is done or not at all, and completed by the next command', async () => {
    const folder = tempFolder();
    const loaded = await transferSchool(folder);
    const [erasing, cut] = [join(folder, 'erasing'), join(folder, 'cut')];
    cpSync(loaded, erasing, { recursive: true });
    const wal = (store: string) => join(store, 'lpx.sqlite-wal');
    await withStore(erasing, async (open) => {
      // The power goes between the erasure and the overwriting.
      open.erasures.overwrite = async () => ({ files: [], database: undefined });
      await open.erasures.erase(TRANSFER_STUDENT, { now: NOW, operator: OPERATOR, reason: '' });
      cpSync(erasing, cut, { recursive: true });
    });
    const journal = readFileSync(wal(cut));
    const states = new Set<string>();
    for (const part of [0, 0.3, 0.9, 0.999, 1]) {
      rmSync(cut, { recursive: true });
      cpSync(loaded, cut, { recursive: true });
      writeFileSync(wal(cut), journal);
      truncateSync(wal(cut), Math.floor(journal.length * part));
      states.add(`${part < 1 ? 'cut' : 'whole'} ${await stateOf(cut)}`);
    }
    expect([...states].sort()).toEqual(['cut before', 'whole after']);
  });
});

describe('an erasure that was killed before its backups took note of it', () => {
  it('is completed by the same command, which cannot tell whether it was this student', async () => {
    const folder = tempFolder();
    const [store, backup] = [await transferSchool(folder), join(folder, 'backup')];
    const again = async (...options: string[]) => {
      const { code, json } = await lpxJson(['--store', store, ...ERASE, ...options]);
      return [code, json.error.code, json.backups, outputFaults(json)];
    };
    expect((await lpx(['--store', store, 'backup', backup])).code).toBe(0);
    expect((await lpxJson(['--store', store, 'erase', 'B800000015', '--yes'])).json.error.code).toBe('LPX_NOT_IN_STORE');
    await withStore(store, (open) =>
      open.change(async (change) => ({
        keep: true,
        result: await change.addStudent(smallPortfolio([], { nationalId: 'B800000015', name: '陳小麥' }).basicData, {}),
      })),
    );
    await withStore(store, (open) => open.erasures.erase(TRANSFER_STUDENT, { now: NOW, operator: OPERATOR, reason: '' }));
    expect(await again('--dry-run')).toEqual([2, 'LPX_ERASE_ABSENT', undefined, []]);
    // What is not overwritten yet comes first.
    const reader = openSqlite(join(store, 'lpx.sqlite'));
    reader.exec('begin; select count(*) from students');
    await withStore(store, async (open) => {
      open.erasures.overwrite = async () => ({ files: [], database: undefined });
      await open.erasures.erase('B800000015', { now: NOW, operator: OPERATOR, reason: '' });
    });
    expect(await again()).toEqual([8, 'LPX_ERASE_UNFINISHED', { noted: [backup], unreached: [] }, []]);
    reader.exec('rollback');
    reader.close();
    expect(await again()).toEqual([2, 'LPX_ERASE_ABSENT', { noted: [backup], unreached: [] }, []]);
  });
});

describe.skipIf(process.getuid?.() !== 0 && process.env.LPX_TOOLS !== 'required')('an erasure on a full disk', () => {
  it('says that the overwriting is not done, and completes it once there is room', async (context) => {
    const disk = tempFolder();
    const { failed } = execaSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', disk], { reject: false });
    if (failed && process.env.LPX_TOOLS !== 'required') return context.skip();
    onTestFinished(() => void execaSync('umount', ['--lazy', disk]));
    const store = await transferSchool(disk);
    // As a store of many students is: it is written whole, and does not fit twice.
    const database = openSqlite(join(store, 'lpx.sqlite'));
    database.exec('create table ballast as select randomblob(6000000) as bytes; pragma wal_checkpoint(truncate)');
    database.close();
    const filler = join(disk, 'filler');
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(filler, Buffer.alloc(bavail * bsize - 2_000_000));
    const full = await lpxJson(['--store', store, ...ERASE]);
    expect([full.code, full.json.overwritten, full.json.databaseError?.code]).toEqual([8, false, 'LPX_DISK_FULL']);
    expect([full.json.error.code, outputFaults(full.json)]).toEqual(['LPX_ERASE_UNFINISHED', []]);
    expect((await lpx(['--store', store, 'erase', '--finish'])).code).toBe(8);
    rmSync(filler);
    expect(await lpxJson(['--store', store, 'erase', '--finish'])).toMatchObject({ code: 0, json: { overwritten: true } });
    expect(filesWithStudent(store)).toEqual([]);
  });
});

describe('what an erasure leaves to the clerk', () => {
  it('is also what came: packages with their schools and receipts, folders that were loaded, and what lpx cannot know', async () => {
    const folder = tempFolder();
    const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'), { left: LEFT });
    const store = await school(folder, '990002');
    const imported = await importTo(store, zipFile);
    await load(store, join(SAMPLES, 'transfer'));
    await withStore(store, async (open) => {
      const { package: facts } = imported.report;
      const details = { md5: facts.md5, code: '' };
      await open.change(async (change) => {
        const [id = 0] = await change.studentIds([TRANSFER_STUDENT]);
        for (const md5 of [facts.md5, 'of another package']) {
          const entry = { kind: 'verify', at: NOW, operator: OPERATOR, file: basename(zipFile), bytes: 1 } as const;
          await change.addHistoryStudents(await change.addHistory({ ...entry, details: { ...details, md5 } }), [{ studentId: id }]);
        }
        return { keep: true, result: undefined };
      });
      await writeReceipt(open, { importId: imported.historyId, outFolder: join(folder, 'mail'), now: NOW, by: OPERATOR });
    });
    const planned = await lpxJson(['--store', store, 'erase', TRANSFER_STUDENT, '--dry-run']);
    expect([planned.code, outputFaults(planned.json), planned.json.backupFolders]).toEqual([0, [], []]);
    const file = basename(zipFile);
    expect(planned.json.outside).toMatchObject([
      { kind: 'import', file, school: '990001', folder: '' },
      { kind: 'load', file: file.replace('.zip', '.json'), folder: '' },
      { kind: 'verify', file, folder: '' },
      { kind: 'receipt', file: file.replace('.zip', '.receipt.json'), school: '990001', folder: join(folder, 'mail') },
    ]);
    const said = (await lpx(['--lang', 'en', '--store', store, 'erase', TRANSFER_STUDENT, '--dry-run'])).out;
    for (const words of [
      file,
      'look in your mail',
      'imported/',
      'loaded from',
      'password files',
      'results',
      'printed pages',
      'Nothing was erased',
    ])
      expect(said).toContain(words);
    // No backup was ever made.
    expect(said).not.toMatch(/backup|snapshot/i);
  });

  it('has no backup that the erasure was noted in: each is a line of what was done', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const place = join(folder, 'backup');
    for (let i = 0; i < 2; i++) expect((await lpx(['--store', store, 'backup', place])).code).toBe(0);
    const planned = await lpxJson(['--store', store, 'erase', TRANSFER_STUDENT, '--dry-run']);
    expect([planned.json.backupFolders, planned.json.outside]).toMatchObject([[place], [{ kind: 'load' }]]);
    expect(await lpxJson(['--store', store, 'erase', TRANSFER_STUDENT])).toMatchObject({
      code: 2,
      json: { error: { code: 'LPX_ERASE_UNCONFIRMED' } },
    });
    const done = await lpx(['--lang', 'zh-TW', '--store', store, ...ERASE]);
    const lines = done.out.split('\n');
    expect([done.code, lines.filter((line) => line.includes(place)).length]).toEqual([0, 1]);
    const at = (words: string) => lines.findIndex((line) => line.includes(words));
    expect(at('已記入')).toBeGreaterThan(at('已永久刪除'));
    expect(at('--keep')).toBe(at('已記入') + 1);
    expect(at('須自行')).toBeGreaterThan(at('--keep'));
  });
});

describe('the commands erase and log', () => {
  it.each([
    ['en', 'Erased for good: 林小禾 (A80000****)'],
    ['zh-TW', '已永久刪除：林小禾（A80000****）'],
  ])('fit a terminal of 80 columns, in %s, and mask the national id', async (language, erased) => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    for (let i = 0; i < 2; i++) await exportFrom(store, join(folder, 'mail'), { left: LEFT });
    const onTerminal = (...words: string[]) => {
      const command = [process.execPath, BINARY, '--lang', language, '--store', store, ...words].join(' ');
      const env = { LANG: 'C.UTF-8', LPX_STORE: '', NO_COLOR: '1' };
      const ran = execaSync('script', ['-qec', `stty cols 80; exec ${command}`, '/dev/null'], { reject: false, env });
      // No path, name of a file or hash is broken in two.
      const lines = stripVTControlCharacters(ran.stdout)
        .split(/\r?\n/)
        .filter((line) => !/\/|[0-9a-f]{64}|\.(?:zip|json)/.test(line));
      expect(lines.filter((line) => widthOf(line) > 80)).toEqual([]);
      expect(ran.stdout).not.toContain(TRANSFER_STUDENT);
      return ran;
    };
    for (const words of [['log'], ['log', '--student', NAME], ['log', '--verify']])
      expect([words, onTerminal(...words).exitCode]).toEqual([words, 0]);
    const database = openSqlite(join(store, 'lpx.sqlite'));
    database.exec(`insert into attachments (sha256, md5, bytes, seal) values ('${'ab'.repeat(32)}', '', 9, '')`);
    database.close();
    // Two receipts are awaited: each is listed, and the error says how many they are.
    const awaited = onTerminal('erase', TRANSFER_STUDENT, '--dry-run');
    expect([awaited.exitCode, awaited.stdout.split('LPX_ERASE_AWAITING').length]).toEqual([7, 4]);
    expect(awaited.stdout).toContain('LPX_ORPHANS');
    expect(awaited.stdout).toContain(language === 'en' ? 'password slips' : '密碼單');
    expect(onTerminal('erase', TRANSFER_STUDENT, '--dry-run', '--accept-unreceipted').exitCode).toBe(0);
    const reason = ['--reason', `${TRANSFER_STUDENT},${NAME},B800000015`];
    expect(onTerminal(...ERASE, ...reason, '--accept-unreceipted')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(erased) });
    expect(filesWithStudent(store)).toEqual([]);
    const [entry] = await withStore(store, (open) => open.history());
    expect(entry).toMatchObject({ details: { reason: '＊＊＊,＊＊＊,B80000****' } });
  });

  it('end as they did what they do when nobody reads what they print', async () => {
    const store = await transferSchool(tempFolder());
    for (const words of [['log'], ['--json', 'log'], ['log', '--verify'], ['erase', TRANSFER_STUDENT, '--dry-run'], ERASE]) {
      const child = spawn(process.execPath, [BINARY, '--store', store, ...words], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, LPX_STORE: '' },
      });
      child.stdout.destroy();
      let err = '';
      child.stderr.on('data', (chunk) => {
        err += chunk;
      });
      const code = await new Promise((resolve) => child.once('close', resolve));
      expect([words, code, err]).toEqual([words, 0, expect.not.stringMatching(/EPIPE|at .*:\d+:\d+/)]);
    }
    expect(await stateOf(store)).toBe('after');
  });
});
