import { describe, expect, it } from 'vitest';
import { lpx, lpxJson } from '../support/cli.js';
import { tempFolder } from '../support/temp.js';

const chinese = { env: { LANG: 'zh_TW.UTF-8' } };

describe('lpx under zh_TW.UTF-8', () => {
  it.each([[['--help']], [['export', '--help']], [['import', '--help']], [['verify', '--help']]])(
    'explains itself in Chinese: lpx %s',
    async (words) => {
      const { code, out } = await lpx(words, chinese);
      expect(code).toBe(0);
      expect(out).toMatch(/\p{Script=Han}/u);
      expect(out).not.toMatch(/Usage:|Options:|display help/);
    },
  );

  it('says what is wrong in Chinese', async () => {
    const { err } = await lpx(['--store', tempFolder(), 'students'], chinese);
    expect(err).toMatch(/LPX_STORE_NOT_FOUND/);
    expect(err).toMatch(/\p{Script=Han}/u);
  });

  it('has the same keys in its JSON as in English', async () => {
    const keys = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(keys)
        : value && typeof value === 'object'
          ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, keys(inner)]))
          : typeof value;
    const words = ['code', '1090603xxH11101A1010101'];
    expect(keys((await lpxJson(words, chinese)).json)).toEqual(keys((await lpxJson(words)).json));
  });

  it('speaks the language that --lang names', async () => {
    expect((await lpx(['--lang', 'en', '--help'], chinese)).out).toContain('Usage:');
    expect((await lpx(['--lang', 'zh-TW', '--help'])).out).not.toContain('Usage:');
  });
});

describe('help', () => {
  it('without a command goes to stderr with exit 2, on request to stdout with 0', async () => {
    expect(await lpx([])).toMatchObject({ code: 2, out: '' });
    expect(await lpx(['--help'])).toMatchObject({ code: 0, err: '' });
    expect((await lpx(['--version'])).out).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('has no option that takes a password', async () => {
    for (const command of ['export', 'verify', 'import', 'show']) expect((await lpx([command, '--help'])).out).not.toMatch(/--password </);
  });
});
