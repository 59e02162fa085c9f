/** Places as a person reads them: ids masked, records and rows counted from 1. The only place where that is done. */
import { type Facts, idsOf, type Place } from '../../errors.js';
import { maskId, maskIds } from '../../masking.js';
import { cutFact, fill, inert, type Messages, visible } from '../../messages/messages.js';

/** `A80000**** 林小禾，課程學習成果紀錄第 5 筆「物理」，課程代碼`; empty for the whole. */
export function placeText({ places }: Messages, place: Place): string {
  const { student, name, index, list, record, ref, title, property, file, sheet, row, column, entry, otherStudent } = place;
  const words = (template: string, facts: Facts) => fill(template, facts);
  const who = [student === undefined ? '' : maskId(student), visible(name ?? '')].filter(Boolean).join(' ');
  const other = otherStudent === undefined ? '' : words(places.other, { id: maskId(otherStudent) });
  const number = record === undefined ? '' : words(places.record, { number: record + 1 });
  const parts = [
    who || (index === undefined ? '' : words(places.student, { number: index + 1 })),
    list === undefined
      ? ''
      : `${list}${number}${ref === undefined ? '' : ` ${ref}`}${title === undefined ? '' : words(places.title, { title })}`,
    // A file says more than the property that links to it.
    file === undefined ? (property ?? '') : '',
    file ?? '',
    sheet === undefined ? '' : words(places.sheet, { sheet }),
    row === undefined ? '' : words(places.row, { number: row + 1 }),
    column === undefined ? '' : words(places.column, { column }),
    entry ?? '',
  ];
  const ids = idsOf(place);
  const text = parts
    .filter((part) => part !== '')
    .map((part, i) => inert(cutFact(i === 0 && who !== '' ? part : maskIds(part, ids))))
    .join(places.between);
  return `${text}${other}`;
}

/** A place as data in a result that was asked for: ids whole. */
export const placeOutput = (place: Place): Place =>
  Object.fromEntries(Object.entries(place).map(([key, value]) => [key, typeof value === 'string' ? cutFact(value) : value]));

/** A place as data in an error, which may end up in a log: ids masked. */
export const failurePlace = (place: Place): Place =>
  placeOutput(
    Object.fromEntries(
      Object.entries(place).map(([key, value]) => [key, typeof value === 'string' ? maskIds(value, idsOf(place)) : value]),
    ) as Place,
  );

/** The place to put before a sentence, without the parts that the sentence says itself. */
export function placeBefore(messages: Messages, template: string, { file, ...rest }: Place): string {
  return placeText(messages, { ...rest, ...(!template.includes('{file}') && file !== undefined && { file }) });
}
