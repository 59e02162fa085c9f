import { openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkPassword } from '#lpx/zip/entry.js';
import { tryPassword } from '#lpx/zip/password.js';
import { readZip } from '#lpx/zip/reader.js';
import { repeatable } from '../support/made-bytes.js';
import { tempFolder } from '../support/temp.js';
import { put, rawZip, written } from '../support/zips.js';

const password = Buffer.from('the right one');
const entries = ['a', 'b', 'c'].map((name) => ({ name, content: Buffer.alloc(5000, name) }));

async function opened(bytes: Buffer) {
  const file = put(join(tempFolder(), 'a.zip'), bytes);
  return { fd: openSync(file, 'r'), entries: await readZip(file) };
}

describe('a password', () => {
  it.each(['aes256', 'zipcrypto'] as const)('opens its archive under %s, and no other does', async (encryption) => {
    const { fd, entries: read } = await opened(await written(entries, encryption, password));
    expect(await tryPassword(fd, read, password)).toBe('proven');
    expect(await tryPassword(fd, read, Buffer.from('the wrong one'))).toBe('wrong');
  });

  it('that ZipCrypto’s check byte takes by chance, one in 256, is still reported as wrong', async () => {
    const { fd, entries: read } = await opened(await written(entries, 'zipcrypto', password, repeatable()));
    const [first] = read;
    if (!first) throw new Error('no entry');
    const lucky = Array.from({ length: 5000 }, (_, i) => Buffer.from(`guess ${i}`)).filter((guess) => checkPassword(fd, first, guess));
    expect(lucky.length).toBeGreaterThan(5);
    for (const guess of lucky) expect(await tryPassword(fd, read, guess)).toBe('wrong');
  });

  it('that ZipCrypto’s check byte takes in an archive of one entry is reported as wrong by the CRC', async () => {
    const { fd, entries: read } = await opened(await written(entries.slice(0, 1), 'zipcrypto', password));
    const [only] = read;
    if (!only) throw new Error('no entry');
    const lucky = Array.from({ length: 2000 }, (_, i) => Buffer.from(`guess ${i}`)).filter((guess) => checkPassword(fd, only, guess));
    for (const guess of lucky) expect(await tryPassword(fd, read, guess)).toBe('wrong');
  });

  it.each(['aes256', 'zipcrypto'] as const)('is right although an entry is damaged, under %s', async (encryption) => {
    const bytes = await written(entries, encryption, password);
    const damagedAt = bytes.indexOf('a') + 100;
    bytes[damagedAt] = (bytes[damagedAt] as number) ^ 1;
    const { fd, entries: read } = await opened(bytes);
    expect(await tryPassword(fd, read, password)).toBe('proven');
  });

  it('is not proven by the CRC of an empty file, which holds under every one', async () => {
    const { fd, entries: read } = await opened(rawZip([{ name: 'empty', content: Buffer.alloc(0) }, { name: 'a' }], password));
    const [empty] = read.filter(({ size }) => size === 0);
    if (!empty) throw new Error('no empty entry');
    const lucky = Array.from({ length: 2000 }, (_, i) => Buffer.from(`guess ${i}`)).filter((guess) => checkPassword(fd, empty, guess));
    expect(lucky.length).toBeGreaterThan(1);
    for (const guess of lucky) expect(await tryPassword(fd, read, guess)).toBe('wrong');
    expect(await tryPassword(fd, read, password)).toBe('proven');
  });

  it('that every short check accepts although nothing reads well is likely', async () => {
    const bytes = await written(entries, 'aes256', password);
    for (const { dataOffset } of (await opened(bytes)).entries) bytes.fill(0, dataOffset + 20, dataOffset + 30);
    const { fd, entries: read } = await opened(bytes);
    expect(await tryPassword(fd, read, password)).toBe('likely');
  });
});
