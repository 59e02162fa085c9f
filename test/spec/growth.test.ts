import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findingLines, findingOutput } from '#lpx/cli/render/findings.js';
import { cell } from '#lpx/cli/render/text.js';
import { decodeText } from '#lpx/encoding.js';
import { maskIds } from '#lpx/masking.js';
import { fill, messagesIn } from '#lpx/messages/messages.js';
import { parsePackageName } from '#lpx/package/layout.js';
import { readSignature } from '#lpx/package/signature.js';
import { findAttachments, pathOfLink } from '#lpx/spec/attachments.js';
import { listingsOf } from '#lpx/spec/course-code-file.js';
import { BASIC_DATA, LISTS } from '#lpx/spec/generated/wire-table.js';
import { schoolsOf } from '#lpx/spec/identifiers/school-code.js';
import { readJson } from '#lpx/spec/json.js';
import { documentFromPortfolios, type JsonObject, portfoliosFromDocument, withAttachments } from '#lpx/spec/portfolio.js';
import { repairDocument } from '#lpx/spec/repair.js';
import { charactersIn, ruleFindings } from '#lpx/spec/rules/record-rules.js';
import { documentFindings, shown } from '#lpx/spec/validate.js';
import { expectLinear } from '../support/growth.js';
import { smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

/** Texts that patterns with two ways to go on are slow for: `unit` again and again, then what ends the hope. */
const SHAPES: readonly (readonly [name: string, text: (length: number) => string])[] = (
  [
    ['blanks', '', ' ', 'x'],
    ['wide blanks behind a word', 'x', '\u3000', 'x'],
    ['line ends', '', '\n', 'x'],
    ['zeros', '0', '0', 'x'],
    ['digits and blanks', '2020/01/01', ' T', '\n'],
    ['times', '2020-01-01T', '01:', ' x'],
    ['days', '2020/01/01', ' T', '\nx'],
    ['brackets', 'MD5 (', ') ', '= x'],
    ['dots', 'a', '.', '/'],
    ['steps', '', './', '\\'],
    ['capitals', '', 'A8', 'x'],
    ['accents', 'e', '\u0301', 'x'],
    ['families', '', '👨‍👩‍👧‍👦', 'x'],
    ['half characters', '', '\ud842', 'x'],
    ['quotation marks', '', '"', 'x'],
    ['Chinese', '', '學', ''],
  ] as const
).map(([name, start, unit, end]) => [name, (length) => start + unit.repeat(length / unit.length) + end] as const);

const EN = messagesIn('en');
const paint = Object.fromEntries(['red', 'yellow', 'dim'].map((colour) => [colour, (text: string) => text])) as never;
const finding = (text: string) =>
  ({
    code: 'LPX_LINK_UNSAFE',
    severity: 'error',
    place: { name: text, list: 'x', title: text, property: text },
    facts: { link: text },
  }) as const;

/** A document with the text in every place that takes one. */
function spoilt(text: string): JsonObject[] {
  const portfolio = smallPortfolio();
  const records = portfolio.records.map((record) => withAttachments(record, () => ({ link: 'x', md5: 'a'.repeat(32) })));
  const document = JSON.parse(JSON.stringify(documentFromPortfolios([{ ...portfolio, records }])));
  for (const { wire } of BASIC_DATA) document[0].基本資料[wire] = text;
  const courses = LISTS.find(({ name }) => name === 'courseResults');
  for (const { wire } of courses?.properties ?? []) document[0].課程學習成果紀錄[0][wire] = text;
  return document;
}

/** A text as several: one of more than 100,000 characters is not read. */
const inPieces = (text: string): string[] =>
  Array.from({ length: Math.ceil(text.length / 10_000) }, (_, i) => text.slice(10_000 * i, 10_000 * (i + 1)));

/** Every door that a text from outside comes in by, and every one that it goes out by. */
const DOORS: readonly (readonly [name: string, (text: string) => unknown])[] = [
  ['counting its characters', (text) => charactersIn(text)],
  ['showing it as a value', (text) => shown(text)],
  ['filling a sentence', (text) => fill('{link} , {other} .', { link: text, other: '' })],
  ['a finding for a script', (text) => findingOutput(EN, finding(text))],
  ['findings for a person', (text) => findingLines(EN, paint, [finding(text)])],
  ['masking', (text) => maskIds(text)],
  ['a cell', cell],
  ['a link', pathOfLink],
  ['a package name', parsePackageName],
  ['decoding', (text) => decodeText(Buffer.from(text))],
  ['JSON', (text) => readJson(Buffer.from(JSON.stringify(inPieces(text).map((piece) => ({ [piece]: piece, a: [piece] })))), 'a.json')],
  ['schools', (text) => schoolsOf([[text, text]])],
  ['courses', (text) => listingsOf([[text, text, text]])],
  ['repairing', (text) => repairDocument(spoilt(text))],
  ['the schema', (text) => documentFindings(spoilt(text))],
  ['the rules', (text) => ruleFindings(spoilt(text))],
  ['attachments', (text) => findAttachments(portfoliosFromDocument(spoilt(text)), new Map([[text, 1]]), new Map([[text, text]]), true)],
];

describe.each(DOORS)('the work of %s', (_, door) => {
  it.each(SHAPES)('grows with a text of %s, and no faster', (_, text) => {
    expectLinear((length) => door(text(length)), 40_000);
  });
});

describe('the work on a signature file', () => {
  it.each(SHAPES)('is bounded, of %s too', async (_, text) => {
    const folder = tempFolder();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'a.zip.md5'), Buffer.from(text(30_000)).subarray(0, 64 * 1024));
    const start = process.cpuUsage();
    await expect(readSignature(join(folder, 'a.zip'))).rejects.toMatchObject({ code: 'LPX_SIGNATURE_UNREADABLE' });
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
  });
});

describe('the work on links', () => {
  it('that name no file grows with links and files', () => {
    expectLinear((count) => {
      const portfolio = smallPortfolio();
      const records = Array.from({ length: count }, (_, i) =>
        withAttachments(portfolio.records[0] as never, () => ({ link: `Ａ/${i}.PDF`, md5: 'a'.repeat(32) })),
      );
      const files = new Map(Array.from({ length: count }, (_, i) => [`b/${i}.pdf`, i]));
      findAttachments([{ ...portfolio, records }] as never, files, new Map(), true);
    }, 4_000);
  });

  it('finds the file of a link in other letters, or without its type, and takes none of several', () => {
    const portfolio = smallPortfolio();
    const found = (link: string, ...names: string[]) =>
      findAttachments(
        [{ ...portfolio, records: portfolio.records.map((record) => withAttachments(record, () => ({ link, md5: 'a'.repeat(32) }))) }],
        new Map(names.map((name) => [name, name])),
        new Map(),
        true,
      ).attachments.map(({ file }) => file);
    expect(found('Ａ/C01.PDF', 'a/c01.pdf', 'b')).toEqual(['a/c01.pdf']);
    expect(found('a/C01.', 'a/C01.pdf', 'a/C02.pdf')).toEqual(['a/C01.pdf']);
    expect(found('a/C01.', 'a/C01')).toEqual(['a/C01']);
    expect(found('a/C01.', 'a/C01', 'a/C01.pdf')).toEqual([]);
    expect(found('a/C01.PDF', 'a/c01.pdf', 'a/C01.pdF')).toEqual([]);
  });
});
