import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { type EntryRecord, METHOD } from '#lpx/zip/format.js';
import { DEFAULT_LIMITS } from '#lpx/zip/limits.js';
import { BINARY } from '../support/cli.js';
import { PASSWORD, sign } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { put, rawZip } from '../support/zips.js';

const MIB = 1024 * 1024;
const PEAK_RSS = join(import.meta.dirname, '../bench/peak-rss.mjs');

/**
 * Verifies an archive in a process of its own, whose heap may be `heap` MiB: V8 collects garbage late where it may grow, each
 * version in its own way. @returns its exit code and its peak memory in MiB
 */
function verified(archive: Buffer, heap?: number) {
  const folder = tempFolder();
  const zipFile = put(join(folder, '990001_2021_01_21_09_00_00.zip'), archive);
  sign(zipFile);
  const options = heap ? [`--max-old-space-size=${heap}`] : [];
  const { exitCode, stdout } = execaSync(process.execPath, [...options, `--import=${PEAK_RSS}`, BINARY, '--json', 'verify', zipFile], {
    reject: false,
    env: { LPX_PASSWORD: PASSWORD.toString(), LPX_BENCH_RSS: join(folder, 'rss') },
  });
  const rss = Number(execaSync('cat', [join(folder, 'rss')]).stdout) / 1024;
  return { exitCode, code: JSON.parse(String(stdout)).error?.code, rss };
}
const zeros = (bytes: number) => deflateRawSync(Buffer.alloc(bytes), { level: 9 });
const deflated = (content: Buffer, size: number) => ({ content, record: { method: METHOD.deflated, size } as Partial<EntryRecord> });

describe('a bomb', () => {
  it('of 42 kB that claims petabytes is refused before anything is unpacked', () => {
    const entries = Array.from({ length: 16 }, (_, i) => ({ name: `${i}.json`, ...deflated(zeros(2 * MIB), 0xffff_fff0) }));
    const bomb = rawZip(entries, PASSWORD);
    expect(bomb.length).toBeLessThan(64_000);
    const { exitCode, code, rss } = verified(bomb);
    expect([exitCode, code]).toEqual([5, 'LPX_LIMIT_EXCEEDED']);
    expect(rss).toBeLessThan(150);
  });

  it('of small entries, none of them a bomb, is refused for what they come to together', () => {
    const content = zeros(900 * 1024);
    const entries = Array.from({ length: 500 }, (_, i) => ({ name: `x/${i}`, ...deflated(content, 900 * 1024) }));
    const { exitCode, code, rss } = verified(rawZip([{ name: 'a.json' }, ...entries], PASSWORD));
    expect([exitCode, code]).toEqual([5, 'LPX_LIMIT_EXCEEDED']);
    expect(rss).toBeLessThan(150);
  });

  it('of mappings, none of them large, is refused for what they come to together', () => {
    const blanks = Buffer.alloc(15 * MIB, ' ');
    const mappings = Array.from({ length: 3 }, (_, i) => ({
      name: `x${i}/課程學習成果/filename_mapping.json`,
      ...deflated(deflateRawSync(blanks, { level: 1 }), blanks.length),
    }));
    const { exitCode, code, rss } = verified(rawZip([{ name: 'a.json', content: Buffer.from('[]') }, ...mappings], PASSWORD));
    expect([exitCode, code]).toEqual([5, 'LPX_LIMIT_EXCEEDED']);
    expect(rss).toBeLessThan(150);
  });

  it('of as many entries as an archive may have is read within the memory that there is', () => {
    const many = Array.from({ length: DEFAULT_LIMITS.entries - 1 }, (_, i) => ({ name: `x/${i}`, content: Buffer.alloc(0) }));
    const { exitCode, code, rss } = verified(rawZip([{ name: 'a.json', content: Buffer.from('[]') }, ...many], PASSWORD), 64);
    expect([exitCode, code]).toEqual([5, 'LPX_NOT_A_PACKAGE']);
    expect(rss).toBeLessThan(250);
  });

  it('whose directory lies about a size is stopped at the size it claims', () => {
    const claimed = 1000;
    const { exitCode, code, rss } = verified(
      rawZip(
        [
          { name: 'a.json', ...deflated(zeros(200 * MIB), claimed) },
          { name: 'x/b', content: Buffer.from('b') },
        ],
        PASSWORD,
      ),
    );
    expect([exitCode, code]).toEqual([5, 'LPX_ENTRY_DAMAGED']);
    expect(rss).toBeLessThan(150);
  });

  it('of entries that lie in each other is refused', () => {
    const inner = rawZip([{ name: 'inner.json' }], PASSWORD);
    const bomb = rawZip(
      [
        { name: 'a.json', content: inner },
        { name: 'b.json', record: { name: Buffer.from('b.json'), offset: 0 } },
      ],
      PASSWORD,
    );
    expect(verified(bomb)).toMatchObject({ exitCode: 5, code: 'LPX_ENTRY_DAMAGED' });
  });

  it('of a document of 100 MB is refused before it is read', () => {
    const text = Buffer.from(`[${' '.repeat(100 * MIB)}]`);
    const { exitCode, code, rss } = verified(
      rawZip([{ name: 'a.json', content: deflateRawSync(text), record: { method: METHOD.deflated, size: text.length } }], PASSWORD),
    );
    expect([exitCode, code]).toEqual([5, 'LPX_LIMIT_EXCEEDED']);
    expect(rss).toBeLessThan(150);
  });

  it.each([20, 24, 42])('whose directory refers at byte %i to ZIP64 numbers it has not is refused before anything is unpacked', (at) => {
    const blanks = deflateRawSync(Buffer.alloc(400 * MIB, ' '), { level: 9 });
    const central = (header: Buffer) => header.writeUInt32LE(0xffff_ffff, at);
    const { exitCode, code, rss } = verified(rawZip([{ name: 'a.json', ...deflated(blanks, 400 * MIB), central }], PASSWORD));
    expect([exitCode, code]).toEqual([5, 'LPX_DIRECTORY_DAMAGED']);
    expect(rss).toBeLessThan(150);
  });

  it('of JSON, deep as it can be, ends in an error and not in an internal one', () => {
    const deep = Buffer.from('['.repeat(5_000_000));
    expect(verified(rawZip([{ name: 'a.json', ...deflated(deflateRawSync(deep), deep.length) }], PASSWORD)).exitCode).toBe(5);
  });
});
