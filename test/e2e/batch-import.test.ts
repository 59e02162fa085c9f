import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { readTable } from '#lpx/roster/tables.js';
import { classOf, packagesIn, passwordsIn, writeList } from '../support/batches.js';
import { BINARY, lpx, lpxJson } from '../support/cli.js';
import { filesBelow } from '../support/inboxes.js';
import { outputFaults } from '../support/output-schemas.js';
import { school } from '../support/schools.js';
import { durationOf, once, strike, strikesIn, within } from '../support/strikes.js';
import { keptFolder, tempFolder } from '../support/temp.js';

const STUDENTS = 12;
/** Records of each student of `classOf`. */
const RECORDS = 3;
const sender = keptFolder();
const secret = join(sender, 'secret');
/** The table of the only receiving school. */
let passwords = '';

/** Packages of a class for school 990002, with their table of passwords, as `lpx batch export` writes them. */
beforeAll(async () => {
  const { store, nationalIds } = await classOf(sender, STUDENTS, 60_000);
  const list = writeList(
    sender,
    nationalIds.map((nationalId) => ({ nationalId, to: '990002' })),
  );
  const words = ['--store', store, 'batch', 'export', list, '--out', join(sender, 'mail'), '--passwords', secret];
  const { code, err } = await lpx(words);
  if (code !== 0) throw new Error(err);
  passwords = tableOf(secret, '990002');
});

/** The table of passwords of a receiving school. */
const tableOf = (folder: string, code: string) => join(folder, readdirSync(folder).find((name) => name.startsWith(`${code}-`)) ?? '');

interface Arranged {
  readonly inbox: string;
  readonly store: string;
  readonly names: readonly string[];
}

/** An inbox with all packages, or the first of them, and an empty store. */
async function arranged(count = STUDENTS): Promise<Arranged> {
  const folder = tempFolder();
  const inbox = join(folder, 'inbox');
  mkdirSync(inbox);
  const names = packagesIn(join(sender, 'mail')).slice(0, count);
  for (const name of names) deliver(name, inbox);
  return { inbox, names, store: await school(folder, '990002') };
}

function deliver(name: string, inbox: string): void {
  for (const file of [name, `${name}.md5`]) cpSync(join(sender, 'mail', '990002', file), join(inbox, file), { preserveTimestamps: true });
}

const wordsFor = ({ store, inbox }: Pick<Arranged, 'store' | 'inbox'>, ...more: string[]) => [
  '--store',
  store,
  'batch',
  'import',
  inbox,
  '--create-students',
  ...more,
];

const movedFiles = (names: readonly string[]) => names.flatMap((name) => [`imported/${name}`, `imported/${name}.md5`]).sort();

/** The records of each student, and how many imports brought something. */
const contentOf = (store: string) =>
  withStore(store, async (open) => {
    const students = await open.students();
    const history = await open.history({ kinds: ['import'] });
    const done = history.filter((entry) => entry.kind === 'import' && entry.state === 'done');
    return { records: students.map(({ courseResults }) => courseResults), imports: done.length };
  });

const allOnce = (count: number) => ({ records: Array(count).fill(RECORDS), imports: count });

describe('lpx batch import', () => {
  it('imports what batch export wrote, with its table of passwords as it is', async () => {
    const given = await arranged();
    const { code, json, err } = await lpxJson(wordsFor(given, '--passwords', passwords));
    expect([code, err, outputFaults(json)]).toEqual([0, '', []]);
    expect(json.counts).toMatchObject({ imported: STUDENTS, refused: 0, waiting: 0 });
    expect(filesBelow(given.inbox)).toEqual(movedFiles(given.names));
    expect(await contentOf(given.store)).toEqual(allOnce(STUDENTS));
  });

  it('says which packages are refused and which stay, ends with 8, and prints no password', async () => {
    const given = await arranged(4);
    const [whole = '', broken = '', unknown = '', unsigned = ''] = given.names;
    writeFileSync(join(given.inbox, broken), 'broken', { flag: 'a' });
    rmSync(join(given.inbox, `${unsigned}.md5`));
    const listed = passwordsIn(secret);
    const table = join(tempFolder(), 'some.csv');
    const wrong = 'a-wrong-passphrase-1';
    writeFileSync(
      table,
      `密碼,檔名\n${[whole, broken, unsigned].map((name) => `${listed.get(name)},${name}`).join('\n')}\n${wrong},${unknown}\n`,
    );
    const results = join(tempFolder(), 'results.csv');
    const words = wordsFor(given, '--passwords', table, '--results', results);

    const verified = await lpxJson(['batch', 'verify', given.inbox, '--passwords', table]);
    expect([verified.code, outputFaults(verified.json)]).toEqual([8, []]);
    expect(verified.json.counts).toMatchObject({ intact: 1, refused: 1, waiting: 2 });
    const { code, json } = await lpxJson(words);
    expect([code, json.error.code, outputFaults(json)]).toEqual([8, 'LPX_INBOX_UNFINISHED', []]);
    expect(Object.fromEntries(json.packages.map((found: any) => [found.file, [found.outcome, found.error?.code]]))).toEqual({
      [whole]: ['imported', undefined],
      [broken]: ['refused', 'LPX_SIGNATURE_MISMATCH'],
      [unknown]: ['waiting', 'LPX_PASSWORD_WRONG'],
      [unsigned]: ['waiting', 'LPX_SIGNATURE_MISSING'],
    });
    const report = JSON.parse(readFileSync(join(given.inbox, 'refused', broken.replace('.zip', '.report.json')), 'utf8'));
    expect([report.error.code, outputFaults(report)]).toEqual(['LPX_SIGNATURE_MISMATCH', []]);
    const page = readFileSync(join(given.inbox, 'refused', broken.replace('.zip', '.report.html')), 'utf8');
    expect(page).toContain('LPX_SIGNATURE_MISMATCH');
    expect((await readTable(json.results)).map((row) => row[1]).sort()).toEqual(['imported', 'refused', 'result', 'waiting', 'waiting']);

    const again = await lpx([...words, '--verbose', '--debug']);
    expect(again.code).toBe(8);
    expect(existsSync(results.replace('.csv', '_v2.csv'))).toBe(true);
    const printed = [verified.out, json, again.out, again.err, readFileSync(results, 'utf8'), report]
      .map((text) => JSON.stringify(text))
      .join();
    for (const password of [...listed.values(), wrong]) expect(printed).not.toContain(password);
  });

  it('prints an event a line with --json-lines, and a line a package on stderr in a log', async () => {
    const given = await arranged(2);
    const { code, out } = await lpx(wordsFor(given, '--passwords', secret, '--json-lines', '--dry-run'));
    const events = out.split('\n').map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(events.map(({ event }) => event)).toEqual(['begin', 'package', 'package', 'end']);
    expect(events.flatMap((event) => outputFaults({ ...event, command: 'batch-event' }, event))).toEqual([]);
    const [first = ''] = given.names;
    for (const ending of ['', '.md5']) renameSync(join(given.inbox, first + ending), join(given.inbox, `A800000014.zip${ending}`));
    const { err } = await lpx(wordsFor(given, '--passwords', secret));
    const [firstLine, second, note, ...rest] = err.split('\n');
    expect([firstLine?.slice(0, 4), second?.slice(0, 4), rest]).toEqual(['1/2 ', '2/2 ', []]);
    expect(note).toContain('lpx receipt');
    expect([err.includes('A80000****.zip'), err.includes('A800000014')]).toEqual([true, false]);
  });

  it('wants a password from somewhere, and never asks', async () => {
    const given = await arranged(1);
    expect((await lpxJson(wordsFor(given))).json.error.code).toBe('LPX_PASSWORDS_MISSING');
    const password = passwordsIn(secret).get(given.names[0] as string) as string;
    expect((await lpx(wordsFor(given), { env: { LPX_PASSWORD: password } })).code).toBe(0);
  });

  it('by two at once on one inbox, and two inboxes on one store, imports each package once', async () => {
    const given = await arranged(6);
    const other = join(tempFolder(), 'inbox');
    mkdirSync(other);
    for (const name of packagesIn(join(sender, 'mail')).slice(6)) deliver(name, other);
    const inboxes = [given.inbox, given.inbox, other];
    const ran = await Promise.all(inboxes.map((inbox) => lpx(wordsFor({ ...given, inbox }, '--passwords', passwords, '--jobs', '2'))));
    expect(ran.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await contentOf(given.store)).toEqual(allOnce(STUDENTS));
    expect(filesBelow(given.inbox)).toEqual(movedFiles(given.names));
  });
});

describe('the line for cron in the README', () => {
  it.each(['README.md', 'README.zh-TW.md'])('works as it is printed in %s, in the empty environment that cron gives', async (page) => {
    const root = tempFolder();
    const bin = join(root, 'bin');
    mkdirSync(bin);
    symlinkSync(BINARY, join(bin, 'lpx'));
    symlinkSync(process.execPath, join(bin, 'node'));
    const given = await arranged(1);
    for (const [from, to] of [
      [given.inbox, 'inbox'],
      [given.store, 'store'],
      [secret, 'keys'],
    ] as const)
      cpSync(from, join(root, to), { recursive: true, preserveTimestamps: true });
    const text = readFileSync(fileURLToPath(new URL(`../../${page}`, import.meta.url)), 'utf8');
    const [, path = '', line = ''] = /^PATH=(.*)\n(?:\S+ ){5}(.*)$/m.exec(text) ?? [];
    const command = line.replaceAll('/srv/lpx', root);
    const { exitCode } = await execa('env', [
      '-i',
      `PATH=${bin}:${path}`,
      'HOME=/',
      'LOGNAME=clerk',
      'SHELL=/bin/sh',
      '/bin/sh',
      '-c',
      command,
    ]);
    expect(exitCode).toBe(0);
    expect(readFileSync(join(root, 'batch.log'), 'utf8')).toContain(given.names[0]);
    expect(filesBelow(join(root, 'inbox'))).toEqual(movedFiles(given.names));
  });

  it('is, for Windows, short enough for schtasks', () => {
    const text = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
    expect(/\/TR "(.*)"$/m.exec(text)?.[1]?.length).toBeLessThanOrEqual(261);
  });
});

/** The packages of a batch are imported in one run; a run may be struck this often. */
const STRIKES = strikesIn(3);

describe('a batch import that is killed', () => {
  it('is completed by running it again: every record once, every package moved with its signature', async () => {
    const first = await arranged();
    const duration = await durationOf(async () => expect((await lpx(wordsFor(first, '--passwords', passwords))).code).toBe(0));
    for (let i = 0; i < STRIKES; i += 4) {
      const given = await arranged();
      const words = wordsFor(given, '--passwords', passwords);
      for (let kill = 0; kill < 4; kill++) await strike(words, 'SIGKILL', within(duration, kill, 4));
      expect((await lpx(words)).code).toBe(0);
      expect(filesBelow(given.inbox)).toEqual(movedFiles(given.names));
      expect(await contentOf(given.store)).toEqual(allOnce(STUDENTS));
    }
  });

  it('ends at Ctrl-C after the packages in hand, with 9', async () => {
    const given = await arranged();
    const words = wordsFor(given, '--passwords', passwords, '--jobs', '1');
    const { code, err } = await strike(
      words,
      'SIGINT',
      once(() => existsSync(join(given.inbox, 'imported'))),
    );
    expect(code).toBe(9);
    expect(err).toContain('LPX_INTERRUPTED');
    const imported = readdirSync(join(given.inbox, 'imported')).length / 2;
    expect(Number.isInteger(imported) && imported > 0 && imported < STUDENTS).toBe(true);
    expect(await contentOf(given.store)).toEqual(allOnce(imported));
  });
});

describe('lpx batch import --watch', () => {
  it('imports what arrives once it is whole and signed, survives its inbox going away, and ends at SIGTERM with 0', async () => {
    const given = await arranged(0);
    const [first = '', second = '', third = ''] = packagesIn(join(sender, 'mail'));
    const watching = execa(process.execPath, [BINARY, ...wordsFor(given, '--passwords', passwords, '--watch', '--every', '1')], {
      reject: false,
      env: { LANG: 'C.UTF-8', LC_ALL: '', LPX_STORE: '', LPX_PASSWORD: '' },
    });
    const until = async (ready: () => boolean) => {
      while (!ready() && watching.exitCode === null) await sleep(50);
      expect(ready()).toBe(true);
    };
    let said = '';
    watching.stdout.on('data', (chunk) => {
      said += chunk;
    });
    // Said once all of it has been moved.
    const isImported = (name: string) => said.includes(`✔ ${name}`) && existsSync(join(given.inbox, 'imported', `${name}.md5`));
    try {
      deliver(first, given.inbox);
      const bytes = readFileSync(join(sender, 'mail', '990002', second));
      writeFileSync(join(given.inbox, second), bytes.subarray(0, bytes.length / 2));
      await until(() => isImported(first));
      expect(existsSync(join(given.inbox, second))).toBe(true);
      deliver(second, given.inbox);
      await until(() => isImported(second));
      renameSync(given.inbox, `${given.inbox}-away`);
      await until(() => said.includes('LPX_FILE_NOT_FOUND'));
      renameSync(`${given.inbox}-away`, given.inbox);
      deliver(third, given.inbox);
      await until(() => isImported(third));
    } finally {
      watching.kill('SIGTERM');
    }
    const { exitCode, stdout } = await watching;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('LPX_FILE_NOT_FOUND');
    expect(stdout).toContain('lpx tries again by itself');
    expect(stdout).not.toMatch(/Check the path|run the command again/);
    expect(stdout).toContain('All is well again.');
    expect(stdout.split('\n').at(-1)).toBe('3 imported');
    expect(await contentOf(given.store)).toEqual(allOnce(3));
  });
});

describe('a term’s end', () => {
  it('sends forty students who were here for borrowed study to twelve schools, each of which imports them', async () => {
    const folder = tempFolder();
    const { store, nationalIds } = await classOf(folder, 40);
    const schools = Array.from({ length: 12 }, (_, i) => String(990002 + i));
    const rows = nationalIds.map((nationalId, i) => ({ nationalId, reason: '借讀', to: schools[i % schools.length] as string }));
    const [mail, secrets] = [join(folder, 'mail'), join(folder, 'secrets')];
    const exported = await lpx(['--store', store, 'batch', 'export', writeList(folder, rows), '--out', mail, '--passwords', secrets]);
    expect(exported.code).toBe(0);
    const counts: number[] = [];
    for (const code of schools) {
      const home = await school(folder, code);
      // The school's mail: a folder for each school that sends.
      const inbox = join(folder, `inbox-${code}`);
      cpSync(join(mail, code), join(inbox, '990001'), { recursive: true, preserveTimestamps: true });
      const { code: exit, err } = await lpx(wordsFor({ store: home, inbox }, '--passwords', tableOf(secrets, code), '--jobs', '1'));
      expect([exit, err.includes('LPX_')]).toEqual([0, false]);
      expect(packagesIn(join(inbox, 'imported', '990001'))).toEqual(packagesIn(join(mail, code)));
      const content = await contentOf(home);
      counts.push(content.imports);
      expect(content).toEqual(allOnce(content.imports));
    }
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40);
  });
});
