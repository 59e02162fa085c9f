/** Where a password comes from. */
import { types } from 'node:util';
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

/** Whether a value is a password that may be used. */
export const isPassword = (value: unknown): value is Password =>
  (typeof value === 'string' || types.isUint8Array(value)) && value.length > 0;

/** What a package is known by. */
export interface PackageNames {
  /** Base names: of the package, and of the ZIP around it, when there is one. */
  readonly files: readonly string[];
  /** 32 lower-case hex digits. */
  readonly md5: string;
}

/** Passwords of many packages: it finds those that may open one of them. None is found for a package that it does not know. */
export interface PasswordFinder {
  passwordsFor(names: PackageNames): Promise<readonly Password[]>;
}

/** Whether nobody has to be asked. */
export const isAtHand = (source: NewPasswordSource | PasswordFinder): source is Password =>
  typeof source === 'string' || source instanceof Uint8Array;

/**
 * Copies of the passwords that may open a package, which the caller overwrites in the end: those found for it, or the one of a source.
 * @throws as `passwordFrom`; LPX_PASSWORD_UNLISTED when none is found
 */
export async function passwordsOf(source: PasswordSource | PasswordFinder, names: () => Promise<PackageNames>): Promise<Buffer[]> {
  if (isAtHand(source) || typeof source === 'function') return [await passwordFrom(source)];
  const found = await source.passwordsFor(await names());
  if (found.length === 0) throw new LpxError('LPX_PASSWORD_UNLISTED');
  return Promise.all(found.map((password) => passwordFrom(password)));
}

/**
 * A copy of the password, which the caller overwrites in the end.
 * @throws LPX_PASSWORD_MISSING for an empty one, and what asking for it throws
 */
export async function passwordFrom(source: NewPasswordSource, assertFit: (typed: Buffer) => void = () => {}): Promise<Buffer> {
  const password = isAtHand(source) ? source : await source(assertFit);
  if (password.length === 0) throw new LpxError('LPX_PASSWORD_MISSING');
  return typeof password === 'string' ? Buffer.from(password) : Buffer.from(password);
}
