/** Rows on a terminal of 80 columns, with names, titles and files as long as real ones get. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { folded, widthOf } from '#lpx/cli/render/text.js';
import { lpxHere } from '../support/in-process.js';
import { FULL_STUDENT, SAMPLES, TRANSFER_STUDENT } from '../support/schools.js';
import { keptFolder } from '../support/temp.js';

const NAME = '拉勞蘭．璐璐安．伊斯坦大．比令．馬拉道布勒';
const SCHOOL = '國立示範大學附屬高級中等學校（原示範縣立示範高級農工職業學校）';
const TITLE = '以再生能源與社區微電網探討偏鄉部落用電自主之可行性研究與實作';
const OPERATOR = 'registrar.of.the.evening.school';

const folder = keptFolder();
const at = (name: string) => join(folder, name);
const roll = at('全校學生名單（一〇九學年度第一學期註冊組匯出第二版）.csv');
const sender = ['--store', at('sender')];
const receiver = ['--store', at('receiver')];
let packageFile = '';

let minutes = 0;
const run = (words: readonly string[], columns?: number) =>
  lpxHere(words, { cwd: folder, operator: OPERATOR, now: new Date(Date.UTC(2021, 0, 21, 1, minutes++)), ...(columns && { columns }) });

const WHERE_TITLES_ARE = /("(?:科目名稱|競賽名稱|證照名稱|作品名稱|活動名稱|擔任職務名稱)": )"[^"]*"/g;

/** A sample with long names. */
function lengthened(sample: string): void {
  cpSync(join(SAMPLES, sample), at(sample), { recursive: true });
  const files = readdirSync(at(sample), { recursive: true }).map((name) => join(at(sample), String(name)));
  for (const file of files.filter((name) => name.endsWith('.json'))) {
    const text = readFileSync(file, 'utf8')
      .replaceAll(/("學生中文姓名": )"[^"]*"/g, `$1"${NAME}"`)
      .replaceAll(WHERE_TITLES_ARE, `$1"${TITLE}"`)
      .replaceAll(/("[CM]\d+\.(\w+)": )"([^"]*)\.\w+"/g, `$1"$3${TITLE}.$2"`);
    writeFileSync(file, text);
  }
}

beforeAll(async () => {
  lengthened('transfer');
  lengthened('full');
  const students = ['E800000018', 'F800000019'].map((id, i) => `109001${i},${id},${NAME},0940309,普通科數理資優班一年甲班,${i + 1}`);
  writeFileSync(roll, ['學號,身分證號,姓名,出生日期,班級,座號', ...students, ''].join('\n'));
  mkdirSync(at('mail'));
  const steps = [
    [...sender, 'init', '--school', '990001', '--name', SCHOOL],
    [...sender, 'load', at('transfer')],
    [...sender, 'load', at('full')],
    [...sender, 'load', roll],
    [...sender, 'export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', '2021-01-20', '--to', '990002', '--out', at('mail')],
    [...sender, 'leave', FULL_STUDENT, '--as', 'graduated', '--left', '2021-01-20'],
    [...sender, 'backup', at('backup')],
    [...receiver, 'init', '--school', '990002', '--name', SCHOOL],
  ];
  for (const words of steps) expect(await run(words)).toMatchObject({ code: 0 });
  packageFile = readdirSync(at('mail')).find((name) => name.endsWith('.zip')) ?? '';
  const received = [...receiver, 'import', join(at('mail'), packageFile), '--create-students'];
  expect(await run(received)).toMatchObject({ code: 0 });
  rmSync(join(at('receiver'), 'attachments'), { recursive: true, force: true });
});

/** What a row is known by, or somebody goes on with: never cut. */
const KEPT = /#\d+|\b[A-Z]8000(?:00\d{3}|0\*{4})|\b[0-9a-f]{12,}\b|\b\d{8}T\d+Z-[0-9a-f]+|\b[OT]\d+\b|\bLPX_[A-Z_]+/g;

const isRow = (line: string) => line.trim().split(/ {2,}/).length > 2 && !/^. (?:警告|warning)/.test(line);

const commands: readonly [string, () => readonly string[]][] = [
  ['students', () => [...sender, 'students']],
  ['history', () => [...sender, 'history']],
  ['log', () => [...sender, 'log']],
  ['log --student', () => [...sender, 'log', '--student', TRANSFER_STUDENT]],
  ['backup --list', () => [...sender, 'backup', at('backup'), '--list']],
  ['pick', () => [...sender, 'pick', FULL_STUDENT, '--include-left']],
  ['status', () => [...sender, 'status', FULL_STUDENT]],
  ['leave', () => [...sender, 'leave', FULL_STUDENT, '--as', 'graduated', '--left', '2021-01-20']],
  ['undo --dry-run', () => [...sender, 'undo', '4', '--dry-run']],
  ['export --dry-run', () => [...sender, 'export', FULL_STUDENT, '--include-left', '--accept-left', '--reason', 'transfer', '--dry-run']],
  ['load --dry-run', () => [...receiver, 'load', roll, '--dry-run']],
  ['import --dry-run', () => [...receiver, 'import', join(at('mail'), packageFile), '--dry-run']],
  ['verify', () => ['verify', join(at('mail'), packageFile)]],
  ['recover', () => [...receiver, 'recover', at('backup'), '--dry-run']],
];

describe.each(['zh-TW', 'en'])('on a terminal of 80 columns, in %s', (language) => {
  it.each(commands)('each row of %s is one line with its id or number whole, and whole in a pipe', async (_, words) => {
    const [terminal, pipe] = [await run(['--lang', language, ...words()], 80), await run(['--lang', language, ...words()])];
    const lines = terminal.out.split('\n');
    // A sentence, or a value behind its label, goes on below.
    const expected = pipe.out.split('\n').flatMap((line) => (isRow(line) ? [line] : folded(line, 80)));
    expect(lines.filter((line) => widthOf(line) > 80)).toEqual([]);
    expect(lines.length, terminal.out).toBe(expected.length);
    expect(pipe.out).not.toContain('…');
    expect(terminal.out.match(KEPT)).toEqual(pipe.out.match(KEPT));
  });
});

it('all that there is to say of an entry is in log --student, however narrow the terminal', async () => {
  const words = [...sender, 'log', '--student', TRANSFER_STUDENT];
  const [terminal, pipe] = [await run(words, 50), await run(words)];
  const remarks = pipe.out.split('\n').flatMap((line) => (line.startsWith('#') ? line.split(/ {2,}/).slice(5) : []));
  const plain = (text: string) => text.replace(/\s+/g, '');
  expect(remarks.length).toBeGreaterThan(2);
  for (const remark of remarks) expect(plain(terminal.out)).toContain(plain(remark));
});
