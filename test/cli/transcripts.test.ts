/** Runs `transcripts/*.txt`: commands, and what a person sees of them. README.md explains the form, and how to write them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { inShell, ROOT } from '../support/shell.js';

const SCRIPTS = fileURLToPath(new URL('transcripts', import.meta.url));

const scripts = readdirSync(SCRIPTS).filter((name) => name.endsWith('.txt'));
const languageOf = (script: string) => (script.endsWith('.zh-TW.txt') ? 'zh_TW.UTF-8' : 'en_US.UTF-8');

/** The script as it should read: its comments and commands, each command followed by what it printed just now. */
const transcriptOf = (script: string): string =>
  inShell(languageOf(script), ({ dir, run }) => {
    const stable = (line: string) =>
      line
        .replaceAll(dir, '{dir}')
        .replaceAll(ROOT, '{lpx}')
        .replaceAll(/\b[0-9a-f]{32}\b/g, '{md5}')
        .replaceAll(/lpx-demo-\w{6}/g, 'lpx-demo-{name}')
        .replaceAll(/\d+(?:\.\d+)?(?= (?:s\b|秒))/g, '{seconds}');
    const printed = (mark: string, text: string) =>
      text === '' ? [] : text.split('\n').map((line) => `${mark} ${stable(line)}`.trimEnd());
    return readFileSync(join(SCRIPTS, script), 'utf8')
      .split('\n')
      .filter((line) => !/^[|!=]/.test(line))
      .flatMap((line) => {
        if (!line.startsWith('$ ')) return [line];
        const { stdout, stderr, exitCode } = run(line.slice(2));
        return [line, ...printed('|', stdout), ...printed('!', stderr), ...(exitCode === 0 ? [] : [`= ${exitCode}`])];
      })
      .join('\n');
  });

const commandsIn = (script: string) =>
  readFileSync(join(SCRIPTS, script), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('$ '));

describe('what a person sees', () => {
  it.each(scripts)('is as in %s', (script) => {
    const transcript = transcriptOf(script);
    if (process.env.LPX_UPDATE) writeFileSync(join(SCRIPTS, script), transcript);
    expect(transcript).toBe(readFileSync(join(SCRIPTS, script), 'utf8'));
  });

  it('is shown for the same commands in both languages', () => {
    const chinese = scripts.filter((script) => script.endsWith('.zh-TW.txt'));
    expect(chinese.length).toBeGreaterThan(5);
    for (const script of chinese) expect(commandsIn(script), script).toEqual(commandsIn(`${basename(script, '.zh-TW.txt')}.txt`));
  });

  it.each(scripts)('says each finding once, in %s', (script) => {
    const commands = readFileSync(join(SCRIPTS, script), 'utf8').split(/^\$ .*$/m);
    // A finding ends in its code; what stands before its place, and on which stream it is, does not matter.
    const findings = (printed: string) =>
      printed.split('\n').flatMap((line) => /^[|!] +(?:[✘!·] )?(?:\p{L}+ {2})?(.*LPX_[A-Z_]+)$/u.exec(line)?.[1] ?? []);
    const twice = commands.flatMap((printed) => findings(printed).filter((finding, i, all) => all.indexOf(finding) !== i));
    expect(twice).toEqual([]);
  });
});
