import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderVault } from '#lpx/store/vault/folder-vault.js';
import { tempFolder } from '../../support/temp.js';

const SHA = createHash('sha256').update('content').digest('hex');

describe('a vault in a folder', () => {
  it('keeps a staged file under its hash, for its owner alone', async () => {
    const vault = new FolderVault(tempFolder());
    const staging = await vault.stage();
    const staged = staging.nextPath();
    writeFileSync(staged, 'content');
    staging.secure(staged);
    await staging.secured();
    staging.keep(staged, SHA);
    await staging.settle();
    await staging.discard();
    expect(readFileSync(vault.locationOf(SHA), 'utf8')).toBe('content');
    expect(statSync(join(vault.locationOf(SHA), '..')).mode & 0o077).toBe(0);
  });

  it('says when a file does not come to the disk, once, and can be left all the same', async () => {
    const staging = await new FolderVault(tempFolder()).stage();
    const [lost, ...others] = Array.from({ length: 9 }, () => staging.nextPath());
    for (const path of others) writeFileSync(path, 'content');
    for (const path of [lost as string, ...others]) staging.secure(path);
    await expect(staging.secured()).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED', facts: { reason: 'ENOENT' } });
    await staging.discard();
  });

  it('distinguishes intact, damaged and lost content, and what is not a file, and replaces each by a staged one', async () => {
    const vault = new FolderVault(tempFolder());
    const path = vault.locationOf(SHA);
    const elsewhere = join(tempFolder(), 'elsewhere');
    writeFileSync(elsewhere, 'content');
    const states: [string, () => void][] = [
      ['lost', () => {}],
      ['sound', () => {}],
      ['broken', () => writeFileSync(path, 'Content')],
      ['broken', () => writeFileSync(path, 'cont')],
      ['broken', () => rmSync(path) ?? mkdirSync(path)],
      ['broken', () => rmSync(path) ?? symlinkSync('/dev/zero', path)],
      ['broken', () => rmSync(path) ?? symlinkSync(path, path)],
      ['broken', () => rmSync(path) ?? symlinkSync(elsewhere, path)],
      ['broken', () => rmSync(path) ?? execFileSync('mkfifo', [path])],
      ['lost', () => rmSync(dirname(path), { recursive: true }) ?? writeFileSync(dirname(path), 'in the place of the folder')],
      ['lost', () => rmSync(path)],
    ];
    for (const [state, spoil] of states) {
      spoil();
      expect(await vault.check(SHA)).toBe(state);
      expect((await vault.lost([SHA])).has(SHA)).toBe(state === 'lost');
      const copying = vault.copyTo(SHA, join(tempFolder(), 'copy'), 'a.pdf');
      if (state === 'sound') await copying;
      else await expect(copying).rejects.toMatchObject({ code: state === 'lost' ? 'LPX_ATTACHMENT_LOST' : 'LPX_ATTACHMENT_BROKEN' });
      const staging = await vault.stage();
      const staged = staging.nextPath();
      writeFileSync(staged, 'content');
      staging.keep(staged, SHA);
      await staging.settle();
      await staging.discard();
      expect(readFileSync(path, 'utf8')).toBe('content');
    }
    expect(readFileSync(elsewhere, 'utf8'), 'what a link led to').toBe('content');
  });

  it('lists every content that it holds, and nothing else that lies there, and removes them', async () => {
    const folder = tempFolder();
    const vault = new FolderVault(folder);
    const listed = async () => {
      const contents: string[] = [];
      for await (const { sha256, bytes } of vault.list()) contents.push(`${sha256} ${bytes}`);
      return contents.sort();
    };
    expect(await listed()).toEqual([]);
    const other = `${SHA.slice(0, 2)}${'0'.repeat(62)}`;
    const staging = await vault.stage();
    for (const sha256 of [SHA, other, 'cd'.repeat(32)]) {
      const staged = staging.nextPath();
      writeFileSync(staged, sha256 === SHA ? 'content' : '');
      staging.keep(staged, sha256);
    }
    const shelf = join(folder, 'attachments', SHA.slice(0, 2));
    writeFileSync(join(shelf, 'Thumbs.db'), 'x');
    writeFileSync(join(shelf, 'cd'.repeat(32)), 'on the wrong shelf');
    mkdirSync(join(shelf, `${SHA.slice(0, 2)}${'1'.repeat(62)}`));
    expect(await listed()).toEqual([`${SHA} 7`, `${other} 0`, `${'cd'.repeat(32)} 0`].sort());
    await vault.remove(other);
    await vault.remove(other);
    expect([await listed(), await vault.read(other), await vault.read(SHA)]).toEqual([
      [`${SHA} 7`, `${'cd'.repeat(32)} 0`].sort(),
      undefined,
      Buffer.from('content'),
    ]);
    await staging.discard();
  });

  it('has nothing by any other name than a hash, wherever that leads, and removes nothing by it', async () => {
    const folder = tempFolder();
    const vault = new FolderVault(folder);
    writeFileSync(join(folder, 'diary.txt'), 'content');
    for (const name of ['../diary.txt', '', '3.5', SHA.toUpperCase(), `${SHA}/../../../diary.txt`]) {
      expect([await vault.check(name), await vault.lost([name]), await vault.read(name)]).toEqual(['lost', new Set([name]), undefined]);
      await expect(vault.copyTo(name, join(folder, 'copy'), 'diary.txt')).rejects.toMatchObject({ code: 'LPX_ATTACHMENT_LOST' });
      await expect(vault.remove(name)).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED', facts: { reason: 'EINVAL' } });
    }
    expect(readdirSync(folder)).toEqual(['diary.txt']);
  });

  it('sweeps what a dead process left, with what it was about to move, and not what a living one is at', async () => {
    const folder = tempFolder();
    const attachments = join(folder, 'attachments');
    const vault = new FolderVault(folder);
    const living = await vault.stage();
    const before = readdirSync(attachments);
    const dead = join(attachments, 'staging-abc');
    mkdirSync(dead);
    writeFileSync(join(dead, 'in-use'), '');
    writeFileSync(join(dead, 'moves'), `${SHA}\n${SHA.slice(0, 9)}`);
    const moved: string[][] = [];
    await vault.sweep(async (some) => void moved.push([...some]));
    expect([readdirSync(attachments), moved]).toEqual([before, [[SHA]]]);
    await living.discard();
    expect(readdirSync(attachments)).toEqual([]);
  });

  it('sweeps nothing through a link in place of its folder', async () => {
    const [folder, elsewhere] = [tempFolder(), tempFolder()];
    mkdirSync(join(elsewhere, 'staging-site'));
    writeFileSync(join(elsewhere, 'staging-site', 'in-use'), '');
    symlinkSync(elsewhere, join(folder, 'attachments'));
    await new FolderVault(folder).sweep(async () => {});
    expect(readdirSync(elsewhere)).toEqual(['staging-site']);
  });

  it('gives back what was moved and not committed, and nothing that was there before', async () => {
    const vault = new FolderVault(tempFolder());
    const other = 'cd'.repeat(32);
    for (const [committed, sha256s] of [
      [true, [SHA]],
      [false, [SHA, other]],
    ] as const) {
      const staging = await vault.stage();
      for (const sha256 of sha256s) {
        const staged = staging.nextPath();
        writeFileSync(staged, 'content');
        staging.keep(staged, sha256);
      }
      if (committed) staging.committed();
      else staging.putBack();
      await staging.discard();
    }
    expect([SHA, other].map((sha256) => existsSync(vault.locationOf(sha256)))).toEqual([true, false]);
  });
});
