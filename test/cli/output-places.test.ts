import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { allCommands, commandsOf, wordsOf } from '#lpx/cli/command-tree.js';
import type { Context } from '#lpx/cli/context.js';
import { PATH_OPTIONS } from '#lpx/cli/output-places.js';
import { buildProgram } from '#lpx/cli/program.js';
import { LpxError } from '#lpx/errors.js';
import { messagesIn } from '#lpx/messages/messages.js';
import { lpx } from '../support/cli.js';
import { tempFolder } from '../support/temp.js';

const program = buildProgram('en', '', async () => {});
const roleOf = (option: Option) => PATH_OPTIONS[option.flags];
const isPath = (option: Option) => roleOf(option) !== undefined;
const isOutput = (option: Option) => isPath(option) && roleOf(option) !== 'input';
const isFile = (option: Option) => roleOf(option)?.startsWith('file') === true;
const outputs = commandsOf(program).flatMap((command) => command.options.filter(isOutput).map((option) => ({ command, option })));
const named = ({ command, option }: (typeof outputs)[number]) => [`${wordsOf(command)} ${option.long}`, command, option] as const;

/** The words of a command: what it cannot do without, paths to files that are nowhere, `--overwrite` where it has it, and those given. */
function wordsFor(command: Command, given: Readonly<Record<string, string>>, argument = 'argument'): string[] {
  const needed = command.options
    .filter((option) => option.mandatory && !(String(option.long) in given))
    .flatMap((option) => [String(option.long), option.argChoices?.[0] ?? `needed-${option.name()}`]);
  return [
    ...wordsOf(command).split(' '),
    ...command.registeredArguments.filter(({ required }) => required || argument !== 'argument').map(() => argument),
    ...needed,
    ...Object.entries(given).flat(),
    ...(command.options.some(({ long }) => long === '--overwrite') ? ['--overwrite'] : []),
  ];
}

/** What lpx says to words before it does anything; `nothing` when it would go on to do what they say. */
async function refusalOf(words: readonly string[], cwd: string): Promise<string> {
  let refusal = 'nothing';
  const run: Parameters<typeof buildProgram>[2] = async (_name, _options, work) => {
    // What is not refused comes to want more of its surroundings than these.
    await work({ cwd, messages: messagesIn('en') } as Context).catch((error) => {
      if (error instanceof LpxError) refusal = `${error.code} ${error.facts.reason ?? error.facts.problem}`;
    });
  };
  const running = buildProgram('en', '', run);
  for (const command of [running, ...allCommands(running)]) command.exitOverride().configureOutput({ writeErr: () => {} });
  await running.parseAsync([...words], { from: 'user' });
  return refusal;
}

const IN_STORE = /^LPX_USAGE .* is in the store /;
const TAKEN = /^LPX_USAGE .* is that of /;

function folderWithStore(): string {
  const folder = tempFolder();
  mkdirSync(join(folder, 'store', 'attachments'), { recursive: true });
  for (const name of ['lpx.sqlite', 'lpx.sqlite-wal']) writeFileSync(join(folder, 'store', name), name);
  symlinkSync(join(folder, 'store'), join(folder, 'way-in'));
  return folder;
}

describe('a path that a command takes', () => {
  it('is known as something read or something written', () => {
    const all = commandsOf(program).flatMap(({ options }) => options);
    const taken = [...new Set(all.filter(({ flags }) => /[<[](?:file|dir|path|folder)/.test(flags)).map(({ flags }) => flags))];
    expect(taken.sort()).toEqual(Object.keys(PATH_OPTIONS).sort());
    const args = new Set(commandsOf(program).flatMap(({ registeredArguments }) => registeredArguments.map((argument) => argument.name())));
    expect([...args].sort()).toEqual(
      [
        'backup',
        'course-code',
        'folder',
        'import-id',
        'job',
        'list',
        'national-id',
        'new-store',
        'number',
        'path',
        'reference',
        'shell',
        'store',
        'student',
        'topic',
        'words',
        'zip',
        'zip|student',
      ].sort(),
    );
  });
});

describe.each(outputs.map(named))('the output %s', (_, command, option) => {
  const long = String(option.long);

  it('never goes into a store, not even with --overwrite', async () => {
    const folder = folderWithStore();
    for (const place of ['store', 'store/lpx.sqlite', 'store/lpx.sqlite-wal', 'store/attachments/new/x', 'way-in/x', 'way-in/lpx.sqlite'])
      expect(await refusalOf(wordsFor(command, { [long]: place }), folder), place).toMatch(IN_STORE);
    expect(readdirSync(join(folder, 'store')).sort()).toEqual(['attachments', 'lpx.sqlite', 'lpx.sqlite-wal']);
    expect(readFileSync(join(folder, 'store', 'lpx.sqlite'), 'utf8')).toBe('lpx.sqlite');
  });

  it('never goes among the attachments of a store in a database, but may go next to them', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'shared', '990002-0a1b2c3d', 'attachments'), { recursive: true });
    mkdirSync(join(folder, 'shared', '990002-notes'));
    for (const place of ['shared/990002-0a1b2c3d', 'shared/990002-0a1b2c3d/x', 'shared/990002-0a1b2c3d/attachments/0a/x'])
      expect(await refusalOf(wordsFor(command, { [long]: place }), folder), place).toMatch(IN_STORE);
    for (const place of ['shared/x', 'shared/990002-notes/x', 'shared/990002-0a1b2c3e/x'])
      expect(await refusalOf(wordsFor(command, { [long]: place }), folder), place).not.toMatch(IN_STORE);
  });

  it('is never a file that the command reads', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'input'), 'read');
    linkSync(join(folder, 'input'), join(folder, 'same'));
    const inputs = command.options.filter((other) => roleOf(other) === 'input');
    for (const input of inputs)
      for (const place of ['input', './input', 'same'])
        expect(await refusalOf(wordsFor(command, { [String(input.long)]: 'input', [long]: place }), folder)).toMatch(TAKEN);
    if (command.registeredArguments.some((argument) => /path|zip|folder|list/.test(argument.name())))
      expect(await refusalOf(wordsFor(command, { [long]: 'same' }, 'input'), folder)).toMatch(TAKEN);
    expect(readFileSync(join(folder, 'input'), 'utf8')).toBe('read');
  });
});

describe.each(outputs.filter(({ option }) => isFile(option)).map(named))('the file of %s', (_, command, option) => {
  const long = String(option.long);
  const refused = (file: string, cwd: string) => refusalOf(wordsFor(command, { [long]: file }), cwd);

  it('is never that of another output', async () => {
    const folder = tempFolder();
    symlinkSync('.', join(folder, 'here'));
    for (const other of command.options.filter((other) => isOutput(other) && other !== option))
      for (const place of ['new', 'here/NEW'])
        expect(await refusalOf(wordsFor(command, { [String(other.long)]: 'new', [long]: place }), folder)).toMatch(TAKEN);
  });

  it('has no name of a package or of what goes with one', async () => {
    for (const name of ['P.zip', 'P.ZIP', 'P.zip.md5', 'mail/P.receipt.json', 'P.cover.html'])
      expect(await refused(name, tempFolder())).toMatch(/^LPX_USAGE .* are for packages/);
  });

  it('is no device, link or folder', async () => {
    const folder = tempFolder();
    symlinkSync('nowhere', join(folder, 'link'));
    mkdirSync(join(folder, 'folder'));
    writeFileSync(join(folder, 'file'), '');
    const places = { link: 'isLink', folder: 'EISDIR', '/dev/null': 'notPlain', 'file/x': 'ENOTDIR' };
    for (const [place, reason] of Object.entries(places)) expect(await refused(place, folder), place).toBe(`LPX_WRITE_FAILED ${reason}`);
  });
});

describe('an output that is refused', () => {
  it('is refused with exit 2, before anything is read or written', async () => {
    const folder = folderWithStore();
    const words = ['verify', 'nowhere.zip', '--html', 'store/lpx.sqlite', '--overwrite'];
    const { code, err } = await lpx(words, { cwd: folder });
    expect([code, err]).toEqual([2, expect.stringContaining('store')]);
    expect(err).not.toContain('nowhere.zip');
  });

  it('says that --overwrite replaces the file, where it does', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 't.xlsx'), '');
    const { code, err } = await lpx(['students', '--xlsx', 't.xlsx'], { cwd: folder });
    expect([code, err]).toEqual([2, expect.stringContaining('--overwrite')]);
  });

  it('is said to be a store, or a file, where a new store or a backup would go', async () => {
    const folder = folderWithStore();
    writeFileSync(join(folder, 'pw.txt'), 'file');
    expect(await refusalOf(['restore', 'backup', 'store'], folder)).toContain('LPX_STORE_EXISTS');
    expect(await refusalOf(['backup', 'pw.txt'], folder)).toBe('LPX_WRITE_FAILED isFile');
  });
});
