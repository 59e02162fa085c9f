/** What other software packs packages with: programs, and libraries that schools' systems are built on. */
import { createWriteStream, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js';
import zipEncrypted from 'archiver-zip-encrypted';
import archiver from 'archiver7';
import { execa } from 'execa';
import type { Tool } from '../support/tools.js';

export interface Writer {
  /** As docs/interop.md names it. */
  readonly name: string;
  /** What has to be on the machine. A writer without one runs on Node alone. */
  readonly tool?: Tool;
  /** Packs the content of a folder into an archive. */
  readonly pack: (folder: string, archive: string, password: string) => Promise<unknown>;
}

/** A program, as a line of shell in the folder. */
const shell = (name: string, tool: Tool, line: string): Writer => ({
  name,
  tool,
  pack: (folder, archive, password) =>
    execa(`set -e; ${line}`, { shell: true, cwd: folder, env: { LC_ALL: 'C.UTF-8', ZIP_FILE: archive, ZIP_PASSWORD: password } }),
});

const sevenZip = (name: string, options: string) => shell(name, '7zz', `7zz a -tzip ${options} -p"$ZIP_PASSWORD" "$ZIP_FILE" .`);
const infoZip = (name: string, options: string) => shell(name, 'zip', `zip -q -r ${options} -P "$ZIP_PASSWORD" "$ZIP_FILE" .`);
const bsdtar = (name: string, options: string, files: string) =>
  shell(name, 'bsdtar', `bsdtar --format zip --options ${options} --passphrase "$ZIP_PASSWORD" -cf ${files}`);

export const WRITERS: readonly Writer[] = [
  sevenZip('7-Zip, AES-256', '-mem=AES256'),
  sevenZip('7-Zip, AES-192', '-mem=AES192'),
  sevenZip('7-Zip, AES-128, stored', '-mem=AES128 -mx0'),
  sevenZip('7-Zip, ZipCrypto', '-mem=ZipCrypto'),
  infoZip('Info-ZIP, ZipCrypto', ''),
  infoZip('Info-ZIP, ZipCrypto, no folder entries, stored', '-D -0'),
  infoZip('Info-ZIP, ZipCrypto, ZIP64 by force', '-fz'),
  infoZip('Info-ZIP, ZipCrypto, data descriptors by force', '-fd'),
  shell(
    'Info-ZIP, ZipCrypto, the JSON from a pipe',
    'zip',
    `cat *.json | zip -q -P "$ZIP_PASSWORD" "$ZIP_FILE" -
    printf '@ -\\n@=%s\\n' *.json | zipnote -w "$ZIP_FILE"
    zip -q -r -P "$ZIP_PASSWORD" "$ZIP_FILE" */`,
  ),
  bsdtar('bsdtar, AES-256', 'zip:encryption=aes256', '"$ZIP_FILE" *'),
  bsdtar('bsdtar, AES-128', 'zip:encryption=aes128', '"$ZIP_FILE" *'),
  bsdtar('bsdtar, ZipCrypto', 'zip:encryption=zipcrypt', '"$ZIP_FILE" *'),
  bsdtar('bsdtar, AES-256, a dot before its names', 'zip:encryption=aes256', '"$ZIP_FILE" .'),
  bsdtar('bsdtar, ZipCrypto, a dot before its names', 'zip:encryption=zipcrypt', '"$ZIP_FILE" .'),
  bsdtar('bsdtar, AES-256, padded as a tape', 'zip:encryption=aes256', '- . > "$ZIP_FILE"'),
  bsdtar('bsdtar, AES-256, ZIP64 by force', 'zip:encryption=aes256,zip:zip64', '"$ZIP_FILE" *'),
  bsdtar('bsdtar, ZipCrypto, ZIP64 by force', 'zip:encryption=zipcrypt,zip:zip64', '"$ZIP_FILE" *'),
  { name: 'zip.js, AES-256', pack: packWithZipJs({}) },
  { name: 'zip.js, AES-256, ZIP64 by force', pack: packWithZipJs({ zip64: true }) },
  { name: 'zip.js, ZipCrypto, ZIP64 by force', pack: packWithZipJs({ zipCrypto: true, zip64: true }) },
  { name: 'archiver, AES-256', pack: packWithArchiver('aes256') },
  { name: 'archiver, ZipCrypto', pack: packWithArchiver('zip20') },
];

function packWithZipJs(options: { readonly zipCrypto?: boolean; readonly zip64?: boolean }): Writer['pack'] {
  return async (folder, archive, password) => {
    const zip = new ZipWriter(new Uint8ArrayWriter(), { ...options, password, useWebWorkers: false });
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isDirectory()) await zip.add(relative(folder, path), undefined, { directory: true });
      else await zip.add(relative(folder, path), new Uint8ArrayReader(readFileSync(path)));
    }
    writeFileSync(archive, await zip.close());
  };
}

/** archiver 7, since archiver-zip-encrypted knows no later one. */
function packWithArchiver(encryptionMethod: 'aes256' | 'zip20'): Writer['pack'] {
  return async (folder, archive, password) => {
    if (!archiver.isRegisteredFormat('zip-encrypted')) archiver.registerFormat('zip-encrypted', zipEncrypted);
    const zip = archiver.create('zip-encrypted', { encryptionMethod, password });
    const written = pipeline(zip, createWriteStream(archive));
    zip.directory(folder, false);
    await Promise.all([zip.finalize(), written]);
  };
}
