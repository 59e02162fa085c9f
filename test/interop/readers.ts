/** What unpacks our packages elsewhere: programs, and libraries that schools' systems are built on. */
import { mkdirSync, openAsBlob, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BlobReader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js';
import { execa } from 'execa';
import { Open } from 'unzipper';
import { tempFolder } from '../support/temp.js';
import type { Tool } from '../support/tools.js';

const SOURCES = fileURLToPath(new URL('readers', import.meta.url));
const ZIP4J = '/usr/share/java/zip4j.jar';

/** `yes`: every file as it was, under its name. `with an error`: the same, and the reader complains. `no`: it gives up. */
export type Verdict = 'yes' | 'with an error' | 'no';

export interface Reader {
  /** As docs/interop.md names it. */
  readonly name: string;
  /** What has to be on the machine. A reader without one runs on Node alone. */
  readonly tool?: Tool;
  readonly aes256: Verdict;
  readonly zipcrypto: Verdict;
  /** Unpacks an archive into a folder; fails if the reader complains. */
  readonly unpack: (archive: string, folder: string, password: string) => Promise<unknown>;
}

export const READERS: readonly Reader[] = [
  {
    name: '7-Zip (`7zz`)',
    tool: '7zz',
    aes256: 'yes',
    zipcrypto: 'yes',
    unpack: (archive, folder, password) => run('7zz', 'x', `-p${password}`, `-o${folder}`, archive),
  },
  {
    name: 'bsdtar (libarchive)',
    tool: 'bsdtar',
    aes256: 'yes',
    zipcrypto: 'yes',
    unpack: (archive, folder, password) => run('bsdtar', '--passphrase', password, '-C', folder, '-xf', archive),
  },
  {
    name: 'zip4j (Java)',
    tool: 'zip4j',
    aes256: 'yes',
    zipcrypto: 'yes',
    unpack: (archive, folder, password) => run('java', '-cp', ZIP4J, join(SOURCES, 'Zip4jReader.java'), archive, folder, password),
  },
  phpZipArchive('extractTo', 'yes'),
  phpZipArchive('getFromName', 'yes'),
  phpZipArchive('getStream', 'with an error'),
  { name: 'libzip (`ziptool cat`)', tool: 'ziptool', aes256: 'with an error', zipcrypto: 'yes', unpack: unpackWithZiptool },
  { name: 'zip.js (Node)', aes256: 'yes', zipcrypto: 'yes', unpack: unpackWithZipJs },
  { name: 'unzipper (Node)', aes256: 'no', zipcrypto: 'yes', unpack: unpackWithUnzipper },
  { name: 'SharpZipLib of Mono (.NET)', tool: 'sharpzip', aes256: 'no', zipcrypto: 'yes', unpack: unpackWithSharpZip },
  {
    name: 'Python’s `zipfile`',
    tool: 'python3',
    aes256: 'no',
    zipcrypto: 'yes',
    unpack: (archive, folder, password) => run('python3', join(SOURCES, 'zipfile-reader.py'), archive, folder, password),
  },
  {
    name: 'Info-ZIP `unzip`',
    tool: 'unzip',
    aes256: 'no',
    zipcrypto: 'yes',
    unpack: (archive, folder, password) => run('unzip', '-q', '-P', password, archive, '-d', folder),
  },
  {
    name: 'unar (The Unarchiver)',
    tool: 'unar',
    aes256: 'no',
    zipcrypto: 'yes',
    unpack: (archive, folder, password) => run('unar', '-q', '-no-directory', '-password', password, '-output-directory', folder, archive),
  },
];

function phpZipArchive(way: 'extractTo' | 'getFromName' | 'getStream', aes256: Verdict): Reader {
  return {
    name: `PHP ZipArchive, \`${way}\``,
    tool: 'php',
    aes256,
    zipcrypto: 'yes',
    unpack: (archive, folder, password) => run('php', join(SOURCES, 'ziparchive.php'), archive, folder, password, way),
  };
}

const run = (command: string, ...words: string[]) => execa(command, words, { env: { LC_ALL: 'C.UTF-8' } });

function write(folder: string, name: string, content: Uint8Array): void {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** `cat` ends at the first complaint, but writes the whole file before: an entry at a time, then. */
async function unpackWithZiptool(archive: string, folder: string, password: string): Promise<void> {
  const { stdout: count } = await run('ziptool', archive, 'get_num_entries', '0');
  const entries = Array.from({ length: Number.parseInt(count, 10) }, (_, index) => String(index));
  const { stdout } = await run('ziptool', archive, ...entries.flatMap((index) => ['stat', index]));
  const names = [...stdout.matchAll(/^name: '(.*)'$/gm)].map(([, name]) => name as string);
  let complaint: string | undefined;
  for (const [index, name] of names.entries()) {
    if (name.endsWith('/')) continue;
    const words = [archive, 'set_password', password, 'cat', String(index)];
    const {
      stdout: content,
      failed,
      stderr,
    } = await execa('ziptool', words, { encoding: 'buffer', stripFinalNewline: false, reject: false });
    write(folder, name, content);
    if (failed) complaint = Buffer.from(stderr).toString();
  }
  if (complaint !== undefined) throw new Error(complaint);
}

async function unpackWithSharpZip(archive: string, folder: string, password: string): Promise<void> {
  const program = join(tempFolder(), 'reader.exe');
  // Mono calls its own copy of the library obsolete.
  await run('mcs', '-nowarn:618', '-r:ICSharpCode.SharpZipLib', `-out:${program}`, join(SOURCES, 'SharpZipReader.cs'));
  await run('mono', program, archive, folder, password);
}

async function unpackWithZipJs(archive: string, folder: string, password: string): Promise<void> {
  const zip = new ZipReader(new BlobReader(await openAsBlob(archive)), { password, checkSignature: true, useWebWorkers: false });
  for (const entry of await zip.getEntries()) {
    if (!entry.directory) write(folder, entry.filename, await entry.getData(new Uint8ArrayWriter()));
  }
  await zip.close();
}

async function unpackWithUnzipper(archive: string, folder: string, password: string): Promise<void> {
  for (const file of (await Open.file(archive)).files) write(folder, file.path, await file.buffer(password));
}
