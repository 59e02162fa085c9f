import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isInUse, sweepWorkFolders, WorkFolder } from '#lpx/store/processes/work-folder.js';
import { bundled } from '../../support/bundled.js';
import { tempFolder } from '../../support/temp.js';

/** Another process that holds a work folder, behind whatever starts it. @returns its folder and how to kill it */
async function otherProcess(parent: string, behind: readonly string[] = []) {
  const module = await bundled('store/processes/work-folder.ts', tempFolder());
  const script = `
    const { WorkFolder } = await import(${JSON.stringify(module)});
    const folder = await WorkFolder.create(${JSON.stringify(parent)}, 'work-');
    console.log(folder.path);
    setInterval(() => {}, 1000);`;
  const words = [...behind, process.execPath, '--input-type=module', '-e', script];
  const child = spawn(words[0] as string, words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const path = await new Promise<string>((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk).trim())));
  const kill = () =>
    new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGKILL');
    });
  return { path, kill };
}

/** A process id namespace of its own, which ends with the process that made it. Only root can make one. */
const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child'];
const canUnshare = () => !execaSync(UNSHARE[0] as string, [...UNSHARE.slice(1), 'true'], { reject: false }).failed;

describe('a work folder', () => {
  it('is in use as long as it is neither removed nor left', async () => {
    const parent = tempFolder();
    const [first, second] = [await WorkFolder.create(parent, 'work-'), await WorkFolder.create(parent, 'work-')];
    expect([isInUse(first.path), isInUse(second.path), isInUse(join(parent, 'work-none'))]).toEqual([true, true, false]);
    await first.remove();
    second.leave();
    expect([existsSync(first.path), existsSync(second.path), isInUse(second.path)]).toEqual([false, true, false]);
  });

  it('of this process is not swept, and stays in use after an attempt', async () => {
    const parent = tempFolder();
    const folder = await WorkFolder.create(parent, 'work-');
    for (let i = 0; i < 2; i++) {
      await sweepWorkFolders(parent, 'work-');
      expect(isInUse(folder.path)).toBe(true);
    }
    await folder.remove();
  });

  it.each([
    ['another process', []],
    ['a process of another process id namespace', UNSHARE],
  ] as const)('of %s is swept once that is dead, and not before', async (_, behind) => {
    if (behind.length > 0 && !canUnshare() && process.env.LPX_TOOLS !== 'required') return;
    const parent = tempFolder();
    const { path, kill } = await otherProcess(parent, behind);
    await sweepWorkFolders(parent, 'work-');
    expect(existsSync(path)).toBe(true);
    await kill();
    while (existsSync(path)) {
      await sweepWorkFolders(parent, 'work-');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(readdirSync(parent)).toEqual([]);
  });

  it('is all that is swept: no file, no link, no folder of another name', async () => {
    const parent = tempFolder();
    const elsewhere = tempFolder();
    mkdirSync(join(parent, 'other'));
    mkdirSync(join(parent, 'work-dead'));
    writeFileSync(join(parent, 'work-file'), '');
    writeFileSync(join(elsewhere, 'kept'), '');
    symlinkSync(elsewhere, join(parent, 'work-link'));
    await sweepWorkFolders(parent, 'work-');
    expect(readdirSync(parent).sort()).toEqual(['other', 'work-file', 'work-link']);
    expect(readdirSync(elsewhere)).toEqual(['kept']);
  });

  it('is known by its lock: a folder of such a name without one is not touched, unless it is empty', async () => {
    const parent = tempFolder();
    const elsewhere = join(tempFolder(), 'elsewhere');
    writeFileSync(elsewhere, '');
    for (const name of ['work-thesis', 'work-link', 'work-text', 'work-dead', 'work-empty']) mkdirSync(join(parent, name));
    writeFileSync(join(parent, 'work-thesis', 'thesis.txt'), 'mine');
    symlinkSync(elsewhere, join(parent, 'work-link', 'in-use'));
    writeFileSync(join(parent, 'work-text', 'in-use'), 'another program’s');
    writeFileSync(join(parent, 'work-dead', 'in-use'), '');
    writeFileSync(join(parent, 'work-dead', 'a.zip'), 'left');
    expect(isInUse(join(parent, 'work-thesis'))).toBe(false);
    await sweepWorkFolders(parent, 'work-');
    expect(readdirSync(parent).sort()).toEqual(['work-link', 'work-text', 'work-thesis']);
    expect(readdirSync(join(parent, 'work-thesis'))).toEqual(['thesis.txt']);
  });

  it('that cannot be put back stays for the next sweep', async () => {
    const parent = tempFolder();
    mkdirSync(join(parent, 'work-dead'));
    writeFileSync(join(parent, 'work-dead', 'in-use'), '');
    await expect(sweepWorkFolders(parent, 'work-', () => Promise.reject(new Error('busy')))).rejects.toThrow('busy');
    await sweepWorkFolders(parent, 'work-');
    expect(readdirSync(parent)).toEqual([]);
  });
});
