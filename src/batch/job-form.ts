/**
 * What jobs of the queue may say. Whoever has a school's role may put rows into its queue (docs/workers.md): only known options are taken, of known
 * forms, and every path lies below a folder that was shared for the queue.
 */
import { LpxError } from '../errors.js';
import { isSchoolCode } from '../spec/identifiers/school-code.js';
import { EXCHANGE_REASONS } from '../spec/status-changes.js';
import { isDay, isTerm } from '../spec/terms.js';
import { type ExportPayload, type InboxPayload, isMark } from './queued-jobs.js';

type Form = (value: unknown) => boolean;

const isText: Form = (value) => typeof value === 'string';
const isFlag: Form = (value) => typeof value === 'boolean';
const isAnyOf =
  (...allowed: readonly unknown[]): Form =>
  (value) =>
    allowed.includes(value);
const isTextThat =
  (fits: (text: string) => boolean): Form =>
  (value) =>
    typeof value === 'string' && fits(value);
const isListOf =
  (fits: Form): Form =>
  (value) =>
    Array.isArray(value) && value.every(fits);
const isOptional =
  (fits: Form): Form =>
  (value) =>
    value === undefined || fits(value);
const isObjectOf =
  (forms: Readonly<Record<string, Form>>): Form =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).every((name) => Object.hasOwn(forms, name)) &&
    Object.entries(forms).every(([name, fits]) => fits((value as Readonly<Record<string, unknown>>)[name]));

/** The path of a package below its inbox: in it, or in a folder of it. */
const isBelow = (path: string): boolean =>
  /^(?:[^/\\\0]+\/)?[^/\\\0]+$/.test(path) && !path.split('/').some((part) => /^\.\.?$/.test(part));

const FOLDER = isObjectOf({ path: isText, mark: isTextThat(isMark) });
const SEALED: Form = (value) => value === null || isText(value);

const VERIFYING = {
  signature: isAnyOf('beside', 'none'),
  strict: isFlag,
  accept: isObjectOf({ partial: isAnyOf(false, 'skip', 'owe'), foreignMd5: isFlag }),
};
const IMPORTING = {
  ...VERIFYING,
  dryRun: isFlag,
  createStudents: isFlag,
  skipUnfit: isOptional(isFlag),
  keepBoth: isOptional(isFlag),
  replace: isOptional(isAnyOf(false)),
  samePerson: isOptional(isFlag),
  acceptOwnSchool: isOptional(isFlag),
  operator: isText,
};

const inboxForm = (terms: Form): Form =>
  isObjectOf({ inbox: FOLDER, file: isTextThat(isBelow), terms, passwords: SEALED, language: isText });
const INBOX_FORMS = {
  import: inboxForm(isObjectOf(IMPORTING)),
  verify: inboxForm(isObjectOf({ ...VERIFYING, operator: isOptional(isText) })),
};

const EXPORT_FORM = isObjectOf({
  out: FOLDER,
  request: isObjectOf({
    nationalIds: isListOf(isText),
    skipEmpty: isFlag,
    skipUnfit: isOptional(isFlag),
    reason: isAnyOf(...EXCHANGE_REASONS),
    left: isTextThat(isDay),
    force: isFlag,
    acceptLeft: isOptional(isFlag),
    terms: isListOf(isTextThat(isTerm)),
    toSchool: isTextThat(isSchoolCode),
    encryption: isAnyOf('aes256', 'zipcrypto'),
    operator: isText,
  }),
  resend: isFlag,
  job: isText,
  passwords: SEALED,
});

/** @throws LPX_JOB_FORM */
export const inboxPayloadIn = (payload: object, kind: 'import' | 'verify'): InboxPayload => ofForm(payload, INBOX_FORMS[kind]);

/** @throws LPX_JOB_FORM */
export const exportPayloadIn = (payload: object): ExportPayload => ofForm(payload, EXPORT_FORM);

function ofForm<T>(payload: object, fits: Form): T {
  if (!fits(payload)) throw new LpxError('LPX_JOB_FORM');
  return payload as T;
}
