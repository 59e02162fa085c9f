/**
 * How to reach a database: what libpq takes from its service file, its environment variables and its password file, and `pg` does
 * not. A service file goes before the environment, the URL before both.
 * https://www.postgresql.org/docs/current/libpq-envars.html
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { LpxError } from '../../errors.js';
import { isSetting, type PostgresSetting, type PostgresSettings } from '../location.js';

/** Everything that a connection needs to know. */
export interface Connecting {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly sslmode: SslMode;
  /** Files of PEM; empty for none. */
  readonly sslrootcert: string;
  readonly sslcert: string;
  readonly sslkey: string;
  /** How long to wait for the server, in ms; 0 for as long as it takes. */
  readonly patience: number;
  /** Looked up when the server asks for it; empty when there is none. */
  readonly password: () => string;
}

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES: Readonly<Record<Exclude<PostgresSetting, 'service'>, string>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  connect_timeout: 'PGCONNECT_TIMEOUT',
};

/** Where servers of this computer listen: Debian’s folder, and PostgreSQL’s own. */
const SOCKET_FOLDERS = ['/var/run/postgresql', '/tmp'];
/** Seconds. */
const CONNECT_TIMEOUT = '10';

/** @throws LPX_DATABASE_SETTING, LPX_DATABASE_SERVICE */
export function connectingTo(url: PostgresSettings, env: Environment = process.env): Connecting {
  const service = url.service ?? env.PGSERVICE ?? '';
  const ofService = service === '' ? {} : serviceSettings(service, env);
  const settingOf = (setting: keyof typeof VARIABLES, otherwise = ''): string =>
    [url[setting], ofService[setting], env[VARIABLES[setting]]].find((value) => value !== undefined && value !== '') ?? otherwise;
  const port = numberOf('port', settingOf('port', '5432'), 1, 65_535);
  const user = settingOf('user', userInfo().username);
  const at = { host: settingOf('host', localHost(port)), port, user, database: settingOf('dbname', user) };
  return {
    ...at,
    sslmode: sslModeOf(settingOf('sslmode', 'prefer')),
    sslrootcert: settingOf('sslrootcert', ownFile('root.crt', env)),
    sslcert: settingOf('sslcert', ownFile('postgresql.crt', env)),
    sslkey: settingOf('sslkey', ownFile('postgresql.key', env)),
    patience: 1000 * numberOf('connect_timeout', settingOf('connect_timeout', CONNECT_TIMEOUT), 0, 86_400),
    password: () => ofService.password ?? env.PGPASSWORD ?? passwordIn(passwordFile(env), at),
  };
}

function numberOf(setting: PostgresSetting, text: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new LpxError('LPX_DATABASE_SETTING', { setting });
}

function sslModeOf(text: string): SslMode {
  const mode = SSL_MODES.find((known) => known === text);
  if (mode === undefined) throw new LpxError('LPX_DATABASE_SETTING', { setting: 'sslmode' });
  return mode;
}

/** Where no host is named: the socket of a server on this computer, if there is one. */
const localHost = (port: number): string => SOCKET_FOLDERS.find((folder) => existsSync(join(folder, `.s.PGSQL.${port}`))) ?? 'localhost';

const homeOf = (env: Environment): string => env.HOME ?? homedir();

/** libpq’s folder for a user’s files. */
const ownFolder = (env: Environment): string =>
  process.platform === 'win32' ? join(env.APPDATA ?? homeOf(env), 'postgresql') : join(homeOf(env), '.postgresql');

function ownFile(name: string, env: Environment): string {
  const file = join(ownFolder(env), name);
  return existsSync(file) ? file : '';
}

/** A section of the first service file that has it: the user’s, else the system’s. @throws LPX_DATABASE_SERVICE, LPX_DATABASE_SETTING */
function serviceSettings(service: string, env: Environment): PostgresSettings & { readonly password?: string } {
  const own =
    env.PGSERVICEFILE ?? (process.platform === 'win32' ? join(ownFolder(env), '.pg_service.conf') : join(homeOf(env), '.pg_service.conf'));
  const files = [
    own,
    ...(env.PGSYSCONFDIR === undefined ? ['/etc/postgresql-common'] : [env.PGSYSCONFDIR]).map((folder) => join(folder, 'pg_service.conf')),
  ];
  for (const file of files) {
    const lines = (readText(file) ?? '').split(/\r?\n/).map((line) => line.trim());
    const start = lines.indexOf(`[${service}]`);
    if (start < 0) continue;
    const rest = lines.slice(start + 1);
    const end = rest.findIndex((line) => line.startsWith('['));
    return settingsIn(end < 0 ? rest : rest.slice(0, end));
  }
  throw new LpxError('LPX_DATABASE_SERVICE', { service });
}

/** The lines of a section: `name=value`. @throws LPX_DATABASE_SETTING */
function settingsIn(lines: readonly string[]): PostgresSettings & { readonly password?: string } {
  const settings: Record<string, string> = {};
  for (const line of lines.filter((text) => text !== '' && !text.startsWith('#'))) {
    const [name = '', ...value] = line.split('=');
    const setting = name.trim();
    if (setting !== 'password' && (setting === 'service' || !isSetting(setting))) throw new LpxError('LPX_DATABASE_SETTING', { setting });
    settings[setting] = value.join('=').trim();
  }
  return settings;
}

const passwordFile = (env: Environment): string =>
  env.PGPASSFILE ?? (process.platform === 'win32' ? join(ownFolder(env), 'pgpass.conf') : join(homeOf(env), '.pgpass'));

/**
 * The password of the first line that fits, `host:port:database:user:password`; empty when none does. As libpq does, a file that others may
 * read is not used.
 */
function passwordIn(file: string, { host, port, database, user }: Pick<Connecting, 'host' | 'port' | 'database' | 'user'>): string {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) return '';
  const wanted = [SOCKET_FOLDERS.includes(host) ? 'localhost' : host, String(port), database, user];
  for (const line of (readText(file) ?? '').split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = (line.match(/(?:\\.|[^:\\])*(?::|$)/g) ?? []).map((field) => field.replace(/:$/, '').replace(/\\(.)/g, '$1'));
    const [given, password] = [fields.slice(0, 4), fields[4]];
    if (password !== undefined && wanted.every((value, i) => given[i] === '*' || given[i] === value)) return password;
  }
  return '';
}

/** Undefined for a file that is not there or cannot be read. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
