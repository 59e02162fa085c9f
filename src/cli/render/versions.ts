/** Versions of a record: which one of how many it is, when it came, and with what. */

import type { RecordVersion } from '../../exchange/show.js';
import { fill, type Messages } from '../../messages/messages.js';
import { paint } from './printable.js';
import { localTime } from './text.js';

export const versionText = ({ versions }: Messages, { number, of, cameAt, file }: RecordVersion): string =>
  fill(versions.line, { number, total: of, day: localTime(cameAt).slice(0, 10), file });

/** Lines of records, each followed by what its version is where there are several. */
export const withVersions = (
  messages: Messages,
  lines: readonly string[],
  records: readonly { readonly version?: RecordVersion | undefined }[],
): string[] =>
  lines.flatMap((line, i) => {
    const version = records[i]?.version;
    return version ? [line, paint.yellow(`      ↳ ${versionText(messages, version)}`)] : [line];
  });

export const versionOutput = ({ cameAt, ...rest }: RecordVersion) => ({ ...rest, cameAt: cameAt.toISOString() });
