/** The library as a vendor imports it. Use cases run in the bundled thread. */
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import {
  createStore,
  exportPackage,
  importPackage,
  LpxError,
  loadFolder,
  openStore,
  type Store,
  showPackage,
  verifyPackage,
} from '#lpx/index.js';
import { withOpen } from '../support/library.js';
import { exportFrom, LEFT, NOW, PASSWORD, SAMPLES, school, studentIn, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const password = PASSWORD.toString();
const exportOptions = (outFolder: string) =>
  ({ nationalIds: [TRANSFER_STUDENT], reason: 'transfer', left: LEFT, outFolder, password }) as const;

/** A package of the transfer sample, and an empty store of the school it goes to. */
async function delivered() {
  const folder = tempFolder();
  const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
  return { zipFile, store: await school(folder, '990002') };
}

describe('the library', () => {
  it('moves a student from one school to the next: make, load, export, verify, show, import', async () => {
    const folder = tempFolder();
    const from = await createStore(join(folder, 'from'), { code: '990001', name: '示範高中' });
    const to = await createStore(join(folder, 'to'), { code: '990002' });
    try {
      expect([from.folder, from.school]).toEqual([join(folder, 'from'), { code: '990001', name: '示範高中' }]);
      const loaded = await loadFolder(from, { path: join(SAMPLES, 'transfer'), operator: 'vendor', now: NOW });
      expect(loaded.students).toMatchObject([{ nationalId: TRANSFER_STUDENT, added: 13 }]);
      const { packages, leftOut } = await exportPackage(from, exportOptions(join(folder, 'mail')));
      const [{ zipFile, contentsDigest }] = packages as [(typeof packages)[0]];
      expect(leftOut.map(({ reason }) => reason)).toContain('uncertified');
      expect(await verifyPackage({ zipFile, password })).toMatchObject({ ok: true, package: { school: '990001' } });
      const checked = await verifyPackage({ zipFile, password, store: to, operator: 'vendor', now: NOW });
      expect(checked).toEqual(await verifyPackage({ zipFile, password }));
      await expect(verifyPackage({ zipFile: from.folder, password, store: {} as Store })).rejects.toMatchObject({
        code: 'LPX_OPTION_WRONG',
      });
      expect((await showPackage({ zipFile, password })).students).toMatchObject([{ basicData: { nationalId: TRANSFER_STUDENT } }]);
      const imported = await importPackage(to, { zipFile, password, createStudents: true, operator: 'vendor' });
      expect(imported).toMatchObject({ outcome: 'imported', report: { package: { contentsDigest } } });
      expect(await importPackage(to, { zipFile, password })).toMatchObject({ outcome: 'unchanged' });
    } finally {
      await Promise.all([from.close(), to.close()]);
    }
    expect((await studentIn(to.folder, TRANSFER_STUDENT)).records.length).toBeGreaterThan(5);
    const verifications = await withStore(to.folder, (open) => open.history({ kinds: ['verify'] }));
    expect(verifications).toMatchObject([{ operator: 'vendor', at: NOW, details: { code: '' } }]);
  });

  it('takes paths from where the caller is', async () => {
    const folder = tempFolder();
    const store = await createStore(relative(process.cwd(), join(folder, 'store')), { code: '990001' });
    await store.close();
    expect(store.folder).toBe(join(folder, 'store'));
    expect(readdirSync(store.folder)).toContain('lpx.sqlite');
  });

  it('reports progress in bytes, up to all of them', async () => {
    const folder = tempFolder();
    const seen: (readonly [number, number])[] = [];
    const onProgress = (done: number, total: number) => seen.push([done, total]);
    await withOpen(await school(folder, '990001'), async (store) => {
      await loadFolder(store, { path: join(SAMPLES, 'transfer'), onProgress });
      const ofLoad = seen.splice(0);
      const { packages } = await exportPackage(store, { ...exportOptions(folder), onProgress });
      const ofExport = seen.splice(0);
      await verifyPackage({ zipFile: packages[0]?.zipFile ?? '', password, onProgress });
      for (const steps of [ofLoad, ofExport, seen]) {
        const [done, total] = steps.at(-1) ?? [];
        expect(done).toBe(total);
        expect(total).toBeGreaterThan(0);
        expect(steps.every(([now], i) => now >= (steps[i - 1]?.[0] ?? 0))).toBe(true);
      }
    });
  });
});

describe('an error of the library', () => {
  it('is an LpxError, with its code, facts, place and cause, whichever thread it comes from', async () => {
    const folder = join(tempFolder(), 'none');
    const error = await openStore(folder).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(LpxError);
    expect(error).toMatchObject({ code: 'LPX_STORE_NOT_FOUND', facts: { folder }, exitCode: 2 });
    const missing = await verifyPackage({ zipFile: join(folder, 'x.zip'), password }).catch((error: LpxError) => error);
    expect(missing).toMatchObject({
      code: 'LPX_FILE_NOT_FOUND',
      place: { file: join(folder, 'x.zip') },
      cause: { code: 'ENOENT', syscall: 'stat' },
    });
  });

  it('carries all findings', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'a.json'), '[{}, {}]');
    const error = await withOpen(await school(folder, '990001'), (store) => loadFolder(store, { path: folder })).catch(
      (error: LpxError) => error,
    );
    expect(error).toBeInstanceOf(LpxError);
    expect((error as LpxError).findings.length).toBeGreaterThan(1);
  });

  it('names what is wrong in the request of an export', async () => {
    const folder = tempFolder();
    await withOpen(await transferSchool(folder), async (store) => {
      const failing = (options: object) => expect(exportPackage(store, { ...exportOptions(folder), ...options })).rejects;
      await failing({ left: '2021-02-30' }).toMatchObject({ code: 'LPX_DAY' });
      await failing({ terms: ['1'] }).toMatchObject({ code: 'LPX_TERM' });
      await failing({ toSchool: '12' }).toMatchObject({ code: 'LPX_SCHOOL_CODE' });
      await failing({ password: '' }).toMatchObject({ code: 'LPX_PASSWORD_MISSING' });
      await failing({ toSchool: '990001' }).toMatchObject({ code: 'LPX_TO_OWN_SCHOOL' });
      // The thread is none the worse for it.
      await failing({ password: '密碼' }).toMatchObject({ code: 'LPX_PASSWORD_UNSUITABLE' });
    });
  });
});

describe('an option of the wrong kind', () => {
  const zipFile = 'none.zip';
  const exporting = exportOptions('none');
  const wrong: readonly (readonly [call: 'export' | 'import' | 'load' | 'verify' | 'show', options: unknown, option: string])[] = [
    ['export', { ...exporting, reason: 'zz' }, 'reason'],
    ['export', { ...exporting, reason: undefined }, 'reason'],
    ['export', { ...exporting, reason: () => 'transfer' }, 'reason'],
    ['export', { ...exporting, encryption: 'none' }, 'encryption'],
    ['export', { ...exporting, encryption: 'AES256' }, 'encryption'],
    ['export', { ...exporting, nationalIds: TRANSFER_STUDENT }, 'nationalIds'],
    ['export', { ...exporting, nationalIds: [{}] }, 'nationalIds'],
    ['export', { ...exporting, terms: '1091' }, 'terms'],
    ['export', { ...exporting, outFolder: undefined }, 'outFolder'],
    ['export', { ...exporting, passwordFile: 7 }, 'passwordFile'],
    ['export', { ...exporting, dryRun: 'no' }, 'dryRun'],
    ['export', undefined, 'options'],
    ['import', { password }, 'zipFile'],
    ['import', { zipFile: '', password }, 'zipFile'],
    ['import', { zipFile, password, only: TRANSFER_STUDENT }, 'only'],
    ['import', { zipFile, password, only: [7] }, 'only'],
    ['import', { zipFile, password, only: () => 1 }, 'only'],
    ['import', { zipFile, password, only: null }, 'only'],
    ['import', { zipFile, password, now: new Date(Number.NaN) }, 'now'],
    ['import', { zipFile, password, now: '2021-01-22' }, 'now'],
    ['import', { zipFile, password, operator: {} }, 'operator'],
    ['import', { zipFile, password, onProgress: 'x' }, 'onProgress'],
    ['verify', { zipFile, password, signature: { md5: 7 } }, 'signature'],
    ['verify', { zipFile, password, signature: { md5: 'x' } }, 'signature'],
    ['verify', { zipFile, password, signature: {} }, 'signature'],
    ['verify', { zipFile, password, signature: null }, 'signature'],
    ['show', { zipFile, password, signal: 'stop' }, 'signal'],
    ['load', {}, 'path'],
    ['load', { path: 'a\0b' }, 'path'],
  ];

  it('is refused by its name before the call does anything', async () => {
    const folder = tempFolder();
    await withOpen(await school(folder, '990001'), async (store) => {
      const calls = {
        export: (options: never) => exportPackage(store, options),
        import: (options: never) => importPackage(store, options),
        load: (options: never) => loadFolder(store, options),
        verify: (options: never) => verifyPackage(options),
        show: (options: never) => showPackage(options),
      };
      for (const [call, options, option] of wrong) {
        const error = await calls[call](options as never).catch((error: unknown) => error);
        expect(error, `${call} ${option}`).toBeInstanceOf(LpxError);
        expect(error).toMatchObject({ code: 'LPX_OPTION_WRONG', facts: { option }, exitCode: 2 });
      }
      for (const given of [null, undefined, 7, '', {}, new Uint8Array()]) {
        const options = { zipFile, password: given } as never;
        await expect(importPackage(store, options)).rejects.toMatchObject({ code: 'LPX_PASSWORD_MISSING' });
        await expect(exportPackage(store, { ...exporting, password: given as never })).rejects.toMatchObject({
          code: 'LPX_PASSWORD_MISSING',
        });
      }
      const both = { zipFile, password, replace: true, keepBoth: true };
      await expect(importPackage(store, both)).rejects.toMatchObject({ code: 'LPX_KEEP_OR_REPLACE' });
      await expect(importPackage({} as Store, { zipFile, password })).rejects.toMatchObject({ facts: { option: 'store' } });
    });
    const make = (...given: unknown[]) => expect(createStore(...(given as [string, { code: string }]))).rejects;
    await make(join(folder, 'new'), { code: 7 }).toMatchObject({ code: 'LPX_OPTION_WRONG', facts: { option: 'code' } });
    await make(join(folder, 'new')).toMatchObject({ facts: { option: 'school' } });
    await make(7, { code: '990001' }).toMatchObject({ facts: { option: 'folder' } });
    expect(readdirSync(folder)).toEqual(['school-990001']);
  });

  it('says what the option has to be', () => {
    const message = (takes: string) => new LpxError('LPX_OPTION_WRONG', { option: 'x', takes }).message;
    expect(message('texts')).toBe('The option x has to be a list of texts.');
  });

  it('is an answer that is no password, too', async () => {
    const { zipFile } = await delivered();
    for (const answer of [undefined, null, 7, ''])
      await expect(verifyPackage({ zipFile, password: () => answer as never })).rejects.toMatchObject({ code: 'LPX_PASSWORD_MISSING' });
  });

  it.each([
    ['LPX_STORE_ADDRESS', 'smb://a:secret@h/share', { scheme: 'smb' }],
    ['LPX_STORE_ADDRESS', 'jdbc:postgresql://a:secret@h/db', { scheme: 'jdbc:postgresql' }],
    ['LPX_DATABASE_PASSWORD', ' postgres://a:secret@h/db', {}],
    ['LPX_DATABASE_PASSWORD', 'postgres://a:secret@h/db', {}],
  ])('is an address that no store has (%s); what it holds is in no error', async (code, address, facts) => {
    for (const call of [() => createStore(address, { code: '990001' }), () => openStore(address)]) {
      const error = (await call().catch((error: unknown) => error)) as LpxError;
      expect([error.code, error.facts]).toEqual([code, facts]);
      expect(error.message).not.toContain('secret');
    }
    expect(readdirSync('.')).not.toContain(address.split('/')[0]);
  });
});

describe('a password that a function gives', () => {
  it('is asked for once it is needed, on the thread of the caller', async () => {
    const { zipFile } = await delivered();
    const asked: string[] = [];
    const ask = async () => {
      asked.push('asked');
      return PASSWORD;
    };
    expect(await verifyPackage({ zipFile, password: ask })).toMatchObject({ ok: true });
    writeFileSync(`${zipFile}.md5`, `${'0'.repeat(32)}  x.zip\n`);
    expect(await verifyPackage({ zipFile, password: ask })).toMatchObject({ ok: false });
    expect(asked).toEqual(['asked']);
    expect(PASSWORD.toString()).toBe(password);
  });

  it('keeps nobody waiting: the call can be aborted meanwhile', async () => {
    const { zipFile } = await delivered();
    const interrupt = new AbortController();
    const ask = () => {
      setTimeout(() => interrupt.abort(), 10);
      return new Promise<string>(() => {});
    };
    await expect(verifyPackage({ zipFile, password: ask, signal: interrupt.signal })).rejects.toMatchObject({ code: 'LPX_INTERRUPTED' });
  });

  it('is not there when the function throws: the call fails with that very error', async () => {
    const { zipFile } = await delivered();
    const refusal = new Error('no password for you');
    const ask = () => {
      throw refusal;
    };
    await expect(verifyPackage({ zipFile, password: ask })).rejects.toBe(refusal);
  });
});

describe('a store', () => {
  it('and all that is written are their owner’s alone, whatever the umask', async () => {
    const folder = tempFolder();
    const umask = process.umask(0);
    try {
      const store = await createStore(join(folder, 'store'), { code: '990001' });
      await loadFolder(store, { path: join(SAMPLES, 'transfer') });
      await exportPackage(store, { ...exportOptions(join(folder, 'mail')), passwordFile: join(folder, 'pw') });
      await store.close();
    } finally {
      process.umask(umask);
    }
    const written = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(written.length).toBeGreaterThan(20);
    expect(written.filter((path) => statSync(join(folder, path)).mode & 0o077)).toEqual([]);
  });

  it('runs the calls made on it in their order, and closes after the last of them', async () => {
    const { zipFile, store: folder } = await delivered();
    const store = await openStore(folder);
    const calls = [1, 2].map(() => importPackage(store, { zipFile, password, createStudents: true }));
    await store.close();
    expect((await Promise.all(calls)).map(({ outcome }) => outcome)).toEqual(['imported', 'unchanged']);
    await expect(importPackage(store, { zipFile, password })).rejects.toMatchObject({
      code: 'LPX_OPTION_WRONG',
      facts: { option: 'store' },
    });
  });

  it('settles every close that is asked for during a call', async () => {
    const { zipFile, store: folder } = await delivered();
    const store = await openStore(folder);
    const call = importPackage(store, { zipFile, password, createStudents: true });
    await Promise.all([store.close(), store.close(), store.close()]);
    await store.close();
    expect(await call).toMatchObject({ outcome: 'imported' });
  });

  it('is not made by a call that fails', async () => {
    const folder = join(tempFolder(), 'store');
    await expect(createStore(folder, { code: 'x' })).rejects.toMatchObject({ code: 'LPX_SCHOOL_CODE' });
    await (await createStore(folder, { code: '990001' })).close();
    await expect(createStore(folder, { code: '990001' })).rejects.toMatchObject({ code: 'LPX_STORE_EXISTS' });
  });
});
