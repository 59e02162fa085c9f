/** Where a password comes from. */
import { LpxError } from '../errors.js';

/** A password: text counts as UTF-8. */
export type Password = string | Uint8Array;

/**
 * A password that is at hand, or a function that is asked for it once it is needed, if it is. Bytes stay their owner's: lpx
 * works on a copy and overwrites that with zeros when it is done. Text cannot be overwritten.
 */
export type PasswordSource = Password | (() => Password | Promise<Password>);

/** As `PasswordSource`, of a new password: who types it twice is asked again only when the first is fit, else `assertFit` throws. */
export type NewPasswordSource = Password | ((assertFit: (typed: Buffer) => void) => Password | Promise<Password>);

/** Whether nobody has to be asked. */
export const isAtHand = (source: NewPasswordSource): source is Password => typeof source !== 'function';

/**
 * A copy of the password, which the caller overwrites in the end.
 * @throws LPX_PASSWORD_MISSING for an empty one, and what asking for it throws
 */
export async function passwordFrom(source: NewPasswordSource, assertFit: (typed: Buffer) => void = () => {}): Promise<Buffer> {
  const password = isAtHand(source) ? source : await source(assertFit);
  if (password.length === 0) throw new LpxError('LPX_PASSWORD_MISSING');
  return typeof password === 'string' ? Buffer.from(password) : Buffer.from(password);
}
