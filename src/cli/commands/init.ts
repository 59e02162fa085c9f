import { LpxError } from '../../errors.js';
import { initStore } from '../../exchange/school-store.js';
import { fill } from '../../messages/messages.js';
import { canonicalCode } from '../../plain-text.js';
import { schoolNameFrom } from '../arguments.js';
import { confirm } from '../confirm.js';
import type { Context, Outcome } from '../context.js';
import { networkNotes, newStoreFolder, storeAbove } from '../store-folder.js';

export interface InitOptions {
  readonly school: string;
  readonly name?: string;
  /** A group of users of this computer. */
  readonly shared?: string;
}

/** `lpx init`: makes the store of a school. */
export async function init(context: Context, options: InitOptions): Promise<Outcome> {
  const folder = newStoreFolder(context);
  const above = storeAbove(context);
  if (above !== undefined && !(await confirm(context, fill(context.messages.init.above, { folder: above }))))
    throw new LpxError('LPX_STORE_ABOVE', { folder: above });
  const school = { code: canonicalCode(options.school), name: schoolNameFrom(context, options.name ?? '') };
  const sharedWith = options.shared ?? '';
  await initStore(folder, school, sharedWith, { at: context.now(), operator: context.operator() });
  const { init: messages } = context.messages;
  return {
    json: { store: folder, school, sharedWith },
    text: [fill(messages.done, { folder, ...school })],
    notes: [
      ...(sharedWith === '' ? [] : [fill(messages.shared, { group: sharedWith, folder })]),
      messages.next,
      ...networkNotes(context, folder),
    ],
  };
}
