/** What the options of the library have to be, checked before a call does anything: a program in JavaScript has no types to rely on. */
import { types } from 'node:util';
import { LpxError } from '../errors.js';
import type { PasswordSource, SignatureSource } from '../exchange/verify.js';
import { isPassword } from '../package/password-source.js';
import { EXCHANGE_REASONS, type ExchangeReason } from '../spec/status-changes.js';
import type { Encryption } from '../zip/writer.js';
import type { ActOptions, CheckOptions, ExportOptions, ImportOptions, LoadOptions, VerifyOptions } from './exchange.js';
import type { CallOptions, NewSchool, ProgressOptions, Store } from './store.js';

/** What an option has to be. */
interface Check<T> {
  /** Its words are in `words.takes` of the message files; or the values themselves. */
  readonly takes: string;
  fits(value: unknown): value is T;
}
interface RequiredCheck<T> extends Check<T> {
  readonly isRequired: true;
}

/** A check for each option of a type, and for no other name: one that is forgotten, or required in only one of the two, does not compile. */
type Checks<O> = {
  readonly [K in keyof O]-?: undefined extends O[K]
    ? Check<Exclude<O[K], undefined>> & { readonly isRequired?: never }
    : RequiredCheck<O[K]>;
};

const check = <T>(takes: string, fits: (value: unknown) => boolean): Check<T> => ({
  takes,
  fits: (value): value is T => fits(value),
});
const required = <T>(optional: Check<T>): RequiredCheck<T> => ({ ...optional, isRequired: true });

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isPath = (value: unknown): value is string => isText(value) && value !== '' && !value.includes('\0');
const isSignature = (value: unknown): value is SignatureSource =>
  value === 'beside' ||
  value === 'none' ||
  (isObject(value) && ('file' in value ? isPath(value.file) : isText(value.md5) && /^[0-9a-f]{32}$/i.test(value.md5)));

const object = check<object>('object', isObject);
const text = check<string>('text', isText);
const texts = check<readonly string[]>('texts', (value) => Array.isArray(value) && [...value].every(isText));
const path = check<string>('path', isPath);
const flag = check<boolean>('flag', (value) => typeof value === 'boolean');
const date = check<Date>('date', (value) => types.isDate(value) && !Number.isNaN(value.getTime()));
const choice = <T extends string>(values: readonly T[]): Check<T> =>
  check(values.join(' | '), (value) => values.some((known) => known === value));
const password = check<PasswordSource>('password', (value) => typeof value === 'function' || isPassword(value));

const ofCall: Checks<CallOptions> = {
  signal: check('signal', (value) => isObject(value) && typeof value.aborted === 'boolean' && typeof value.addEventListener === 'function'),
};
const ofProgress: Checks<ProgressOptions> = { ...ofCall, onProgress: check('function', (value) => typeof value === 'function') };
const ofAct: Checks<ActOptions> = { ...ofProgress, operator: text, now: date };
const ofVerify: Checks<VerifyOptions> = {
  ...ofProgress,
  zipFile: required(path),
  only: texts,
  skipUnfit: flag,
  password: required(password),
  signature: check<SignatureSource>('signature', isSignature),
  strict: flag,
  acceptPartial: flag,
  acceptForeignMd5: flag,
};

/** The options of each call, by what they are called in its documentation. */
export const OPTIONS = {
  call: ofCall,
  school: { code: required(text), name: text, group: text, attachments: path, operator: text, now: date } satisfies Checks<NewSchool>,
  load: {
    ...ofAct,
    path: required(path),
    dryRun: flag,
    keepMissing: flag,
    confirmed: flag,
    acceptPartial: flag,
  } satisfies Checks<LoadOptions>,
  export: {
    ...ofAct,
    nationalIds: required(texts),
    reason: required(choice<ExchangeReason>(EXCHANGE_REASONS)),
    left: text,
    outFolder: required(path),
    password: required(password),
    passwordFile: path,
    encryption: choice<Encryption>(['aes256', 'zipcrypto']),
    terms: texts,
    toSchool: text,
    force: flag,
    acceptLeft: flag,
    acceptPartial: flag,
    weakPassword: flag,
    skipEmpty: flag,
    skipUnfit: flag,
    dryRun: flag,
  } satisfies Checks<ExportOptions>,
  verify: ofVerify,
  check: {
    ...ofVerify,
    ...ofAct,
    store: check<Store>('store', isObject),
  } satisfies Checks<CheckOptions>,
  import: {
    ...ofVerify,
    ...ofAct,
    dryRun: flag,
    createStudents: flag,
    keepBoth: flag,
    replace: flag,
    samePerson: flag,
    previousId: text,
    acceptOwnSchool: flag,
  } satisfies Checks<ImportOptions>,
} as const;

/**
 * The options of a call as the documentation has them, and nothing else that is in the object.
 * @param name what the object itself is called
 * @throws LPX_PASSWORD_MISSING for anything that is no password, LPX_OPTION_WRONG
 */
export function checkedOptions<O extends object>(options: O, checks: Checks<O>, name = 'options'): O {
  if (!object.fits(options)) throw wrong(name, object);
  const given = options as Readonly<Record<string, unknown>>;
  const known = Object.entries<Check<unknown> & { readonly isRequired?: boolean }>(checks);
  for (const [option, check] of known) {
    const value = given[option];
    const isMissing = value === undefined;
    if (isMissing ? check.isRequired : !check.fits(value)) throw wrong(option, check);
  }
  return Object.fromEntries(known.filter(([option]) => given[option] !== undefined).map(([option]) => [option, given[option]])) as O;
}

const wrong = (option: string, { takes }: Check<unknown>): LpxError =>
  takes === 'password' ? new LpxError('LPX_PASSWORD_MISSING') : new LpxError('LPX_OPTION_WRONG', { option, takes });

/** What is no store, or one that was closed. */
export const noStore = (): LpxError => new LpxError('LPX_OPTION_WRONG', { option: 'store', takes: 'store' });

/** A folder that is an argument of its own. @throws LPX_OPTION_WRONG */
export function checkedFolder(folder: string): string {
  if (!path.fits(folder)) throw wrong('folder', path);
  return folder;
}
