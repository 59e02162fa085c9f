import type { Place } from '#lpx/errors.js';

/** A place in a few characters, for comparisons: `課程學習成果紀錄[0].課程代碼`, a reference, or an entry. */
export function pathOf({ list = '', record, ref, property, entry, file }: Place): string {
  if (list === '' && property === undefined) return entry ?? file ?? '';
  return [`${list}${record === undefined ? '' : `[${record}]`}${ref === undefined ? '' : ` ${ref}`}`, property].filter(Boolean).join('.');
}
