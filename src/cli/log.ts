/**
 * The log of a process that runs for long: lines for people on stdout, or with `--log json` a JSON document a line on stderr, by pino. National
 * ids in it are masked, names of students and passwords never get there.
 */
import type Pino from 'pino';
import { LpxError } from '../errors.js';
import { optionalPackage } from '../io/optional-package.js';
import { maskIds } from '../masking.js';
import type { Context } from './context.js';
import { localTime } from './render/text.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly log: 'text' | 'json';
  readonly logLevel: LogLevel;
}

/** Writes an event: as data, and in words for people. */
export type Log = (level: LogLevel, event: string, facts: Readonly<Record<string, unknown>>, words: readonly string[]) => void;

/** @throws LPX_PACKAGE_MISSING where pino is wanted and not installed */
export async function openLog(context: Context, { log, logLevel }: LogOptions): Promise<Log> {
  if (log === 'json') return jsonLog(context, logLevel);
  const { json, quiet, print, paint, now } = context;
  return (level, _event, _facts, words) => {
    if (json || (quiet && level !== 'error') || LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(logLevel) || words.length === 0) return;
    print([`${paint.dim(localTime(now()))}  ${words[0]}`, ...words.slice(1)]);
  };
}

async function jsonLog({ stderr, version }: Context, level: LogLevel): Promise<Log> {
  const pino = optionalPackage<typeof Pino>('pino');
  if (!pino) throw new LpxError('LPX_PACKAGE_MISSING', { package: 'pino', version: '10' });
  const logger = pino({ level, base: { pid: process.pid, version }, timestamp: pino.stdTimeFunctions.isoTime }, stderr);
  return (at, event, facts) => logger[at]({ event, ...maskedFacts(facts) });
}

/** What a job is about, as a log may say it: a package by the name that the exchange gives it, and nothing that may be a person's name. */
export const loggable = (about: string): string => (/^[\x20-\x7e]*$/.test(about) ? about : '…');

const maskedFacts = (facts: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? maskIds(value) : value]));
