/** Checks the files that a store holds already when their contents come again: the store's copy may be lost or broken. */
import type { Finding } from '../errors.js';
import { filePlace, studentPlace } from '../spec/place.js';
import { type Portfolio, SLOTS, titleOf, wireListOf } from '../spec/portfolio.js';
import type { Store, StoredAttachment } from './store.js';

/** A file whose copy in the store is lost or broken, and of which an intact copy came. */
export interface RestorableFile<A extends StoredAttachment> {
  readonly attachment: A;
  readonly finding: Finding;
}

/** The files among those of `portfolios` that the store should hold and does not, or not whole. @throws LPX_FILE_UNREADABLE */
export async function restorableFiles<A extends StoredAttachment>(
  store: Store,
  portfolios: readonly Portfolio<A>[],
): Promise<RestorableFile<A>[]> {
  const files = portfolios.flatMap(({ basicData, records }) =>
    records.flatMap((record) =>
      SLOTS.flatMap((slot) => {
        const attachment = record[slot];
        if (!attachment) return [];
        const list = wireListOf(record.list);
        return [
          {
            attachment,
            place: filePlace({ ...studentPlace(basicData), list: list.wire, title: titleOf(record) }, list, slot, attachment.name),
          },
        ];
      }),
    ),
  );
  const expected = await store.knownFiles(files.map(({ attachment }) => attachment.sha256));
  const damage = new Map<string, 'lost' | 'broken'>();
  for (const sha256 of expected) {
    const state = await store.attachments.check(sha256);
    if (state !== 'sound') damage.set(sha256, state);
  }
  return files.flatMap(({ attachment, place }) => {
    const state = damage.get(attachment.sha256);
    return state
      ? [{ attachment, finding: { code: 'LPX_ATTACHMENT_RESTORED', severity: 'warning', place, facts: { damage: state } } }]
      : [];
  });
}
