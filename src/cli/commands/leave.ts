import { resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { leaveSchool } from '../../exchange/leave.js';
import { withStore } from '../../exchange/school-store.js';
import { maskId } from '../../masking.js';
import { canonicalCode } from '../../plain-text.js';
import { readNationalIds } from '../../roster/lists.js';
import type { LeftAs } from '../../spec/status-changes.js';
import { dayFrom, nationalIdsFrom } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { fittingColumns, LEAST_NAME, leftText } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface LeaveOptions {
  readonly list?: string;
  readonly as: LeftAs | 'here';
  readonly left?: string;
}

/** `lpx leave`: students who left the school, or are here after all. */
export async function leave(context: Context, nationalIds: readonly string[], options: LeaveOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const listed = options.list === undefined ? [] : await readNationalIds(resolve(context.cwd, options.list));
  const named = [...nationalIdsFrom(context, nationalIds), ...listed.map(({ nationalId }) => nationalId)];
  if (named.length === 0) throw new LpxError('LPX_USAGE', { problem: messages.usage.noPick });
  const request = {
    nationalIds: named,
    namedAt: new Map(listed.map(({ nationalId, place }) => [canonicalCode(nationalId), place])),
    as: options.as,
    on: dayFrom(context, options.left),
    now: context.now(),
    operator: context.operator(),
  };
  const students = await withStore(storeFolder(context), (store) => leaveSchool(store, request));
  const rows = students.map(({ nationalId, name, left, changed }) => [
    changed ? paint.green('✔') : '·',
    maskId(nationalId),
    name,
    leftText(messages, left) || messages.leave.here,
    changed ? '' : paint.dim(messages.leave.before),
  ]);
  return {
    json: { students: students.map(({ left, ...rest }) => ({ ...rest, ...(left && { left }) })) },
    text: fittingColumns(context, rows, [[2, LEAST_NAME]]),
  };
}
