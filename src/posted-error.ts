/** Errors as they pass between threads: a copy by Node.js would lose the system's `code`, and all that is our own. */
import { type Code, type Facts, type FactsOf, type Finding, LpxError, type Place } from './errors.js';

export type PostedError = { readonly stack: string; readonly cause?: PostedError } & (
  | { readonly code: Code; readonly facts: Facts; readonly place: Place; readonly findings: readonly Finding[] }
  | { readonly name: string; readonly message: string; readonly system: object }
);

/** An error with its causes, as data. */
export function posted(error: unknown): PostedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: '', system: {} };
  const { name, message, stack = '' } = error;
  const cause = error.cause === undefined ? {} : { cause: posted(error.cause) };
  if (error instanceof LpxError)
    return { code: error.code, facts: error.facts, place: error.place, findings: error.findings, stack, ...cause };
  const { code, errno, syscall, path } = error as NodeJS.ErrnoException;
  return { name, message, stack, system: { ...(code !== undefined && { code, errno, syscall, path }) }, ...cause };
}

/** The error that was thrown in the other thread, with its causes and the stack it had there. */
export function revived(error: PostedError): Error {
  const options = error.cause ? { cause: revived(error.cause) } : {};
  const { stack } = error;
  if ('code' in error) {
    const { code, facts, place, findings } = error;
    return Object.assign(new LpxError<Code>(code, facts as FactsOf<Code>, { ...options, place, findings }), { stack });
  }
  const { name, message, system } = error;
  return Object.assign(new Error(message, options), system, { name, stack });
}
