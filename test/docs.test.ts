/** The pages under `docs/`, and whatever links to them: a citation in a comment is worth what it leads to. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commandsOf, wordsOf } from '#lpx/cli/command-tree.js';
import { buildProgram } from '#lpx/cli/program.js';
import { CATALOGUE, EXIT } from '#lpx/errors.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|js|mjs|json|md)$/.test(entry.name) && !entry.parentPath.includes('generated'))
    .map((entry) => join(entry.parentPath, entry.name));
const code = ['src', 'test', 'schemas'].flatMap(filesIn);
const pages = [
  ...filesIn('docs'),
  ...readdirSync(ROOT)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(ROOT, name)),
];

/** A link to a file, and to a place in it. */
interface Link {
  readonly from: string;
  readonly file: string;
  readonly anchor: string;
}

/** `docs/spec.md#t18` anywhere in a file of code. */
const citationsIn = (from: string): Link[] =>
  [...readFileSync(from, 'utf8').matchAll(/docs\/([\w-]+\.md)(?:#([\w-]+))?/g)].map((match) => ({
    from: relative(ROOT, from),
    file: join(ROOT, 'docs', match[1] as string),
    anchor: match[2] ?? '',
  }));

/** `[words](page.md#place)` in a page, relative to it. */
const linksIn = (from: string): Link[] =>
  [...readFileSync(from, 'utf8').matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map((match) => ({
    from: relative(ROOT, from),
    file: match[1] ? join(dirname(from), match[1]) : from,
    anchor: match[2] ?? '',
  }));

/** Where a page can be linked to: named anchors, and headings as GitHub names them. */
function anchorsOf(page: string): string[] {
  const text = readFileSync(page, 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
  const named = [...text.matchAll(/<a id="([^"]+)">/g)].map((match) => match[1] as string);
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .replaceAll(/<[^>]*>/g, '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
  return [...named, ...headings];
}

describe('a link', () => {
  it('leads to a file that is there, and to a place in it', () => {
    const links = [...code.flatMap(citationsIn), ...pages.flatMap(linksIn)];
    expect(links.length).toBeGreaterThan(50);
    const dead = links.filter(
      ({ file, anchor }) => !existsSync(file) || (anchor !== '' && file.endsWith('.md') && !anchorsOf(file).includes(anchor)),
    );
    expect(dead).toEqual([]);
  });

  it('can mean one place only: no page names an anchor twice', () => {
    for (const page of pages) {
      const named = [...readFileSync(page, 'utf8').matchAll(/<a id="([^"]+)">/g)].map((match) => match[1]);
      expect(
        named.filter((name, index) => named.indexOf(name) !== index),
        page,
      ).toEqual([]);
    }
  });

  it('to a test names one that is there', () => {
    const named = pages.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/`(test\/[\w/.-]+\.ts)`/g)].map((match) => match[1] as string),
    );
    expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});

describe('the example for vendors', () => {
  it.each(['README.md', 'README.zh-TW.md'])('stands in %s as it is tested', (page) => {
    expect(readFileSync(join(ROOT, page), 'utf8')).toContain(readFileSync(join(ROOT, 'examples/vendor.ts'), 'utf8'));
  });
});

describe('a comment', () => {
  it('cites the spec by a link, never by a number that leads nowhere', () => {
    const bare = code.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/.*\b(?:spec|brief) §?[0-9].*/g)].map(([line]) => `${relative(ROOT, file)}: ${line.trim()}`),
    );
    expect(bare).toEqual([]);
  });
});

describe('the spec page', () => {
  it('has every trap, code table and open question under an anchor of its own', () => {
    const anchors = anchorsOf(join(ROOT, 'docs/spec.md'));
    const numbered = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
    const missing = [...numbered('t', 23), ...numbered('c', 12), ...numbered('q', 20)].filter((anchor) => !anchors.includes(anchor));
    expect(missing).toEqual([]);
  });

  it('has every property of the schema', () => {
    const page = readFileSync(join(ROOT, 'docs/spec.md'), 'utf8');
    const schema = JSON.parse(readFileSync(join(ROOT, 'schemas/exchange-document.schema.json'), 'utf8'));
    const properties = Object.values<any>(schema.$defs).flatMap((definition) => Object.keys(definition.properties ?? {}));
    expect(properties.length).toBeGreaterThan(100);
    expect(properties.filter((property) => !page.includes(property))).toEqual([]);
  });
});

describe('the page about the command line', () => {
  const page = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');

  it('has every command and every option', () => {
    const program = buildProgram('en', '', async () => {});
    const words = [
      ...commandsOf(program).map((command) => `lpx ${wordsOf(command)}`),
      ...[program, ...commandsOf(program)].flatMap((command) => command.options.map((option) => option.long ?? '')),
    ];
    expect(words.length).toBeGreaterThan(60);
    expect(words.filter((word) => !new RegExp(`${word}(?![\\w-])`).test(page))).toEqual([]);
  });

  it('has no command and no option that lpx does not have', () => {
    const program = buildProgram('en', '', async () => {});
    const commands = commandsOf(program).map((command) => wordsOf(command));
    // `--help` is everywhere, and there is no `--password`, which the page says.
    const groups = commands.flatMap((words) => (words.includes(' ') ? [words.split(' ')[0]] : []));
    const options = [program, ...commandsOf(program)].flatMap((command) => command.options.map(({ long }) => long));
    const inCode = [...page.matchAll(/^```[\s\S]*?^```|`[^`]+`/gm)].map(([text]) => text).join('\n');
    const named = (pattern: RegExp) => [...new Set([...inCode.matchAll(pattern)].map(([, word]) => word))];
    expect(
      named(/(?<![\w-])(--[a-z][a-z0-9-]+)/g).filter(
        (option) => !options.includes(option) && !['--help', '--password'].includes(`${option}`),
      ),
    ).toEqual([]);
    expect(
      named(/\blpx (?:--[a-z-]+(?:[ =]\S+)? )*([a-z]+)\b/g).filter((word) => !commands.includes(`${word}`) && !groups.includes(word)),
    ).toEqual([]);
  });

  it('has every error code, with its exit code and what it means', () => {
    const table = page.slice(page.indexOf('<a id="error-codes">'));
    const rows = [...table.matchAll(/^- `LPX_\w+`.*$/gm)].map(([row]) => row);
    // Of a choice by a number, the words for several.
    const expected = Object.entries(CATALOGUE)
      .map(([code, { exit, what }]) => ({ exit, row: `- \`${code}\` (${exit}): ${what.replaceAll(/\{\w+:[^{}]*\|([^{}]*)\}/g, '$1')}` }))
      .sort((a, b) => a.exit - b.exit)
      .map(({ row }) => row);
    if (process.env.LPX_UPDATE)
      writeFileSync(
        join(ROOT, 'docs/cli.md'),
        page.replace(rows.join('\n'), () => expected.join('\n')),
      );
    else expect(rows, 'LPX_UPDATE=1 npx vitest run test/docs.test.ts writes them').toEqual(expected);
  });

  it('has every exit code', () => {
    const missing = Object.values(EXIT).filter((code) => !new RegExp(`^\\| ${code} +\\|`, 'm').test(page));
    expect(missing).toEqual([]);
  });
});
