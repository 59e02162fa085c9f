import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withStore } from '#lpx/exchange/school-store.js';
import { lpx } from '../support/cli.js';
import { contentOf, exportFrom, NOW, PASSWORD, school, sign, transferSchool } from '../support/schools.js';
import { smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';
import { put, written } from '../support/zips.js';

/** Colours, the screen, the window's title, 8-bit codes, writing turned around, and lines that are not there. */
const EVIL = '\u001b[32m✔\u001b[2J\u001b]0;x\u0007\u009b1m\u202e\u2066\u061c\r\n✔ fine';
const ID = `Z9\u001b[32m\u202e7`;

/** A school whose roll and history say such things, as an earlier version may have let them in. */
async function hostileStore(folder: string): Promise<string> {
  const store = await school(folder, '990001');
  const counts = { courseResults: 1, multiPerformances: 0, attachments: 0 };
  await withStore(store, (open) =>
    open.change(async (change) => {
      const { id } = await change.addStudent({ ...smallPortfolio().basicData, nationalId: ID, name: EVIL, birthDate: EVIL }, {});
      const hashes = { md5: EVIL, contentsDigest: EVIL, reason: '', overridden: EVIL, state: 'done', code: EVIL } as const;
      const entry = { kind: 'import', at: NOW, file: EVIL, school: EVIL, operator: EVIL, bytes: 1, ...hashes } as const;
      const historyId = await change.addHistory(entry);
      await change.addHistoryStudent(historyId, id, counts, { sentAs: { nationalId: EVIL, name: EVIL, birthDate: EVIL } });
      return { keep: true, result: undefined };
    }),
  );
  return store;
}

/** The sample as a package, with such things for its student's name, its titles, a property and the names of its files. */
async function hostilePackage(folder: string): Promise<string> {
  const content = await contentOf((await exportFrom(await transferSchool(tempFolder()), join(tempFolder(), 'mail'))).zipFile);
  const evilIn = (text: string) => {
    const [student] = JSON.parse(text);
    student.基本資料.學生中文姓名 = EVIL;
    student.基本資料[EVIL] = EVIL;
    for (const record of student.課程學習成果紀錄) record.科目名稱 = `${record.科目名稱}${EVIL}`;
    return Buffer.from(JSON.stringify([student]));
  };
  const mappingIn = (text: string) =>
    Buffer.from(JSON.stringify(Object.fromEntries(Object.keys(JSON.parse(text)).map((name) => [name, `${EVIL}.pdf`]))));
  const entries = content.map((entry) => {
    if (!entry.name.endsWith('.json')) return entry;
    const text = entry.content.toString();
    return { ...entry, content: entry.name.includes('/') ? mappingIn(text) : evilIn(text) };
  });
  const ignored = { name: `__MACOSX/${EVIL}`, content: Buffer.from('x') };
  const zipFile = put(join(folder, '990001_2021_01_22_10_30_00.zip'), await written([...entries, ignored], 'aes256', PASSWORD));
  sign(zipFile);
  return zipFile;
}

/** Our colours; each begins and ends what we write. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const COLOURS = /\u001b\[(?:1|2|22|31|32|33|36|39)m/g;
const OBEYED = /[^\n\P{Cc}]|\p{Bidi_Control}/u;

describe('what is printed', () => {
  it.each([{ FORCE_COLOR: '' }, { FORCE_COLOR: '1' }])('holds nothing from outside that a terminal obeys, with %j', async (env) => {
    const folder = tempFolder();
    const store = await hostileStore(folder);
    const zip = await hostilePackage(folder);
    const evilFile = put(join(folder, `a${EVIL.replaceAll('/', '')}.zip`), Buffer.from('x'));
    const commands: Readonly<Record<string, readonly string[]>> = {
      students: ['students'],
      'show of a student': ['show', ID],
      status: ['status', ID],
      history: ['history'],
      verify: ['verify', zip],
      'show of a package': ['show', zip],
      'import --dry-run': ['import', zip, '--dry-run', '--create-students'],
      code: ['code', EVIL],
      'an error about a file': ['verify', evilFile],
      'an error about a student': ['show', EVIL],
      'an error of usage': [EVIL],
      'an error with its stack': ['--debug', 'verify', `${evilFile}.none`],
    };
    const printed = await Promise.all(
      Object.entries(commands).map(async ([name, words]) => {
        const { out, err } = await lpx(['--store', store, ...words], { env: { ...env, LPX_PASSWORD: PASSWORD.toString() } });
        return { name, text: env.FORCE_COLOR === '' ? `${out}\n${err}` : `${out}\n${err}`.replace(COLOURS, '') };
      }),
    );
    expect(printed.filter(({ text }) => OBEYED.test(text) || /^✔ fine/m.test(text))).toEqual([]);
    expect(printed.filter(({ text }) => !text.includes('\ufffd'))).toEqual([]);
  });
});

describe('our own colours', () => {
  const coloured = (words: readonly string[], env: Record<string, string>) => lpx([...words], { env });

  it('are on a pipe only when they are forced, and never against NO_COLOR or --no-color', async () => {
    const words = ['verify', 'nofile.zip', '--password-file', '/dev/null'];
    expect((await coloured(words, { FORCE_COLOR: '1' })).err).toContain('\u001b[31m✘\u001b[39m');
    for (const [given, env] of [
      [words, { FORCE_COLOR: '0' }],
      [words, {}],
      [words, { FORCE_COLOR: '1', NO_COLOR: '1' }],
      [['--no-color', ...words], { FORCE_COLOR: '1' }],
    ] as const)
      expect((await coloured(given, env)).err).not.toContain('\u001b');
    expect((await coloured(['--json', ...words], { FORCE_COLOR: '1' })).out).not.toContain('\u001b');
  });
});

describe('a table for other programs', () => {
  it.each([['history'], ['students'], ['show', ID], ['status', ID], ['pick', ID]])(
    'is as inert as what is printed otherwise: %s',
    async (...words) => {
      const { code, out } = await lpx(['--store', await hostileStore(tempFolder()), ...words, '--csv']);
      expect(code).toBe(0);
      expect(out.replaceAll('\r\n', '\n').replaceAll('\ufeff', '')).not.toMatch(OBEYED);
    },
  );
});

describe('the name of a school', () => {
  it('has at most 100 characters', async () => {
    const store = await school(tempFolder(), '990001');
    expect((await lpx(['--store', store, 'school', '--name', '校'.repeat(100)])).code).toBe(0);
    expect((await lpx(['--store', store, 'school', '--name', '校'.repeat(101)])).code).toBe(2);
  });
});
