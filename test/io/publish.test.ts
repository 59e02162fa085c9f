import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LpxError } from '#lpx/errors.js';
import { runInterruptibly } from '#lpx/io/interruption.js';
import { moveFiles, nextVersion, publishFiles, replaceFile, writeFiles } from '#lpx/io/publish.js';
import { tempFolder } from '../support/temp.js';

const noLinks = () => {
  throw Object.assign(new Error('no links'), { code: 'EPERM' });
};

describe.each([
  ['with hard links', linkSync],
  ['without hard links', noLinks],
])('publishing files %s', (_, makeLink) => {
  function parts(): { folder: string; files: { part: string; file: string }[] } {
    const folder = tempFolder();
    const files = ['a.zip', 'a.zip.md5'].map((name) => ({ part: join(folder, `${name}.1.part`), file: join(folder, name) }));
    for (const { part, file } of files) writeFileSync(part, file);
    return { folder, files };
  }

  it('gives all of them their names and leaves no part', async () => {
    const { folder, files } = parts();
    await publishFiles(files, { makeLink });
    expect(readdirSync(folder).sort()).toEqual(['a.zip', 'a.zip.md5']);
    for (const { file } of files) expect(readFileSync(file, 'utf8')).toBe(file);
  });

  it('replaces nothing: when one name is taken, none is given and the parts stay', async () => {
    for (const taken of [0, 1]) {
      const { files } = parts();
      const foreign = files[taken]?.file as string;
      writeFileSync(foreign, 'another program’s');
      await expect(publishFiles(files, { makeLink })).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED', facts: { reason: 'EEXIST' } });
      expect(files.map(({ file }) => existsSync(file))).toEqual([taken === 0, taken === 1]);
      expect(readFileSync(foreign, 'utf8')).toBe('another program’s');
    }
  });

  it('takes up where an earlier attempt ended', async () => {
    const { folder, files } = parts();
    await publishFiles(files.slice(0, 1), { makeLink });
    await publishFiles(files, { makeLink });
    expect(readdirSync(folder).sort()).toEqual(['a.zip', 'a.zip.md5']);
  });

  it('gives no name when a file is neither there nor a part: half of them are of no use', async () => {
    for (const lost of [0, 1]) {
      const { folder, files } = parts();
      rmSync(files[lost]?.part as string);
      await expect(publishFiles(files, { makeLink })).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED', facts: { reason: 'ENOENT' } });
      expect(readdirSync(folder).filter((name) => !name.endsWith('.part'))).toEqual([]);
    }
  });

  it('takes up where it ended between taking a name and renaming, and leaves an empty file of another program', async () => {
    const { folder, files } = parts();
    const { part, file } = files[1] as { part: string; file: string };
    writeFileSync(file, basename(part));
    await publishFiles(files, { makeLink });
    expect([readdirSync(folder).sort(), readFileSync(file, 'utf8')]).toEqual([['a.zip', 'a.zip.md5'], file]);
    const other = parts();
    writeFileSync(other.files[1]?.file as string, '');
    await expect(publishFiles(other.files, { makeLink })).rejects.toMatchObject({ facts: { reason: 'EEXIST' } });
    expect(readFileSync(other.files[1]?.file as string, 'utf8')).toBe('');
  });
});

describe('files that are written together', () => {
  const files = ['a.csv', 'b.csv'].map((name) => ({ name, content: Buffer.from(name) }));

  it('are written, into a folder that is made for them', async () => {
    const folder = join(tempFolder(), 'new');
    expect(await writeFiles(folder, files)).toEqual(files.map(({ name }) => join(folder, name)));
    expect(readdirSync(folder).sort()).toEqual(['a.csv', 'b.csv']);
  });

  it('replace nothing: when one is there already, none is written', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'b.csv'), 'mine');
    await expect(writeFiles(folder, files)).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED', facts: { file: 'b.csv', reason: 'EEXIST' } });
    expect(readdirSync(folder)).toEqual(['b.csv']);
    expect(readFileSync(join(folder, 'b.csv'), 'utf8')).toBe('mine');
  });

  it('are all the next version when one is there already', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'b.csv'), 'mine');
    const written = async (...named: typeof files) =>
      (await writeFiles(folder, await nextVersion(folder, named))).map((path) => basename(path));
    expect(await written(...files)).toEqual(['a_v2.csv', 'b_v2.csv']);
    expect(await written(...files)).toEqual(['a_v3.csv', 'b_v3.csv']);
    expect(readFileSync(join(folder, 'b.csv'), 'utf8')).toBe('mine');
    const receipt = { name: 'x.receipt.json', content: Buffer.from('') };
    expect([await written(receipt), await written(receipt)]).toEqual([['x.receipt.json'], ['x_v2.receipt.json']]);
  });

  it('replace those that are there on request', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'b.csv'), 'old');
    await writeFiles(folder, files, 'replace');
    expect(readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(['a.csv', 'b.csv']);
  });

  it('replace none when that fails half way, or is interrupted', async () => {
    const folder = tempFolder();
    for (const name of ['a.csv', 'b.csv']) writeFileSync(join(folder, name), 'old');
    const contents = () => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const failing: typeof linkSync = (part, file) => {
      if (basename(String(file)) === 'b.csv') throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      linkSync(part, file);
    };
    await expect(writeFiles(folder, files, 'replace', { makeLink: failing })).rejects.toThrow('full');
    expect(contents()).toEqual(['old', 'old']);
    const interrupt = new AbortController();
    let left: string[] | undefined;
    const interrupted: typeof linkSync = (part, file) => {
      linkSync(part, file);
      if (basename(String(file)) === 'b.csv') interrupt.abort();
    };
    const onUndone = () => {
      left = contents();
    };
    const { signal } = interrupt;
    await runInterruptibly(() => writeFiles(folder, files, 'replace', { makeLink: interrupted }), { signal, onUndone }).catch(() => {});
    expect(left).toEqual(['old', 'old']);
  });

  it('are refused when their folder is a file', async () => {
    const file = join(tempFolder(), 'a');
    writeFileSync(file, 'mine');
    await expect(writeFiles(file, files)).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED', facts: { reason: 'ENOTDIR' } });
  });

  it('leave no part of a folder that cannot be made whole', async () => {
    const folder = tempFolder();
    await expect(writeFiles(join(folder, 'a', 'b', 'x'.repeat(300)), files)).rejects.toMatchObject({ facts: { reason: 'ENAMETOOLONG' } });
    expect(readdirSync(folder)).toEqual([]);
  });

  it.runIf(existsSync('/proc/self'))('are refused where the system takes no new folders', async () => {
    await expect(writeFiles('/proc/lpx/new', files)).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED' });
  });

  it('are all gone when the last of them fails', async () => {
    const folder = tempFolder();
    const unwritable = { name: 'new/b.csv', copyTo: () => Promise.reject(new LpxError('LPX_WRITE_FAILED', { file: '', reason: 'EIO' })) };
    await expect(writeFiles(folder, [...files, unwritable])).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are all gone when the run is interrupted before the last of them has its name', async () => {
    const folder = tempFolder();
    const interrupt = new AbortController();
    let left: string[] | undefined;
    const interruptedAtLast: typeof linkSync = (part, file) => {
      linkSync(part, file);
      if (basename(String(file)) !== 'b.csv') return;
      interrupt.abort();
    };
    const onUndone = () => {
      left = readdirSync(folder);
    };
    await runInterruptibly(() => writeFiles(folder, files, 'keep', { makeLink: interruptedAtLast }), {
      signal: interrupt.signal,
      onUndone,
    });
    expect(left).toEqual([]);
  });

  it('lie in the folders that their names have, which are made for their user alone', async () => {
    const folder = join(tempFolder(), 'new');
    const nested = [
      { name: '109/a/x.csv', content: Buffer.from('x') },
      { name: '109/b/x.csv', content: Buffer.from('y') },
    ];
    expect(await writeFiles(folder, nested)).toEqual(nested.map(({ name }) => join(folder, name)));
    for (const path of ['', '109', '109/a', '109/b']) expect(statSync(join(folder, path)).mode & 0o777).toBe(0o700);
    for (const { name, content } of nested) expect(readFileSync(join(folder, name))).toEqual(content);
    expect(statSync(join(folder, '109/a/x.csv')).mode & 0o777).toBe(0o600);
  });

  it('leave no folder that was made for them when they fail, and any that was there', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, '109'));
    const failing = { name: '110/b/x.csv', copyTo: () => Promise.reject(new Error('broken')) };
    await expect(writeFiles(folder, [{ name: '109/a/x.csv', content: Buffer.from('x') }, failing])).rejects.toThrow('broken');
    expect(readdirSync(folder, { recursive: true })).toEqual(['109']);
    await expect(writeFiles(join(folder, 'new', 'out'), [failing])).rejects.toThrow('broken');
    expect(readdirSync(folder)).toEqual(['109']);
  });

  it('never leave their folder through a link that is in it', async () => {
    const [folder, elsewhere] = [tempFolder(), tempFolder()];
    symlinkSync(elsewhere, join(folder, '109'));
    for (const existing of ['keep', 'replace'] as const)
      await expect(writeFiles(folder, [{ name: '109/x.csv', content: Buffer.from('x') }], existing)).rejects.toMatchObject({
        code: 'LPX_WRITE_FAILED',
        facts: { reason: 'linked' },
      });
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('are gone, and those before them back, when what they are published within fails behind them', async () => {
    const folder = tempFolder();
    const within = async (publish: () => Promise<void>) => {
      await publish();
      throw new Error('not committed');
    };
    await expect(writeFiles(join(folder, 'new'), files, 'keep', { within })).rejects.toThrow('not committed');
    expect(readdirSync(folder)).toEqual([]);
    writeFileSync(join(folder, 'a.csv'), 'old');
    await expect(writeFiles(folder, files, 'replace', { within })).rejects.toThrow('not committed');
    expect(readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(['old']);
  });

  it('have one next version, folders by their outermost name', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, '附件'));
    const named = await nextVersion(folder, [{ name: 'a.xlsx' }, { name: '附件/1/x.pdf' }]);
    expect(named.map(({ name }) => name)).toEqual(['a_v2.xlsx', '附件_v2/1/x.pdf']);
  });
});

describe.each([
  ['with hard links', linkSync],
  ['without hard links', noLinks],
])('moving files %s', (_, makeLink) => {
  /** Files `a` and `b`, to be moved to a folder. */
  function arranged() {
    const folder = tempFolder();
    mkdirSync(join(folder, 'to'));
    const moves = ['a', 'b'].map((name) => ({ part: join(folder, name), file: join(folder, 'to', name) }));
    for (const { part } of moves) writeFileSync(part, `content of ${basename(part)}`);
    return { folder, moves, names: () => [readdirSync(folder).sort(), readdirSync(join(folder, 'to')).sort()] };
  }

  it('takes each to its new name', async () => {
    const { moves, names } = arranged();
    await moveFiles(moves, makeLink);
    expect(names()).toEqual([['to'], ['a', 'b']]);
    for (const { file } of moves) expect(readFileSync(file, 'utf8')).toBe(`content of ${basename(file)}`);
  });

  it('loses none when a name is taken', async () => {
    const { folder, moves } = arranged();
    writeFileSync(join(folder, 'to', 'b'), 'another');
    await expect(moveFiles(moves, makeLink)).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED', facts: { reason: 'EEXIST' } });
    expect(readFileSync(join(folder, 'to', 'b'), 'utf8')).toBe('another');
    expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('content of b');
    expect(readFileSync(join(folder, 'to', 'a'), 'utf8')).toBe('content of a');
  });
});

it('moving a file that has both names already, as a killed process leaves it, removes the old one', async () => {
  const folder = tempFolder();
  const [part, file] = [join(folder, 'a'), join(folder, 'b')];
  writeFileSync(part, 'x');
  linkSync(part, file);
  await moveFiles([{ part, file }]);
  expect(readdirSync(folder)).toEqual(['b']);
});
describe('a file that takes the place of another', () => {
  it('is whole and its owner’s alone, and takes along what a killed process left of it, and nothing else', async () => {
    const folder = join(tempFolder(), 'new');
    const file = join(folder, 'a.csv');
    await replaceFile(file, Buffer.from('first'));
    for (const name of ['a.csv.0123abcd.part', 'b.csv.0123abcd.part', 'a.csv.part']) writeFileSync(join(folder, name), 'left');
    await replaceFile(file, Buffer.from('second'));
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['second', 0o600]);
    expect(readdirSync(folder).sort()).toEqual(['a.csv', 'a.csv.part', 'b.csv.0123abcd.part']);
  });
});
