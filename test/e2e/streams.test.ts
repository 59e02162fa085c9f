import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BINARY, lpx, lpxJson } from '../support/cli.js';
import { exportFrom, PASSWORD, school, studentIn, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

interface Ended {
  readonly code: number | null;
  readonly err: string;
}

const ENV = { ...process.env, LANG: 'C.UTF-8', LC_ALL: '', LPX_STORE: '', LPX_PASSWORD: PASSWORD.toString() };

/** Runs lpx with a stdout whose reader has gone before anything was printed, as in `lpx … | true`. */
async function intoClosedPipe(words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [BINARY, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env: ENV });
  child.stdout.destroy();
  return ended(child);
}

async function intoFullDisk(words: readonly string[]): Promise<Ended> {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [BINARY, ...words], { stdio: ['ignore', full, 'pipe'], env: ENV });
  closeSync(full);
  return ended(child);
}

function ended(child: ReturnType<typeof spawn>): Promise<Ended> {
  let err = '';
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, err })));
}

/** Whether lpx has begun to listen to signals, the last of which is SIGHUP: Linux knows. Elsewhere it is taken to. */
function hearsSignals({ pid }: ReturnType<typeof spawn>): boolean {
  if (process.platform !== 'linux') return true;
  const caught = /^SigCgt:.*([0-9a-f])$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number.parseInt(caught ?? '0', 16) & 1) === 1;
}

/** A package, and the empty school it goes to. */
async function exchange() {
  const folder = tempFolder();
  const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
  return { zipFile, store: await school(folder, '990002') };
}

describe('a command whose output nobody reads', () => {
  it('ends with the exit code of what it did, and without a stack trace', async () => {
    const { zipFile, store } = await exchange();
    expect(await intoClosedPipe(['--store', store, 'import', zipFile])).toMatchObject({ code: 7 });
    const { code, err } = await intoClosedPipe(['--store', store, 'import', zipFile, '--create-students']);
    expect(code).toBe(0);
    expect(err).not.toMatch(/EPIPE|at .*:\d+:\d+/);
    expect((await studentIn(store, TRANSFER_STUDENT)).records.length).toBeGreaterThan(0);
    expect(await intoClosedPipe(['--json', '--store', store, 'students'])).toEqual({ code: 0, err: '' });
    expect(await intoClosedPipe(['--help'])).toEqual({ code: 0, err: '' });
  });
});

describe.skipIf(!existsSync('/dev/full'))('a command whose output finds a full disk', () => {
  it('says so, and that it is done all the same', async () => {
    const { zipFile, store } = await exchange();
    const { code, err } = await intoFullDisk(['--store', store, 'import', zipFile, '--create-students']);
    expect([code, err]).toEqual([2, expect.stringContaining('LPX_OUTPUT_LOST')]);
    expect(err).toContain('its result could not be printed');
    expect(err).toContain('lpx history');
    expect(err).not.toMatch(/at .*:\d+:\d+/);
    expect((await studentIn(store, TRANSFER_STUDENT)).records.length).toBeGreaterThan(0);
  });

  it('keeps the exit code of a refusal', async () => {
    const { zipFile, store } = await exchange();
    expect(await intoFullDisk(['--json', '--store', store, 'import', zipFile])).toMatchObject({ code: 7 });
  });
});

describe('a file that is not one', () => {
  const pipe = (script: string, ...words: string[]) => lpxIn(`exec "$0" "$@" ${script}`, [process.execPath, BINARY, ...words]);
  const lpxIn = async (script: string, words: readonly string[]) => {
    const child = spawn('bash', ['-c', script, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...ENV, LPX_PASSWORD: '' } });
    return ended(child);
  };

  it('is read where a password or a list may come from a pipe, and only so far', async () => {
    const { zipFile, store } = await exchange();
    expect(await pipe(`--password-file <(printf '%s\\n' '${PASSWORD}')`, 'verify', zipFile)).toMatchObject({ code: 0 });
    expect(await pipe('--password-file <(yes)', 'verify', zipFile)).toMatchObject({ code: 2, err: expect.stringContaining('too large') });
    expect(await pipe('--password-stdin < <(yes)', 'verify', zipFile)).toMatchObject({
      code: 2,
      err: expect.stringContaining('too large'),
    });
    expect(await pipe(`--schools <(printf '990001,甲校\\n')`, '--store', store, 'load')).toMatchObject({ code: 0 });
    expect(await pipe('--schools <(yes 990001,甲)', '--store', store, 'load')).toMatchObject({ code: 2 });
  });

  it('is refused for a package, a signature, a receipt and a folder, at once', async () => {
    const { zipFile, store } = await exchange();
    const waiting = join(tempFolder(), 'pipe');
    execFileSync('mkfifo', [waiting]);
    for (const file of ['/dev/zero', waiting]) {
      expect(await pipe(`--signature ${file}`, 'verify', zipFile)).toMatchObject({
        code: 2,
        err: expect.stringContaining('LPX_FILE_UNREADABLE'),
      });
      expect(await pipe(file, 'verify')).toMatchObject({ code: 2, err: expect.stringContaining('LPX_FILE_UNREADABLE') });
      expect(await pipe(`--check ${file}`, '--store', store, 'receipt')).toMatchObject({ code: 2 });
      expect(await pipe(file, '--store', store, 'load')).toMatchObject({
        code: 2,
        err: expect.stringContaining(file === waiting ? 'LPX_LOAD_PIPE' : 'LPX_FILE_UNREADABLE'),
      });
    }
    expect(await pipe('--password-file /dev/zero', 'verify', zipFile)).toMatchObject({ code: 2 });
  });
});

describe('a password file', () => {
  const text = PASSWORD.toString();
  it.each<[string, Buffer]>([
    ['in UTF-16 with its mark', Buffer.from(`\ufeff${text}\r\n`, 'utf16le')],
    ['in UTF-16, big end first', Buffer.from(`\ufeff${text}\r\n`, 'utf16le').swap16()],
    ['in UTF-16 without a mark, after an empty line', Buffer.from(`\r\n${text}\r\n`, 'utf16le')],
    ['with a byte order mark and Windows line ends', Buffer.from(`\ufeff${text}\r\n`)],
    ['with lines of nothing and of blanks before', Buffer.from(`\r\n  \n${text}\nanother line\n`)],
  ])('%s is read', async (_, bytes) => {
    expect((await verifiedWith(bytes)).findings).toEqual([]);
  });

  it('in quotation marks and with a blank behind is read, and that is said without the password', async () => {
    const { findings, out } = await verifiedWith(Buffer.from(`"${text}" \r\n`));
    expect(findings.map(({ code, message }: { code: string; message: string }) => [code, message.split(': ')[1]])).toEqual([
      ['LPX_PASSWORD_FORM', 'without the blanks around it.'],
      ['LPX_PASSWORD_FORM', 'without the quotation marks around it.'],
    ]);
    expect(out).not.toContain(text);
  });

  it('with nothing but blanks gives no password', async () => {
    const { zipFile } = await exchange();
    const { code, err } = await lpx(['verify', zipFile, '--password-stdin'], { input: '\ufeff\r\n \n' });
    expect([code, err]).toEqual([2, expect.stringContaining('LPX_PASSWORD_MISSING')]);
  });

  it('with a blank too many, and a password that is wrong anyway, is reported as such', async () => {
    const { zipFile } = await exchange();
    const { code, out, err } = await lpx(['verify', zipFile, '--password-stdin'], { input: 'wrong-one \r\n' });
    expect([code, err]).toEqual([4, expect.stringContaining('begins or ends with a blank')]);
    expect(out + err).not.toContain('wrong-one');
  });

  it('from a pipe that nobody writes to is waited for until a signal ends the command', async () => {
    const { zipFile } = await exchange();
    const pipe = join(tempFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const child = spawn(process.execPath, [BINARY, 'verify', zipFile, '--password-file', pipe], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: ENV,
    });
    while (!hearsSignals(child) && child.exitCode === null) await sleep(20);
    // By now it waits for the pipe; where it has yet to, the signal ends it all the same.
    await sleep(500);
    child.kill('SIGINT');
    expect((await ended(child)).code).toBe(9);
  });

  const verifiedWith = async (bytes: Buffer) => {
    const { zipFile } = await exchange();
    const passwordFile = join(tempFolder(), 'pw.txt');
    writeFileSync(passwordFile, bytes);
    const { code, json, out } = await lpxJson(['verify', zipFile, '--password-file', passwordFile]);
    expect(code).toBe(0);
    return { findings: json.findings, out };
  };
});
