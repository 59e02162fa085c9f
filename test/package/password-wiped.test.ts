/** That no use case leaves the bytes of a password in memory it still has. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { exportFrom, importTo, PASSWORD, school, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const given: Buffer[] = [];
vi.mock('#lpx/package/password-source.js', async (original) => {
  const module = await original<typeof import('#lpx/package/password-source.js')>();
  return {
    ...module,
    passwordFrom: async (source: import('#lpx/package/password-source.js').PasswordSource) => {
      const password = await module.passwordFrom(source);
      given.push(password);
      return password;
    },
    passwordsOf: async (...asked: Parameters<typeof module.passwordsOf>) => {
      const passwords = await module.passwordsOf(...asked);
      given.push(...passwords);
      return passwords;
    },
  };
});
afterEach(() => {
  given.length = 0;
});

const areZeros = () => given.map((password) => password.length === PASSWORD.length && password.every((byte) => byte === 0));

describe('the copy of a password', () => {
  it('is overwritten when an export and an import are done, and the caller’s stays', async () => {
    const folder = tempFolder();
    const { zipFile } = await exportFrom(await transferSchool(folder), folder);
    await importTo(await school(folder, '990002'), zipFile);
    expect(areZeros()).toEqual([true, true]);
    expect(PASSWORD.toString()).toBe('Sample-Pass-2021');
  });

  it('is overwritten when they fail', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const { zipFile } = await exportFrom(store, folder);
    const wrong = Buffer.from('x'.repeat(PASSWORD.length));
    expect((await importTo(store, zipFile, { password: wrong })).outcome).toBe('refused');
    await expect(exportFrom(store, '/dev/null/x')).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED' });
    expect(areZeros()).toEqual([true, true, true]);
  });
});
