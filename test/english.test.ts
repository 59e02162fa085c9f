/** The English of lpx: what once read as translated stays out. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Files under version control below some folders, without this one. */
const filesIn = (...folders: string[]): string[] =>
  execFileSync('git', ['ls-files', ...folders], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter((name) => /\.(?:ts|js|md|txt)$/.test(name) && name !== 'test/english.test.ts');

const linesWith = (pattern: RegExp, files: readonly string[]): string[] =>
  files.flatMap((name) =>
    readFileSync(join(ROOT, name), 'utf8')
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${name}:${i + 1}: ${line.trim()}`] : [])),
  );

const PAGES = filesIn('README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'docs');
const MESSAGES = filesIn('src/messages', 'test/cli/transcripts');
const CODE = filesIn('src', 'test');

describe('no message, page or comment', () => {
  it.each([
    ['anew', 'again', /\banew\b/],
    ['mended', 'corrected, repaired', /\bmend(?:s|ed|ing)?\b/],
    ['held against', 'checked against', /\bheld against\b|\bholds? (?:it|that|them|\w+ \w+) against\b/],
    ['holds no', 'contains no', /\bholds no\b/],
    ['a fault of ours', 'an internal error', /\bfaults? of ours\b|\bcall is off\b|\bcallIsOff\b|\bourFault\b/],
    ['by its own word', 'according to the record', /\bown word\b/],
    ['on the clerk’s word', 'confirmed by the clerk', /\bclerk[’']s word\b/],
  ])('says “%s” for “%s”', (_, __, pattern) => {
    expect(linesWith(pattern, [...PAGES, ...MESSAGES, ...CODE])).toEqual([]);
  });
});

describe('no message or page', () => {
  it.each([
    ['told', 'reported, given', /\btold\b|\btells\b/],
    ['beside', 'next to', /\bbeside\b(?!['’:])/],
    ['is no X', 'is not an X', /(?<!\b(?:[Tt]here|which|[Oo]ne)) (?:is|are) no (?!longer|more|other)\w/],
    ['sound', 'intact, valid', /\b(?:is|are|not) sound\b/],
    ['as it was', 'unchanged', /\bas (?:it was|they were)\b/],
  ])('says “%s” for “%s”', (_, __, pattern) => {
    expect(linesWith(pattern, [...PAGES, ...MESSAGES])).toEqual([]);
  });
});

it('no function calls its argument “one”', () => {
  expect(
    linesWith(
      /\(one(?:\)|,|:)|\bone =>|\b(?:const|let) one\b/,
      filesIn('src', 'test').filter((name) => name.endsWith('.ts')),
    ),
  ).toEqual([]);
});
