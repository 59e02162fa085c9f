/** Checks the files that a store holds already when their contents come again: the store's copy may be lost or broken. */
import type { Finding } from '../../errors.js';
import { filePlace, studentPlace } from '../../spec/place.js';
import { type Portfolio, SLOTS, titleOf, wireListOf } from '../../spec/portfolio.js';
import type { Store, StoredAttachment } from '../store.js';

/** A file whose copy in the store is lost or broken, and of which an intact copy came. */
export interface RestorableFile<A extends StoredAttachment> {
  readonly attachment: A;
  readonly finding: Finding;
}

/** The files of portfolios, against those that the store holds. */
export interface ComparedFiles<A extends StoredAttachment> {
  /** Those that the store should hold and does not, or not whole. */
  readonly restorable: readonly RestorableFile<A>[];
  /** Those that the store does not hold whole: these, and the new ones. */
  readonly missing: readonly A[];
}

/** Compares the files of `portfolios` with those that the store holds. @throws LPX_FILE_UNREADABLE */
export async function compareFiles<A extends StoredAttachment>(
  store: Store,
  portfolios: readonly Portfolio<A>[],
): Promise<ComparedFiles<A>> {
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
  const isHeld = ({ sha256 }: A) => expected.has(sha256) && !damage.has(sha256);
  return {
    restorable: files.flatMap(({ attachment, place }) => {
      const state = damage.get(attachment.sha256);
      return state
        ? [{ attachment, finding: { code: 'LPX_ATTACHMENT_RESTORED', severity: 'warning', place, facts: { damage: state } } }]
        : [];
    }),
    missing: files.map(({ attachment }) => attachment).filter((attachment) => !isHeld(attachment)),
  };
}
