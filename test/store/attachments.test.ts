import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AttachmentVault } from '#lpx/store/attachments.js';
import { tempFolder } from '../support/temp.js';

const SHA = createHash('sha256').update('content').digest('hex');

describe('the vault of attachments', () => {
  it('keeps a staged file under its hash, for its owner alone', async () => {
    const vault = new AttachmentVault(tempFolder());
    const staging = await vault.stage();
    const staged = staging.nextPath();
    writeFileSync(staged, 'content');
    staging.secure(staged);
    await staging.secured();
    staging.keep(staged, SHA);
    await staging.settle();
    await staging.discard();
    expect(readFileSync(vault.pathOf(SHA), 'utf8')).toBe('content');
    expect(statSync(join(vault.pathOf(SHA), '..')).mode & 0o077).toBe(0);
  });

  it('says when a file does not come to the disk, once, and can be left all the same', async () => {
    const staging = await new AttachmentVault(tempFolder()).stage();
    const [lost, ...others] = Array.from({ length: 9 }, () => staging.nextPath());
    for (const path of others) writeFileSync(path, 'content');
    for (const path of [lost as string, ...others]) staging.secure(path);
    await expect(staging.secured()).rejects.toMatchObject({ code: 'LPX_WRITE_FAILED', facts: { reason: 'ENOENT' } });
    await staging.discard();
  });

  it('distinguishes intact, damaged and lost content, and what is not a file, and replaces each by a staged one', async () => {
    const vault = new AttachmentVault(tempFolder());
    const path = vault.pathOf(SHA);
    const states: [string, () => void][] = [
      ['lost', () => {}],
      ['sound', () => {}],
      ['broken', () => writeFileSync(path, 'Content')],
      ['broken', () => writeFileSync(path, 'cont')],
      ['broken', () => rmSync(path) ?? mkdirSync(path)],
      ['lost', () => rmSync(path)],
    ];
    for (const [state, spoil] of states) {
      spoil();
      expect(await vault.check(SHA)).toBe(state);
      const staging = await vault.stage();
      const staged = staging.nextPath();
      writeFileSync(staged, 'content');
      staging.keep(staged, SHA);
      await staging.settle();
      await staging.discard();
      expect(readFileSync(path, 'utf8')).toBe('content');
    }
  });

  it('sweeps what a dead process left, with what it was about to move, and not what a living one is at', async () => {
    const folder = tempFolder();
    const attachments = join(folder, 'attachments');
    const vault = new AttachmentVault(folder);
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
    await new AttachmentVault(folder).sweep(async () => {});
    expect(readdirSync(elsewhere)).toEqual(['staging-site']);
  });

  it('gives back what was moved and not committed, and nothing that was there before', async () => {
    const vault = new AttachmentVault(tempFolder());
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
    expect([SHA, other].map((sha256) => existsSync(vault.pathOf(sha256)))).toEqual([true, false]);
  });
});
