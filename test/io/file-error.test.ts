import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Facts } from '#lpx/errors.js';
import { fileError } from '#lpx/io/file-error.js';
import { messagesIn, sentenceOf } from '#lpx/messages/messages.js';
import { lpx } from '../support/cli.js';
import { transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const systemError = (code: string, syscall: string) => Object.assign(new Error(code), { code, syscall, errno: -1 });

describe('an error of the system', () => {
  it.each([
    ['ENOSPC', 'write', 'LPX_DISK_FULL'],
    ['EDQUOT', 'open', 'LPX_DISK_FULL'],
    ['ENOENT', 'open', 'LPX_FILE_NOT_FOUND'],
    ['ENOTDIR', 'stat', 'LPX_FILE_NOT_FOUND'],
    ['ENOENT', 'rename', 'LPX_WRITE_FAILED'],
    ...['EIO', 'EMFILE', 'ENFILE', 'ENAMETOOLONG', 'ELOOP', 'EISDIR', 'EACCES', 'ENXIO'].flatMap(
      (code) =>
        [
          [code, 'read', 'LPX_FILE_UNREADABLE'],
          [code, 'fsync', 'LPX_WRITE_FAILED'],
        ] as const,
    ),
  ] as const)('%s of %s is %s, in words', (code, syscall, expected) => {
    const error = fileError(systemError(code, syscall), 'a.zip');
    expect(error).toMatchObject({ code: expected, exitCode: 2 });
    for (const language of ['en', 'zh-TW'] as const) {
      const { what } = sentenceOf(messagesIn(language), expected, (error as { facts: Facts }).facts);
      expect(what).not.toContain(code);
    }
  });

  it('is distinguished from any other error, which passes through', async () => {
    for (const error of [new TypeError('x'), Object.assign(new Error('x'), { code: 'SQLITE_FULL' }), 'text', undefined])
      expect(fileError(error, 'a.zip')).toBe(error);
    const error = await readFile('a\0b').catch((reason) => fileError(reason, 'a.zip'));
    expect(error).toMatchObject({ code: 'LPX_FILE_UNREADABLE' });
  });
});

describe('a path that is not a file', () => {
  it('is named by every command that reads or writes there, and is never an internal error', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const at = (name: string) => join(folder, name);
    mkdirSync(at('folder'));
    writeFileSync(at('file'), 'x');
    symlinkSync('loop', at('loop'));
    const paths = [at('folder'), join(at('file'), 'in'), at('loop'), at('n'.repeat(300)), at('missing'), '/dev/null'];
    const ran = await Promise.all(
      paths.flatMap((path) =>
        [
          ['verify', path, '--no-signature'],
          ['import', path, '--no-signature'],
          ['load', path === at('folder') ? join(path, 'x.json') : path],
          ['load', '--schools', path],
          ['receipt', '--check', path],
          ['export', '--list', path, '--reason', 'transfer'],
          [
            'export',
            '--all',
            '--reason',
            'transfer',
            '--left',
            '2021-01-22',
            '--out',
            path === at('folder') || path === at('missing') ? at('file') : path,
          ],
          ['--store', path, 'students'],
        ].map(async (words) => ({ words: words.join(' '), ...(await lpx(['--store', store, ...words], { env: { LPX_PASSWORD: 'x' } })) })),
      ),
    );
    expect(ran.filter(({ code, err }) => code <= 1 || err.includes('LPX_INTERNAL') || /\(E[A-Z]+\)/.test(err))).toEqual([]);
  });
});
