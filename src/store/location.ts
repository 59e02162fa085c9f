/** Where a store is: a folder, or a school's part of a PostgreSQL database, named by a URL. */
import { LpxError } from '../errors.js';
import { canonicalCode } from '../plain-text.js';
import { isSchoolCode } from '../spec/identifiers/school-code.js';

/** The absolute path of a folder, or a database. Data, which threads can pass to each other. */
export type StoreLocation = string | PostgresLocation;

/** A database as its URL names it: what that leaves open, libpq’s files, variables and defaults say. */
export interface PostgresLocation {
  /** The school whose store it is; empty for the only one that the user can see. */
  readonly school: string;
  readonly settings: PostgresSettings;
}

/** What a URL or a service file may say, by libpq’s names. */
export const POSTGRES_SETTINGS = [
  'host',
  'port',
  'dbname',
  'user',
  'service',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'connect_timeout',
] as const;
export type PostgresSetting = (typeof POSTGRES_SETTINGS)[number];
export type PostgresSettings = Readonly<Partial<Record<PostgresSetting, string>>>;

/** Parameters that give a secret away: those who list processes or read a shell’s history would see them. */
const SECRETS: ReadonlySet<string> = new Set(['password', 'sslpassword', 'oauth_client_secret']);

/** `postgres://user@host:port/database?parameters`, each part of which may be missing. */
const URL_FORM = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?(\[[^\]/?#]*\]|[^:/?#[\]]*)(?::(\d{0,5}))?(?:\/([^/?#]*))?(?:\?([^#]*))?$/i;

/** What in a value looks like a password next to something else: libpq takes whole addresses and `name=value` pairs as a database. */
const HIDES_PASSWORD: Partial<Record<string, RegExp>> = { user: /:/, service: /[:@=]/, dbname: /:\/\/|[@=]/, host: /:\/\/|[@=]/ };

/** Whether a text that names a store names a database. */
export const isDatabaseUrl = (named: string): boolean => /^\s*postgres(?:ql)?:/i.test(named);

/** @throws LPX_DATABASE_PASSWORD for a URL with a password in it; LPX_DATABASE_URL, LPX_DATABASE_SETTING */
export function postgresLocation(named: string): PostgresLocation {
  const url = named.trim();
  // What comes before an @ and has a colon in it is a password, in whatever form the rest is.
  if (/^[^?]*:\/\/[^?]*:[^?]*@/.test(url)) throw new LpxError('LPX_DATABASE_PASSWORD');
  const [isUrl, user = '', host = '', port = '', dbname = '', query = ''] = URL_FORM.exec(url) ?? [];
  if (isUrl === undefined) throw new LpxError('LPX_DATABASE_URL');
  const given = new Map<string, string>();
  for (const [setting, value] of Object.entries({ user, host: host.replace(/^\[|\]$/g, ''), port, dbname }))
    if (value !== '') given.set(setting, decoded(value));
  for (const part of query.split('&').filter((text) => text !== '')) {
    const [, name = '', value = ''] = /^([a-z0-9_]+)=(.*)$/i.exec(part) ?? [];
    // A text of another form may be anything, a password too: it is not repeated in an error.
    if (name === '') throw new LpxError('LPX_DATABASE_URL');
    if (SECRETS.has(name.toLowerCase())) throw new LpxError('LPX_DATABASE_PASSWORD');
    given.set(name, decoded(value));
  }
  for (const [setting, value] of given) if (HIDES_PASSWORD[setting]?.test(value)) throw new LpxError('LPX_DATABASE_PASSWORD');
  const school = canonicalCode(given.get('school') ?? '');
  if (school !== '' && !isSchoolCode(school)) throw new LpxError('LPX_SCHOOL_CODE', { value: given.get('school') as string });
  given.delete('school');
  for (const setting of given.keys()) if (!isSetting(setting)) throw new LpxError('LPX_DATABASE_SETTING', { setting });
  return { school, settings: Object.fromEntries(given) };
}

export const isSetting = (name: string): name is PostgresSetting => (POSTGRES_SETTINGS as readonly string[]).includes(name);

/** What messages call a store: the folder, or the URL without the user and anything else that nobody needs to see. */
export function shownLocation(location: StoreLocation): string {
  if (typeof location === 'string') return location;
  const { school, settings } = location;
  const { host = '', port = '', dbname = '', service = '' } = settings;
  const authority = `${host.includes(':') ? `[${host}]` : encodeURIComponent(host)}${port === '' ? '' : `:${port}`}`;
  const query = Object.entries({ service, school }).flatMap(([name, value]) =>
    value === '' ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return `postgres://${authority}/${encodeURIComponent(dbname)}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}

/** @throws LPX_DATABASE_URL */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new LpxError('LPX_DATABASE_URL', {}, { cause });
  }
}
