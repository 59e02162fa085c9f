import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolders } from '#lpx/io/folders.js';
import { tempFolder } from '../support/temp.js';

describe('making a folder', () => {
  it('makes those around it that are missing, with the same mode, and says which', () => {
    const root = tempFolder();
    const made = makeFolders(join(root, 'a/b/c'), 0o700);
    expect(made).toEqual(['a', 'a/b', 'a/b/c'].map((name) => join(root, name)));
    expect(made.map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700, 0o700]);
    expect(makeFolders(join(root, 'a/b/c'), 0o700)).toEqual([]);
  });

  it('takes a link to a folder for the folder', () => {
    const root = tempFolder();
    mkdirSync(join(root, 'there'));
    symlinkSync('there', join(root, 'link'));
    expect(makeFolders(join(root, 'link/new'), 0o700)).toEqual([join(root, 'link/new')]);
  });

  it.each([
    ['a file in its place', 'file', 'EEXIST'],
    ['a file in the way', 'file/new', 'EEXIST'],
    ['a link that leads nowhere', 'nowhere/new', 'EEXIST'],
  ])('fails at %s', (_, path, code) => {
    const root = tempFolder();
    writeFileSync(join(root, 'file'), '');
    symlinkSync('gone', join(root, 'nowhere'));
    expect(() => makeFolders(join(root, path), 0o700)).toThrow(expect.objectContaining({ code }));
  });

  it('leaves none when it fails half way', () => {
    const root = tempFolder();
    expect(() => makeFolders(join(root, 'a', 'b'.repeat(300)), 0o700)).toThrow(expect.objectContaining({ code: 'ENAMETOOLONG' }));
    expect(existsSync(join(root, 'a'))).toBe(false);
  });

  it.runIf(existsSync('/proc/self'))('ends where the system makes no folder', () => {
    expect(() => makeFolders('/proc/x/y', 0o700)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});
