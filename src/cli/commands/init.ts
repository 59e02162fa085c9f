import { LpxError } from '../../errors.js';
import { attachmentsNamed, initStore, isS3Url, type StoreLocation, shownLocation } from '../../exchange/school-store.js';
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
  /** Where the attachments are, if not in the folder of the store. */
  readonly attachments?: string;
}

/** `lpx init`: makes the store of a school. */
export async function init(context: Context, options: InitOptions): Promise<Outcome> {
  const location = newStoreFolder(context);
  const folder = shownLocation(location);
  const above = storeAbove(context);
  if (above !== undefined && !(await confirm(context, fill(context.messages.init.above, { folder: above }))))
    throw new LpxError('LPX_STORE_ABOVE', { folder: above });
  const school = { code: canonicalCode(options.school), name: schoolNameFrom(context, options.name ?? '') };
  const sharedWith = options.shared ?? '';
  const attachments = attachmentsFor(context, location, options);
  const made = { at: context.now(), operator: context.operator() };
  if (typeof location !== 'string' && location.school !== '' && location.school !== school.code)
    throw new LpxError('LPX_USAGE', {
      problem: fill(context.messages.usage.otherSchool, { code: school.code, other: location.school }),
    });
  const place = await initStore(location, school, { group: sharedWith, attachments, made });
  const { init: messages } = context.messages;
  return {
    json: { store: folder, school, sharedWith, attachments: place },
    text: [fill(messages.done, { folder, ...school })],
    notes: [
      ...(attachments === undefined ? [] : [fill(messages.attachments, { place })]),
      ...(sharedWith === '' ? [] : [fill(messages.shared, { group: sharedWith, folder })]),
      messages.next,
      ...networkNotes(context, location),
    ],
  };
}

/**
 * Where the attachments of a new store go; undefined for the folder of the store itself, which a database has not.
 * @throws LPX_USAGE; LPX_S3_URL, LPX_S3_SECRET
 */
export function attachmentsFor(
  { cwd, messages }: Context,
  location: StoreLocation,
  { attachments }: { readonly attachments?: string },
): string | undefined {
  const isDatabase = typeof location !== 'string';
  const place = attachments === undefined ? undefined : attachmentsNamed(attachments, cwd);
  if (isDatabase && place === undefined) throw new LpxError('LPX_USAGE', { problem: messages.usage.attachmentsMissing });
  if (!isDatabase && place !== undefined && !isS3Url(place))
    throw new LpxError('LPX_USAGE', { problem: messages.usage.attachmentsInStore });
  return place;
}
