import { describe, expect, it } from 'vitest';
import { passwordFrom } from '#lpx/package/password-source.js';

describe('a password', () => {
  it('is text in UTF-8, bytes as they are, or what a function answers', async () => {
    const bytes = Buffer.from('密碼');
    for (const source of ['密碼', bytes, new Uint8Array(bytes), () => '密碼', async () => bytes])
      expect((await passwordFrom(source)).equals(bytes)).toBe(true);
  });

  it('is a copy: overwriting it leaves the bytes of their owner alone', async () => {
    const bytes = Buffer.from('secret');
    (await passwordFrom(bytes)).fill(0);
    (await passwordFrom(() => bytes)).fill(0);
    expect(bytes.toString()).toBe('secret');
  });

  it('that is empty is missing', async () => {
    for (const source of ['', Buffer.alloc(0), () => ''])
      await expect(passwordFrom(source)).rejects.toMatchObject({ code: 'LPX_PASSWORD_MISSING' });
  });
});
