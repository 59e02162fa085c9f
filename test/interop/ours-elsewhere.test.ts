/** Our packages in other people's readers: what docs/interop.md promises, cell by cell. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { en } from '#lpx/messages/en.js';
import { zhTW } from '#lpx/messages/zh-TW.js';
import { contentOf, exportFrom, PASSWORD, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { describeWith } from '../support/tools.js';
import { put, rawAe1 } from '../support/zips.js';
import { READERS, type Reader, type Verdict } from './readers.js';
import { WRITERS } from './writers.js';

const ENCRYPTIONS = ['aes256', 'zipcrypto'] as const;
type Encryption = (typeof ENCRYPTIONS)[number];
const PAGE = fileURLToPath(new URL('../../docs/interop.md', import.meta.url));
const password = PASSWORD.toString();

/** A folder's files, or an archive's, by their names. */
type Files = Record<string, Buffer>;
interface Package {
  readonly zipFile: string;
  readonly files: Files;
}
const made = {} as Record<Encryption, Package>;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-interop-'));
  const store = await transferSchool(folder);
  for (const encryption of ENCRYPTIONS) {
    const { zipFile } = await exportFrom(store, join(folder, encryption), { encryption });
    const entries = await contentOf(zipFile);
    made[encryption] = { zipFile, files: Object.fromEntries(entries.map(({ name, content }) => [name, content])) };
  }
  return () => rmSync(folder, { recursive: true });
});

const filesIn = (folder: string): Files =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [relative(folder, file), readFileSync(file)]),
  );

async function verdictOf({ unpack }: Reader, { zipFile, files }: Package): Promise<Verdict | 'other files'> {
  const folder = tempFolder();
  const isSatisfied = await unpack(zipFile, folder, password).then(
    () => true,
    () => false,
  );
  if (isDeepStrictEqual(filesIn(folder), files)) return isSatisfied ? 'yes' : 'with an error';
  return isSatisfied ? 'other files' : 'no';
}

for (const reader of READERS) {
  describeWith(reader.tool ? [reader.tool] : [], `our package in ${reader.name}`, () => {
    it.each(ENCRYPTIONS)(`is unpacked as docs/interop.md says, under its Chinese names: %s`, async (encryption) => {
      expect(await verdictOf(reader, made[encryption])).toBe(reader[encryption]);
    });
  });
}

describe('the choice of AE-2', () => {
  for (const reader of READERS.filter(({ aes256 }) => aes256 !== 'yes')) {
    describeWith(reader.tool ? [reader.tool] : [], `in ${reader.name}`, () => {
      it('costs no file: a reader that gives up on it gives up on AE-1 too, one that complains only complains', async () => {
        const { files } = made.aes256;
        const entries = Object.entries(files).map(([name, content]) => ({ name, content }));
        const zipFile = put(join(tempFolder(), 'ae-1.zip'), rawAe1(entries, PASSWORD, 3));
        expect(await verdictOf(reader, { zipFile, files })).toBe(reader.aes256 === 'no' ? 'no' : 'yes');
      });
    });
  }

  describeWith(['7zz', 'ziptool'], 'in libzip', () => {
    it('is complained of in what 7-Zip writes as well', async () => {
      const { files } = made.aes256;
      const [from, zipFile] = [tempFolder(), join(tempFolder(), '7-zip.zip')];
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(join(from, dirname(name)), { recursive: true });
        put(join(from, name), content);
      }
      await named(WRITERS, '7-Zip, AES-256').pack(from, zipFile, password);
      expect(await verdictOf(named(READERS, 'libzip (`ziptool cat`)'), { zipFile, files })).toBe('with an error');
    });
  });
});

function named<T extends { readonly name: string }>(list: readonly T[], name: string): T {
  const found = list.find((item) => item.name === name);
  if (!found) throw new Error(`nothing is named ${name}`);
  return found;
}

describe('the page about other software', () => {
  it('says of each reader what the tests hold', () => {
    const rows = [...readFileSync(PAGE, 'utf8').matchAll(/^\| (.+?) +\| (yes|no|with an error) +\| (yes|no|with an error) +\|$/gm)];
    expect(rows.map(([, name, aes256, zipcrypto]) => ({ name, aes256, zipcrypto }))).toEqual(
      READERS.map(({ name, aes256, zipcrypto }) => ({ name, aes256, zipcrypto })),
    );
  });
});

describe('the note after an export, and the help of --encryption', () => {
  it.each([
    ['English', en],
    ['Chinese', zhTW],
  ])('name every reader that needs ZipCrypto, in %s', (_, { export: notes, help }) => {
    const needy = READERS.filter(({ aes256 }) => aes256 === 'no').map(
      ({ name }) => /unzipper|SharpZipLib|zipfile|unzip|The Unarchiver/.exec(name)?.[0],
    );
    expect(needy).not.toContain(undefined);
    for (const text of [notes.needsAes, help.encryption]) expect(needy.filter((name) => !text.includes(String(name)))).toEqual([]);
    expect(notes.needsAes).toContain('--encryption zipcrypto');
  });
});

describeWith(['7zz'], 'our package in 7-Zip’s test', () => {
  const tested = (encryption: Encryption, word: string) =>
    execa('7zz', ['t', `-p${word}`, made[encryption].zipFile], { env: { LC_ALL: 'C.UTF-8' }, reject: false });

  it.each(ENCRYPTIONS)('is intact without a warning, and refused under another password: %s', async (encryption) => {
    const { stdout } = await tested(encryption, password);
    expect(stdout).toContain('Everything is Ok');
    expect(stdout).not.toMatch(/warning/i);
    expect((await tested(encryption, 'wrong')).exitCode).not.toBe(0);
  });
});
