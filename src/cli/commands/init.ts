import { initStore } from '../../exchange/school-store.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { newStoreFolder } from '../store-folder.js';

/** `lpx init`: makes the store of a school. */
export async function init(context: Context, options: { readonly school: string; readonly name?: string }): Promise<Outcome> {
  const folder = newStoreFolder(context);
  const school = { code: options.school, name: options.name ?? '' };
  await initStore(folder, school);
  const { init: messages } = context.messages;
  return { json: { store: folder, school }, text: [fill(messages.done, { folder, ...school })], notes: [messages.next] };
}
