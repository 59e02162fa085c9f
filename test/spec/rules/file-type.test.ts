import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileTypeOf, judgeFile, MARKS } from '#lpx/spec/rules/file-type.js';
import { HARMLESS_TYPES } from '#lpx/spec/rules/file-types.js';
import { MarkFinder } from '#lpx/zip/threads/marks.js';
import { SAMPLES } from '../../support/schools.js';

const files = readdirSync(SAMPLES, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(pdf|jpg|png|mp3|mp4)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));

const latin = (text: string) => Buffer.from(text, 'latin1');
const utf16 = (text: string) => Buffer.from(text, 'utf16le');
/** Bytes of no pattern, as compressed content has them. */
const noise = (length: number) => Buffer.from(Array.from({ length }, (_, i) => 0x80 | ((i * 37 + (i >> 3)) & 0x7f)));
const box = (type: string, content: Buffer = Buffer.alloc(0)) => {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(8 + content.length);
  return Buffer.concat([size, latin(type), content]);
};
const zipOf = (...names: string[]) =>
  Buffer.concat([...names.map((name) => latin(`PK\x03\x04${'\0'.repeat(26)}${name}data`)), latin('PK\x05\x06\0\0\0\0')]);
const oleOf = (...names: string[]) => Buffer.concat([latin('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'), noise(2000), ...names.map(utf16)]);
const MP3 = Buffer.concat([latin('\xff\xfb\x90\x00'), noise(400)]);
const jpgOf = (width: number, height: number, exif = 0) => {
  const size = Buffer.alloc(4);
  size.writeUInt16BE(height);
  size.writeUInt16BE(width, 2);
  const app = Buffer.alloc(exif);
  if (exif > 0) app.set([0xff, 0xe1, (exif - 2) >> 8, (exif - 2) & 0xff]);
  return Buffer.concat([latin('\xff\xd8'), app, latin('\xff\xe0\x00\x04JF\xff\xc4\x00\x04xx\xff\xc0\x00\x11\x08'), size, noise(100)]);
};
const pngOf = (width: number, height: number) => {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width);
  size.writeUInt32BE(height, 4);
  return Buffer.concat([latin('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), size, noise(100)]);
};

/** What a content that comes in chunks of this size is. */
function judge(content: Buffer, names: readonly string[] = [], chunk = 65_536) {
  const finder = new MarkFinder(MARKS);
  for (let at = 0; at < content.length; at += chunk) finder.update(content.subarray(at, at + chunk));
  return judgeFile({ head: content.subarray(0, 128 * 1024), marks: finder.end() }, names);
}

describe('the type of a file', () => {
  it('of every kind is among the samples', () => {
    expect(new Set(files.map((file) => extname(file)))).toEqual(new Set(['.pdf', '.jpg', '.png', '.mp3', '.mp4']));
  });
  it.each(files.map((file) => [file.slice(SAMPLES.length), file]))('is known by its content: %s', (_, file) => {
    expect(judge(readFileSync(file))).toEqual({ type: extname(file).slice(1), kind: 'spec', cargo: [] });
  });
  it.each<[string, Buffer, string]>([
    ['a camera’s JPEG', latin('\xff\xd8\xff\xe1'), 'jpg'],
    ['an MP3 without a tag', MP3, 'mp3'],
    ['an MP3 of MPEG 2.5', latin('\xff\xe3\x48\xc4'), 'mp3'],
    ['an MP3 behind zeros', Buffer.concat([Buffer.alloc(1000), MP3]), 'mp3'],
    ['an MP3 behind an APE tag', Buffer.concat([latin('APETAGEX\xd0\x07'), MP3]), 'mp3'],
    ['a PDF behind a byte order mark', latin('\xef\xbb\xbf%PDF-1.4\n'), 'pdf'],
    ['a PDF behind an empty line', latin('\r\n%PDF-1.4\n'), 'pdf'],
    ['a PDF behind a line of a mail program', latin(`${'x'.repeat(1000)}\n%PDF-1.4\n`), 'pdf'],
    ['a PDF with the old header', latin('%!PS-Adobe-3.0 PDF-1.4\n'), 'pdf'],
    ['an MP4 with its type first', box('ftyp', latin('isom')), 'mp4'],
    ['an MP4 with a free box first', Buffer.concat([box('free', Buffer.alloc(40)), box('ftyp', latin('mp42'))]), 'mp4'],
    ['an MP4 with wide and mdat first', Buffer.concat([box('wide'), box('mdat', noise(9000))]), 'mp4'],
    ['an MP4 with moov first', box('moov', box('mvhd', noise(100))), 'mp4'],
    ['an MP4 with a type box of 19,802 bytes', Buffer.concat([latin('\0\0MZftypisom'), noise(100)]), 'mp4'],
    ['a film of a telephone', box('ftyp', latin('qt  ')), 'mp4'],
    ['a recording of a telephone', box('ftyp', latin('M4A ')), 'm4a'],
    ['a picture of a telephone', box('ftyp', latin('heic')), 'heic'],
    ['a picture out of a browser', latin('RIFF\x10\0\0\0WEBPVP8 '), 'webp'],
    ['a moving picture', latin('GIF89a\x10\0\x10\0'), 'gif'],
    ['a recording of a computer', latin('RIFF\x10\0\0\0WAVEfmt '), 'wav'],
    ['a Word document', zipOf('[Content_Types].xml', 'word/document.xml'), 'docx'],
    ['an Excel workbook', zipOf('[Content_Types].xml', 'xl/workbook.xml'), 'xlsx'],
    ['a PowerPoint presentation', zipOf('[Content_Types].xml', 'ppt/presentation.xml'), 'pptx'],
    ['an OpenDocument text', zipOf('mimetypeapplication/vnd.oasis.opendocument.textPK'), 'odt'],
    ['an old Word document', oleOf('Root Entry', 'WordDocument'), 'doc'],
    ['plain text', Buffer.from('心得：讀一條河'), 'txt'],
    ['plain text in UTF-16', Buffer.from('\ufeff心得：讀一條河', 'utf16le'), 'txt'],
    ['plain text in CP950', latin('\xa4\xdf\xb1o'), 'txt'],
    ['plain text that starts with two letters of programs', Buffer.from('MZ 世代的心得'), 'txt'],
    ['plain text that is cut in the middle of a character', Buffer.from('心得'.repeat(2000)).subarray(0, 4096), 'txt'],
    ['nothing', Buffer.alloc(0), 'empty'],
  ])('of %s is %3$s, and taken', (_, content, type) => {
    expect(judge(content)).toEqual({ type, kind: HARMLESS_TYPES.has(type) ? 'harmless' : 'spec', cargo: [] });
  });

  it.each<[string, Buffer, string]>([
    ['a ZIP', zipOf('a.pdf'), 'zip'],
    ['a RAR', latin('Rar!\x1a\x07\x01\x00'), 'rar'],
    ['a 7z', latin("7z\xbc\xaf'\x1c\x00\x04"), '7z'],
    ['an old Excel workbook', oleOf('Workbook'), 'xls'],
    ['an installer', oleOf('\u4840\u3f3f'), 'ole'],
    ['a locked Word document', oleOf('EncryptedPackage'), 'locked'],
    ['an OpenDocument spreadsheet', zipOf('mimetypeapplication/vnd.oasis.opendocument.spreadsheetPK'), 'zip'],
    ['an RTF document', latin('{\\rtf1\\ansi'), 'rtf'],
    ['a recording of an old telephone', latin('#!AMR\n\x3c'), 'amr'],
    ['no known kind', latin('\x01\x02\x03\x04'), ''],
    ['noise', noise(5000), ''],
  ])('of %s is refused by its name', (_, content, type) => {
    expect(judge(content)).toMatchObject({ type, kind: 'other' });
  });
});

describe('content that would run', () => {
  it.each<[string, Buffer]>([
    ['a Windows program', latin('MZ\x90\x00')],
    ['what says that it is a Windows program', latin('MZ this is a program')],
    ['a Windows program behind a blank', latin(' \r\nMZ\x90\x00')],
    ['a Windows program with a PDF in it', latin(`MZ\x90\x00${' '.repeat(100)}%PDF-1.4`)],
    ['a Linux program', latin('\x7fELF\x02')],
    ['a Linux program behind zeros', latin('\0\0\x7fELF\x02')],
    ['a Mac program', latin('\xcf\xfa\xed\xfe')],
    ['a Java class', latin('\xca\xfe\xba\xbe')],
    ['a shell script', latin('#!/bin/sh')],
    ['a shell script with a PDF in it', latin('#!/bin/sh\n%PDF-1.4\n')],
    ['a PostScript program', latin('%!PS-Adobe-3.0\n')],
    ['a shortcut', latin('L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0')],
    ['a shortcut to a page', latin('[InternetShortcut]\r\nURL=file://x\r\n')],
    ['a help file', latin('ITSF\x03')],
    ['a web page', latin('\n <!DOCTYPE html>')],
    ['a web page behind a byte order mark', latin('\xef\xbb\xbf<html>')],
    ['a web page behind comments', latin('<!-- a --> \n<!-- <b> -->\n<script>x</script>')],
    ['a web page behind a comment that does not end', latin('<!-- a')],
    ['a web page behind words', latin('Hello <script>x</script>')],
    ['a web page in UTF-16', utf16('\ufeff<html><script>')],
    ['a web page in UTF-16 without a mark', utf16('<html><script>')],
    ['a web page in UTF-16, big end first', utf16('\ufeff<html>').swap16()],
    ['a web page with a PDF in it', latin('<html><script>x</script>%PDF-1.4')],
    ['a web page that starts with words, with a PDF in it', latin('x <svg onload=x> %PDF-1.4')],
    ['a picture with scripts', latin('<svg onload=x>')],
    ['a picture with scripts under a prefix', latin('<s:svg xmlns:s="http://www.w3.org/2000/svg">')],
    ['a picture with scripts behind a declaration', latin('<?xml version="1.0"?><svg>')],
    ['a page of a mail program', latin('From: <Saved>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related\r\n')],
    ['an HTML application', latin('<HTA:APPLICATION id=x>')],
    ['a server’s page', latin('<?php system(1);')],
    ['a batch file', latin('@echo off\r\ndel x')],
    ['a script of Windows', latin('Set x = CreateObject("WScript.Shell")')],
    ['a registry file', latin('Windows Registry Editor Version 5.00\r\n')],
    ['an old Word document with macros', oleOf('WordDocument', '_VBA_PROJECT')],
    ['an old Word document with a program in it', oleOf('WordDocument', '\u0001Ole10Native')],
    ['a Word document with macros', zipOf('[Content_Types].xml', 'word/document.xml', 'word/vbaProject.bin')],
    ['an Excel workbook with old macros', zipOf('[Content_Types].xml', 'xl/workbook.xml', 'xl/macrosheets/sheet1.xml')],
    ['an OpenDocument text with macros', zipOf('mimetypeapplication/vnd.oasis.opendocument.textPK', 'Basic/script-lc.xml')],
    ['a Java archive', zipOf('META-INF/MANIFEST.MF', 'A.class')],
    ['a program for telephones', zipOf('AndroidManifest.xml')],
  ])('is known: %s', (_, content) => {
    expect(judge(content).kind).toBe('active');
    expect(judge(content, [], 7).kind).toBe('active');
  });

  it.each(['a.js', 'a.JS', 'a.vbs', 'a.bat', 'a.ps1', 'a.url', 'a.txt.cmd', 'a.js ', 'a.js..', 'b/a.hta', 'a.docm', 'a.jar'])(
    'is known by its name where the content is text: %s',
    (name) => {
      expect(judge(Buffer.from('var x = 1'), [name]).kind).toBe('active');
      expect(judge(Buffer.from('var x = 1'), ['好.txt', name]).kind).toBe('active');
      expect(judge(zipOf('[Content_Types].xml', 'word/document.xml'), [name]).kind).toBe('active');
    },
  );

  it('is not what the content proves to be something else, whatever its name', () => {
    expect(judge(readFileSync(files[0] as string), ['www.example.com']).kind).toBe('spec');
    expect(judge(latin('GIF89a'), ['a.js']).kind).toBe('harmless');
  });

  it('is none of the samples', () => {
    for (const file of files) expect(judge(readFileSync(file), [file]).kind).toBe('spec');
  });
});

describe('what a file carries', () => {
  const PDF = latin('%PDF-1.4\n');
  const at = (offset: number, mark: Buffer) => Buffer.concat([PDF, noise(offset), mark, noise(3000)]);
  it.each<[string, Buffer, readonly string[]]>([
    ['a PDF with a script', at(70_000, latin('/S /JavaScript')), ['script']],
    ['a PDF that starts a program', at(10, latin('<</S/Launch>>')), ['launch']],
    ['a PDF with files in it', at(10, latin('/Type /EmbeddedFile')), ['embedded']],
    ['a PDF with a ZIP in it', at(5000, zipOf('a.exe')), ['archive']],
    ['a PDF with a ZIP behind it', Buffer.concat([PDF, noise(200_000), zipOf('a')]), ['archive']],
    ['a PDF with a RAR behind it', at(5000, latin('Rar!\x1a\x07\x01\x00')), ['archive']],
    ['a JPEG with a 7z behind it', Buffer.concat([jpgOf(10, 10), latin("7z\xbc\xaf'\x1c\x00\x04")]), ['archive']],
    ['a JPEG of 65,535 by 65,535', jpgOf(65_535, 65_535), ['pixels']],
    ['a JPEG of 65,535 by 65,535 behind a large Exif', jpgOf(65_535, 65_535, 60_000), ['pixels']],
    ['a PNG of 65,535 by 65,535', pngOf(65_535, 65_535), ['pixels']],
    ['a GIF of 65,535 by 65,535', latin('GIF89a\xff\xff\xff\xff'), ['pixels']],
    ['a JPEG of a good camera', jpgOf(16_320, 12_240), []],
    ['a PNG of a screen', pngOf(3840, 2160), []],
    ['a JPEG with a name of PDF’s', Buffer.concat([jpgOf(10, 10), latin('/JavaScript')]), []],
    ['a Word document', zipOf('[Content_Types].xml', 'word/document.xml'), []],
  ])('is seen: %s', (_, content, cargo) => {
    expect(judge(content).cargo).toEqual(cargo);
  });

  it('is seen across the chunks that the content comes in', () => {
    const content = at(3000, latin('/JavaScript /EmbeddedFile'));
    for (const chunk of [1, 2, 5, 11, 63, 64, 1500]) expect(judge(content, [], chunk).cargo).toEqual(['script', 'embedded']);
  });
});

describe('the type by first bytes alone', () => {
  it('is that of the content', () => {
    expect(fileTypeOf(latin('%PDF-1.4'))).toBe('pdf');
  });
});
