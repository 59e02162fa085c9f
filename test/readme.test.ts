/**
 * The walk-through of the READMEs, run command by command as it is printed, in a folder with the samples and nothing else.
 * `LPX_SHOW=1` shows what each command prints.
 */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inShell, ROOT } from './support/shell.js';

/** A command of a page, and what the page says that it prints: `…` stands for lines that are left out. */
interface Shown {
  readonly command: string;
  readonly lines: readonly string[];
}

/** The commands of a page, in order. */
function commandsOf(page: string): Shown[] {
  // Between the fences of code: every other part.
  const blocks = readFileSync(join(ROOT, page), 'utf8')
    .split(/^```/m)
    .filter((_, i) => i % 2 === 1);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command = '', ...lines] = part.trimEnd().split('\n');
        return { command, lines: lines.filter((line) => line !== '') };
      }),
  );
}

/** What differs from run to run is not compared: the folder, hashes over encrypted content. */
const stable = (text: string, dir: string): string[] =>
  text
    .replaceAll(dir, '/tmp/readme')
    .replaceAll(/\b[0-9a-f]{32}\b/g, '{md5}')
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');

/** The lines that a page shows and that were not printed where it shows them. */
function missing(shown: readonly string[], printed: readonly string[]): string[] {
  let at = 0;
  let isSkipping = false;
  const lost: string[] = [];
  for (const line of shown.map((text) => text.replaceAll(/\b[0-9a-f]{32}\b/g, '{md5}'))) {
    if (/^\s*…$/.test(line)) {
      isSkipping = true;
      continue;
    }
    const found = isSkipping ? printed.indexOf(line, at) : printed[at] === line ? at : -1;
    if (found < 0) lost.push(line);
    else at = found + 1;
    isSkipping = false;
  }
  if (!isSkipping && at < printed.length) lost.push(...printed.slice(at).map((line) => `not shown: ${line}`));
  return lost;
}

describe.each([
  ['README.md', 'en_US.UTF-8'],
  ['README.zh-TW.md', 'zh_TW.UTF-8'],
])('the walk-through of %s', (page, locale) => {
  it('prints what it says, from its first command to its last', () => {
    const commands = commandsOf(page);
    expect(commands.length).toBeGreaterThan(20);
    const wrong = inShell(locale, ({ dir, run }) => {
      cpSync(join(ROOT, 'samples'), join(dir, 'samples'), { recursive: true });
      return commands.flatMap(({ command, lines }) => {
        const { stdout, stderr } = run(command);
        const printed = stable(`${stdout}\n${stderr}`, dir);
        if (process.env.LPX_SHOW) console.log([`$ ${command}`, stdout, stderr].join('\n').replaceAll(dir, '/tmp/readme'));
        const lost = missing(lines, printed);
        return lost.length === 0 ? [] : [{ command, lost }];
      });
    });
    expect(wrong).toEqual([]);
  });
});
