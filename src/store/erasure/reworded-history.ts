/** Takes the words of a student who is erased out of the entries of the history, and says which those are and their new hashes. */
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { HistoryKind } from '../../spec/history.js';
import { chainedStudents, entryHash, entryHashUnsalted } from '../history/chain.js';
import { changesHash } from '../history/entry-changes.js';
import { rowsHash } from '../history/entry-rows.js';
import { begunBackupsIn } from '../named-values.js';
import type { BasicDataChange, EntryDetails } from '../store.js';
import { listIn } from '../stored-rows.js';
import type { Tables } from '../tables.js';
import { detailsWithoutWords, type StudentWords, withoutWords } from './taken-out-words.js';

type Db = Kysely<Tables> | Transaction<Tables>;
type Reworded = EntryDetails['erase']['reworded'];

const ENTRIES_AT_ONCE = 500;

/** Entries whose folder is where a backup is: later erasures are noted there, so it stays as it is. */
const BACKUP_KINDS: readonly HistoryKind[] = ['backup', 'rehearsal', 'restore'];

/** The folders of backups, also of those that were cut short, that have a student's words in them. */
export async function namedBackupsOf(db: Db, words: StudentWords): Promise<string[]> {
  const rows = await db.selectFrom('history').select('folder').distinct().where('kind', 'in', BACKUP_KINDS).execute();
  const begun = await begunBackupsIn(db).all();
  const folders = new Set([...rows.map(({ folder }) => folder), ...begun.keys()]);
  return [...folders].filter((folder) => withoutWords(folder, words) !== folder).sort();
}

/** The folders of packages that were cut short, and of their passwords, that have a student's words in them. */
export async function namedPackagesOf(db: Db, words: StudentWords): Promise<string[]> {
  const rows = await db.selectFrom('unpublished').select('file').execute();
  const folders = new Set(rows.filter(({ file }) => withoutWords(file, words) !== file).map(({ file }) => dirname(file)));
  return [...folders].sort();
}

/** Every national id and name that the store has of a student, also those that packages came with and that were corrected. */
export async function wordsOf(
  db: Db,
  student: Pick<Selectable<Tables['students']>, 'id' | 'national_id'>,
  name: string,
): Promise<StudentWords> {
  const nationalIds = new Set([student.national_id]);
  const names = new Set([name]);
  const rows = await db
    .selectFrom('history_students')
    .select(['sent_national_id', 'sent_name', 'changes'])
    .where('student_id', '=', student.id)
    .execute();
  for (const { sent_national_id, sent_name, changes } of rows) {
    nationalIds.add(sent_national_id);
    names.add(sent_name);
    for (const { property, from } of changesIn(changes)) if (property === 'name') names.add(String(from));
  }
  return { nationalIds: [...nationalIds], names: [...names] };
}

/** None where the row is damaged: it goes all the same. */
function changesIn(changes: string): readonly BasicDataChange[] {
  try {
    return listIn<BasicDataChange>(changes);
  } catch {
    return [];
  }
}

/** The columns of an entry with texts in them. */
const TEXTS = ['file', 'folder', 'details', 'operator', 'received_by'] as const;
type Texts = Pick<Selectable<Tables['history']>, (typeof TEXTS)[number]>;

/**
 * Takes ids and names out of what entries say of files, folders, people and more.
 * @param changed entries that have fewer or other changes, or fewer files, by now
 * @returns those entries, with their hashes from now on
 */
export async function rewordHistory(db: Transaction<Tables>, words: StudentWords, changed: ReadonlySet<number>): Promise<Reworded> {
  const reworded: { position: number; hash: string }[] = [];
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const page = await db
      .selectFrom('history')
      .select(['id', 'kind', ...TEXTS])
      .where('position', 'is not', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(ENTRIES_AT_ONCE)
      .execute();
    for (const { id, kind, ...texts } of page) {
      const without = textsWithoutWords(kind, texts, words);
      if (changed.has(id) || TEXTS.some((column) => without[column] !== texts[column])) reworded.push(await reword(db, id, without));
    }
    if (page.length < ENTRIES_AT_ONCE) return reworded;
    after = page.at(-1)?.id ?? after;
  }
}

const textsWithoutWords = (kind: HistoryKind, texts: Texts, words: StudentWords): Texts => ({
  file: withoutWords(texts.file, words),
  folder: BACKUP_KINDS.includes(kind) ? texts.folder : withoutWords(texts.folder, words),
  details: detailsWithoutWords(texts.details, words),
  // On receipts, whoever was named as the one who issued it. Elsewhere it is an account's name: its owner may have the student's name.
  operator: withoutWords(texts.operator, kind === 'receipt' ? words : { ...words, names: [] }),
  received_by: withoutWords(texts.received_by, words),
});

/** With another salt, so that its hash from before does not show what it said. */
async function reword(db: Transaction<Tables>, id: number, texts: Texts): Promise<Reworded[number]> {
  const entry = await db.selectFrom('history').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const salt = entry.salt === '' ? '' : randomBytes(16).toString('hex');
  const changes_hash = entry.changes_hash === '' ? '' : await changesHash(db, id);
  const rows_hash = entry.rows_hash === '' ? '' : await rowsHash(db, entry);
  const now = { ...entry, ...texts, salt, changes_hash, rows_hash };
  await db
    .updateTable('history')
    .set({ ...texts, salt, changes_hash, rows_hash })
    .where('id', '=', id)
    .execute();
  const hash = salt === '' ? await entryHashUnsalted(now, chainedStudents(db, id)) : entryHash(now);
  return { position: Number(entry.position), hash };
}
