import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { confirm } from '#lpx/cli/confirm.js';
import type { Context } from '#lpx/cli/context.js';
import { messagesIn } from '#lpx/messages/messages.js';

const QUESTION = 'Really?';

/** A terminal on which a clerk types. */
function terminal(language: 'en' | 'zh-TW') {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin });
  let onShown = () => {};
  const shown = new Promise<void>((resolve) => {
    onShown = resolve;
  });
  const write = (chunk: unknown, _encoding: string, done: () => void) => {
    if (String(chunk).includes(QUESTION)) setImmediate(onShown);
    done();
  };
  const stderr = Object.assign(new Writable({ write }), { isTTY: true, columns: 80 });
  const context = { stdin, stderr, json: false, yes: false, color: false, moving: new Set(), messages: messagesIn(language, 'received') };
  return { stdin, shown, context: context as unknown as Context };
}

test.each([
  ['zh-TW', '是\r', true],
  ['zh-TW', '否\r', false],
  ['zh-TW', 'y', true],
  ['zh-TW', 'n', false],
  ['zh-TW', '\r', false],
  ['zh-TW', '\n\r', false],
  ['en', 'y', true],
] as const)('a question in %s takes what is typed: %j', async (language, typed, answer) => {
  const { stdin, shown, context } = terminal(language);
  const answered = confirm(context, QUESTION);
  await shown;
  for (const key of typed) stdin.write(key);
  await (answer ? expect(answered).resolves.toBe(true) : expect(answered).rejects.toMatchObject({ code: 'LPX_DECLINED' }));
  expect(stdin.listenerCount('keypress')).toBe(0);
});

test.each(['y', '\n', '\r', 'j', 'yyyyy\r\n'])('what is typed before the question does not answer it: %j', async (early) => {
  const { stdin, shown, context } = terminal('en');
  stdin.write(early);
  const answered = confirm(context, QUESTION);
  await shown;
  stdin.write('\r');
  await expect(answered).rejects.toMatchObject({ code: 'LPX_DECLINED' });
});

test.each([
  ['Ctrl-C', (stdin: PassThrough) => stdin.write('\u0003')],
  ['the end of the input', (stdin: PassThrough) => stdin.end()],
])('%s before the question is an answer to all', async (_, end) => {
  const { stdin, context } = terminal('en');
  end(stdin);
  await expect(confirm(context, QUESTION)).rejects.toThrow(expect.objectContaining({ code: 'LPX_INTERRUPTED' }));
});
