import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileTypeOf, isActiveContent } from '#lpx/spec/rules/file-type.js';
import { SAMPLES } from '../../support/schools.js';

const files = readdirSync(SAMPLES, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(pdf|jpg|png|mp3|mp4)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));

describe('the type of a file', () => {
  it('of every kind is among the samples', () => {
    expect(new Set(files.map((file) => extname(file)))).toEqual(new Set(['.pdf', '.jpg', '.png', '.mp3', '.mp4']));
  });
  it.each(files.map((file) => [file.slice(SAMPLES.length), file]))('is told by its first bytes: %s', (_, file) => {
    expect(`.${fileTypeOf(readFileSync(file))}`).toBe(extname(file));
  });
  it.each([
    ['a camera’s JPEG', Buffer.from([0xff, 0xd8, 0xff, 0xe1]), 'jpg'],
    ['an MP3 without a tag', Buffer.from([0xff, 0xfb, 0x90]), 'mp3'],
    ['a program', Buffer.from('MZ\x90'), ''],
    ['a web page', Buffer.from('<html>'), ''],
    ['nothing', Buffer.alloc(0), ''],
  ])('of %s is %3$s', (_, head, type) => {
    expect(fileTypeOf(head)).toBe(type);
  });
});

describe('content that would run', () => {
  it.each([
    ['a Windows program', 'MZ\x90\x00'],
    ['a Linux program', '\x7fELF\x02'],
    ['a Mac program', '\xcf\xfa\xed\xfe'],
    ['a shell script', '#!/bin/sh'],
    ['a web page', '\n <!DOCTYPE html>'],
    ['a web page behind a byte order mark', '\xef\xbb\xbf<html>'],
    ['a picture with scripts', '<svg onload=x>'],
    ['an old office document, which may hold macros', '\xd0\xcf\x11\xe0'],
  ])('is known: %s', (_, head) => {
    expect(isActiveContent(Buffer.from(head, 'latin1'))).toBe(true);
  });

  it('is none of the samples, nor plain text', () => {
    for (const file of files) expect(isActiveContent(readFileSync(file).subarray(0, 64))).toBe(false);
    expect(isActiveContent(Buffer.from('心得'))).toBe(false);
  });
});
