/** JSON as bytes from outside. */
import { LpxError } from '../errors.js';

/** UTF-8 JSON, with or without a byte order mark. @throws LPX_JSON_UNREADABLE with the place in it */
export function parseJson(bytes: Buffer, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    // The engine's message may quote the text, which holds personal data: only the position is passed on.
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    throw new LpxError('LPX_JSON_UNREADABLE', { file, position: position ?? '?' });
  }
}
