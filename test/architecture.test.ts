import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = join(ROOT, 'src');

/** The rooms of the house, and what each may import: data move one way, no module calls back up. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  index: ['library', 'exchange', 'package', 'store', 'zip', 'spec', 'errors'],
  library: ['threads', 'exchange', 'package', 'store', 'zip', 'spec', 'errors', 'plain-text', 'io'],
  batch: ['threads', 'exchange', 'package', 'store', 'roster', 'zip', 'spec', 'errors', 'posted-error', 'masking', 'plain-text', 'io'],
  cli: ['batch', 'exchange', 'report', 'roster', 'messages', 'spec', 'errors', 'masking', 'plain-text', 'encoding', 'io'],
  exchange: ['backup', 'package', 'store', 'roster', 'zip', 'spec', 'errors', 'plain-text', 'encoding', 'io'],
  threads: ['package', 'errors', 'posted-error', 'io'],
  package: ['zip', 'spec', 'errors', 'plain-text', 'encoding', 'io'],
  backup: ['store', 'errors', 'io'],
  store: ['spec', 'errors', 'plain-text', 'encoding', 'io'],
  roster: ['zip', 'spec', 'errors', 'plain-text', 'encoding', 'io'],
  report: ['spec', 'messages', 'masking'],
  zip: ['errors', 'posted-error', 'encoding', 'io'],
  spec: ['errors', 'masking', 'plain-text', 'encoding'],
  io: ['errors', 'encoding'],
  'posted-error': ['errors'],
  // An error's message is its sentence in English: see below for what of the messages that may bring along.
  errors: ['messages', 'masking'],
  messages: [],
  masking: ['plain-text'],
  'plain-text': [],
  encoding: [],
};
/** Libraries that belong to one room. */
const AT_HOME: Readonly<Record<string, string | readonly string[]>> = {
  commander: 'cli',
  chalk: 'cli',
  ora: 'cli',
  '@clack/prompts': 'cli',
  'fast-string-width': 'cli',
  archiver: 'zip',
  unzipper: 'zip',
  kysely: 'store',
  libsql: 'store',
  pg: 'store',
  'age-encryption': 'io',
  '@aws-sdk/client-s3': 'store',
  'pg-boss': 'batch',
  pino: 'cli',
  'hucre/csv': 'roster',
  'hucre/xlsx': 'roster',
  'hono/jsx': 'report',
};

const files = readdirSync(SOURCE, { recursive: true, withFileTypes: true })
  .filter(
    (entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.(d|as)\.ts$/.test(entry.name) && !entry.parentPath.includes('generated'),
  )
  .map((entry) => join(entry.parentPath, entry.name));
const roomOf = (file: string) =>
  relative(SOURCE, file)
    .split('/')[0]
    ?.replace(/\.tsx?$/, '') ?? '';
const importsOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b(?:[^;']*?\bfrom)?\s*'([^'\n]+)';$|\bimport\('([^']+)'\)/gm)].map(
    (match) => (match[1] ?? match[2]) as string,
  );
const crossings = files.flatMap((file) =>
  importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({
      file: relative(ROOT, file),
      from: roomOf(file),
      to: roomOf(join(dirname(file), specifier.replace(/\.js$/, '.ts'))),
    }))
    .filter(({ from, to }) => from !== to),
);

describe('the rooms of the house', () => {
  it('are those that the architecture names', () => {
    expect(new Set(files.map(roomOf))).toEqual(new Set(Object.keys(MAY_IMPORT)));
    expect(crossings.length).toBeGreaterThan(50);
  });

  it('import only what each of them may', () => {
    expect(crossings.filter(({ from, to }) => !MAY_IMPORT[from]?.includes(to))).toEqual([]);
  });

  it('bring along English with an error, and no other language', () => {
    const reached = new Set<string>();
    const reach = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const specifier of importsOf(file).filter((name) => name.startsWith('.')))
        reach(join(dirname(file), specifier.replace(/\.js$/, '.ts')));
    };
    reach(join(SOURCE, 'errors.ts'));
    const messages = [...reached].filter((file) => roomOf(file) === 'messages').map((file) => basename(file, '.ts'));
    expect(messages.sort()).toEqual(['catalogue', 'en', 'fill']);
  });

  it('have a use case in each file of exchange, and the steps of a long one in a folder of its name', () => {
    const exchange = files.filter((file) => roomOf(file) === 'exchange').map((file) => relative(join(SOURCE, 'exchange'), file));
    const useCases = exchange.filter((file) => dirname(file) === '.').map((file) => basename(file, '.ts'));
    const steps = exchange.map(dirname).filter((folder) => folder !== '.');
    expect([...new Set(steps)].filter((folder) => !useCases.includes(folder))).toEqual([]);
    expect(useCases.sort()).toEqual([
      'advise',
      'backup',
      'batch-import',
      'doctor',
      'erase',
      'explain-code',
      'export',
      'files',
      'history',
      'import',
      'leave',
      'load',
      'load-reference-data',
      'load-registers',
      'load-roster',
      'load-table',
      'log',
      'move',
      'move-probe',
      'new-store',
      'note-output',
      'note-verification',
      'pick',
      'receipt',
      'recover',
      'register',
      'remove',
      'restore',
      'school-store',
      'show',
      'slip',
      'start-helper',
      'status',
      'students',
      'undo',
      'verify',
      'watch-inbox',
      'where',
      'write-template',
    ]);
  });

  it('keep each library where it belongs', () => {
    const strays = files.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
        .filter((specifier) => ![AT_HOME[specifier]].flat().includes(roomOf(file)))
        .map((specifier) => `${relative(ROOT, file)}: ${specifier}`),
    );
    expect(strays).toEqual([]);
  });

  it('keep no state in modules', () => {
    const state = /^(?:export )?(?:let|var) |^(?:export )?const \w+ = new (?:WeakMap|WeakSet|Arenas|Worker|(?:Map|Set)\b[^(]*\(\))/m;
    const keeping = files.filter((file) => state.test(readFileSync(file, 'utf8'))).map((file) => relative(SOURCE, file));
    // The one makes a constant when it is first needed; in the other a thread begins, and is its own context.
    expect(keeping.sort()).toEqual(['spec/rules/record-rules.ts', 'zip/threads/worker.ts']);
  });

  it('have no clock, file or network in the spec', () => {
    const impure = files.filter((file) => roomOf(file) === 'spec').flatMap(importsOf);
    expect(impure.filter((specifier) => specifier.startsWith('node:') && specifier !== 'node:crypto')).toEqual([]);
    for (const file of files.filter((file) => roomOf(file) === 'spec'))
      expect(readFileSync(file, 'utf8')).not.toMatch(/Date\.now|new Date\(\)/);
  });

  it('say Chinese only where it is the wire’s, a table’s or a person’s', () => {
    const text = (file: string) => readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    const speaking = files.filter((file) => /\p{Script=Han}/u.test(text(file))).map((file) => relative(SOURCE, file));
    expect(speaking.sort()).toEqual([
      'cli/choices.ts',
      'cli/commands/demo.ts',
      'masking.ts',
      'messages/catalogue.ts',
      'messages/en.ts',
      'messages/examples.ts',
      'messages/topics.ts',
      'messages/zh-TW.ts',
      'roster/export-list.ts',
      'roster/password-tables.ts',
      'roster/register-kinds.ts',
      'roster/roster-rows.ts',
      'roster/sent-passwords.ts',
      'roster/sheet-columns.ts',
      'roster/sheet-kinds.ts',
      'roster/template.ts',
      'spec/attachments.ts',
      'spec/codes.ts',
      'spec/identifiers/school-code.ts',
      'spec/identifiers/written-terms.ts',
      'spec/person-name.ts',
      'spec/portfolio.ts',
      'spec/profiles/guide-109.ts',
      'spec/profiles/ministry-109-1.ts',
      'spec/registers.ts',
      'spec/repair.ts',
      'spec/status-changes.ts',
    ]);
  });
});
