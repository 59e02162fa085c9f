import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { confirm } from '#lpx/cli/confirm.js';
import type { Context } from '#lpx/cli/context.js';
import { messagesIn } from '#lpx/messages/messages.js';

/** A terminal on which a clerk types. */
function terminal(language: 'en' | 'zh-TW') {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin });
  const stderr = Object.assign(new Writable({ write: (_chunk, _encoding, done) => done() }), { isTTY: true, columns: 80 });
  const context = { stdin, stderr, json: false, yes: false, color: false, messages: messagesIn(language, 'received') };
  return { stdin, context: context as unknown as Context };
}

test.each([
  ['zh-TW', '是\r', true],
  ['zh-TW', '否\r', false],
  ['zh-TW', 'y', true],
  ['zh-TW', 'n', false],
  ['zh-TW', '\r', false],
  ['en', 'y', true],
] as const)('a question in %s takes what is typed: %j', async (language, typed, answer) => {
  const { stdin, context } = terminal(language);
  const answered = confirm(context, '?');
  setImmediate(() => setImmediate(() => stdin.write(typed)));
  await expect(answered).resolves.toBe(answer);
  expect(stdin.listenerCount('keypress')).toBe(0);
});
