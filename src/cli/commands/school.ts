import { nameSchool, shownLocation, withStore, withStoreToRead } from '../../exchange/school-store.js';
import { fill } from '../../messages/messages.js';
import { schoolNameFrom } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { networkNotes, storeFolder } from '../store-folder.js';

export interface SchoolOptions {
  readonly name?: string;
}

/** `lpx school`: whose store it is; with `--name`, what the school is called from now on. */
export async function school(context: Context, { name }: SchoolOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const location = storeFolder(context);
  const { school, changed } =
    name === undefined
      ? await withStoreToRead(location, async ({ school }) => ({ school, changed: false }))
      : await withStore(location, (store) =>
          nameSchool(store, { name: schoolNameFrom(context, name), now: context.now(), operator: context.operator() }),
        );
  const line = fill(messages.school.line, { ...school, name: school.name || messages.school.unnamed });
  return {
    json: { store: shownLocation(location), school, changed },
    text: [changed ? `${paint.green('✔')} ${line}` : line],
    notes: [...(school.name === '' ? [messages.school.how] : []), ...networkNotes(context, location)],
  };
}
