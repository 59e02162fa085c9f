import { LpxError } from '../../errors.js';
import type { Context, Outcome } from '../context.js';

export interface BatchExportOptions {
  readonly out: string;
  readonly passwords: string;
  readonly groupBy: 'student' | 'school';
  readonly jobs?: string;
  readonly resume?: boolean;
  readonly resend?: boolean;
  readonly jsonLines?: boolean;
  readonly encryption: 'aes256' | 'zipcrypto';
  readonly force?: boolean;
  readonly acceptLeft?: boolean;
}

/** `lpx batch export`: the packages of a list of students. */
export async function batchExport(context: Context, _list: string, _options: BatchExportOptions): Promise<Outcome> {
  throw new LpxError('LPX_USAGE', { problem: context.messages.usage.noCommand });
}
