/** What lpx reads of an archive, other tools read of it too: the same names, and the same sizes where they show them, or they refuse it. */
import { join } from 'node:path';
import { execaSync } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { readZip } from '#lpx/zip/reader.js';
import { PASSWORD } from '../fixtures/hostile.js';
import { repeatable } from '../support/made-bytes.js';
import { Chance, mutated } from '../support/mutations.js';
import { tempFolder } from '../support/temp.js';
import { describeWith } from '../support/tools.js';
import { put, type RawEntry, rawZip, withZip64End, written } from '../support/zips.js';

const CASES = 1000;
const SEED = 640_000;

/** A file in an archive, `name size packed size`. */
type Listing = readonly string[];

const line = (name: string, size: number | string, packed: number | string) => `${evened(name)} ${size} ${packed}`;
/** The name as it comes out of the archive: a dot or empty segment goes, a backslash is a slash. */
const evened = (name: string): string =>
  name
    .replaceAll('\\', '/')
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/');

/** Python's list of each archive; undefined for one that it refuses. */
function pythonLists(files: readonly string[]): (Listing | undefined)[] {
  const script = `
import json, sys, zipfile
for file in sys.stdin.read().split('\\n'):
    try:
        with zipfile.ZipFile(file) as z:
            print(json.dumps([[i.filename, i.file_size, i.compress_size] for i in z.infolist() if not i.is_dir()]))
    except Exception as e:
        print('null')
`;
  const { stdout } = execaSync('python3', ['-c', script], { input: files.join('\n') });
  return stdout.split('\n').map((text) => {
    const list: [string, number, number][] | null = JSON.parse(text);
    return list?.map(([name, size, packed]) => line(name, size, packed));
  });
}

/** The list of Info-ZIP's zipinfo. */
function zipInfoList(file: string): Listing | undefined {
  const { stdout, failed } = execaSync('unzip', ['-Z', '-l', file], { reject: false, env: { LC_ALL: 'C.UTF-8' } });
  if (failed) return undefined;
  return [...stdout.matchAll(/^\S+ +\S+ +\S+ +(\d+) +\S+ +(\d+) +\S+ +\S+ +\S+ (.+)$/gm)]
    .filter(([, , , name]) => !name?.endsWith('/'))
    .map(([, size, packed, name]) => line(name as string, size as string, packed as string));
}

/** bsdtar's names; it shows no packed sizes. */
function bsdtarNames(file: string): Listing | undefined {
  const { stdout, failed } = execaSync('bsdtar', ['-tf', file], { reject: false, env: { LC_ALL: 'C.UTF-8' } });
  return failed
    ? undefined
    : stdout
        .split('\n')
        .filter((name) => name !== '' && !name.endsWith('/'))
        .map(evened);
}

function sevenZipList(file: string): Listing | undefined {
  const { stdout, failed } = execaSync('7zz', ['l', '-slt', '-ba', '-sccUTF-8', file], { reject: false, env: { LC_ALL: 'C.UTF-8' } });
  if (failed || /^(?:Errors|Warnings):/m.test(stdout)) return undefined;
  return stdout
    .split(/\n\n/)
    .map((block) => Object.fromEntries([...block.matchAll(/^(.+?) = ?(.*)$/gm)].map(([, key, value]) => [key, value])))
    .filter((entry) => entry.Path !== undefined && entry.Folder !== '+')
    .map((entry) => line(entry.Path, entry.Size, entry['Packed Size']));
}

describeWith(['python3', '7zz', 'unzip', 'bsdtar'], 'an archive that is damaged where its headers are', () => {
  let archives: Buffer[] = [];

  beforeAll(async () => {
    const content = Buffer.from('content of the entry');
    const entries: RawEntry[] = ['a.json', 'x/b', 'x/c'].map((name) => ({ name, content }));
    archives = [
      rawZip(entries, PASSWORD),
      withZip64End(rawZip(entries, PASSWORD)),
      withZip64End(rawZip(entries, PASSWORD), ({ end }) => end.fill(0xff, 8, 20)),
      rawZip(
        entries.map((entry) => ({ ...entry, local: { size: 0xffff_ffff, compressedSize: 0xffff_ffff } })),
        PASSWORD,
      ),
      await written([{ name: 'a.json', content }], 'aes256', PASSWORD, repeatable()),
    ];
  });

  it(`is read as Python, 7-Zip, Info-ZIP and bsdtar read it, if it is read at all: ${CASES} archives`, async () => {
    const folder = tempFolder();
    const accepted: { readonly seed: number; readonly file: string; readonly ours: Listing }[] = [];
    for (let seed = SEED; seed < SEED + CASES; seed++) {
      const chance = new Chance(seed);
      const file = put(join(folder, `${seed}.zip`), mutated(chance.of(archives), chance));
      const entries = await readZip(file).catch(() => undefined);
      if (entries) accepted.push({ seed, file, ours: entries.map(({ name, size, compressedSize }) => line(name, size, compressedSize)) });
    }
    expect(accepted.length).toBeGreaterThan(CASES / 50);
    const python = pythonLists(accepted.map(({ file }) => file));
    const compared = { python: 0, sevenZip: 0, zipInfo: 0, bsdtar: 0 };
    const wrong: unknown[] = [];
    for (const [i, { seed, file, ours }] of accepted.entries()) {
      const names = ours.map((text) => text.replace(/ \d+ \d+$/, ''));
      const lists = {
        python: [python[i], ours],
        sevenZip: [sevenZipList(file), ours],
        zipInfo: [zipInfoList(file), ours],
        bsdtar: [bsdtarNames(file), names],
      } as const;
      for (const [tool, [theirs, expected]] of Object.entries(lists)) {
        if (!theirs) continue;
        compared[tool as keyof typeof lists]++;
        if (JSON.stringify([...theirs].sort()) !== JSON.stringify([...expected].sort())) wrong.push({ seed, tool, expected, theirs });
      }
    }
    expect(wrong).toEqual([]);
    for (const [tool, count] of Object.entries(compared)) expect(count, tool).toBeGreaterThan(accepted.length / 2);
  });
});
