/** The custody log (保管紀錄): the chain of the history as a ledger, to be checked and to be shown. */
import { type Kysely, type Selectable, sql } from 'kysely';
import type { HistoryKind } from '../../spec/history.js';
import { erasureFaults } from '../erasure/erasure-list.js';
import { inOneState, isPostgres } from '../table-rows.js';
import type { Tables } from '../tables.js';
import {
  areStudentsIntact,
  byHash,
  type ChainedStudent,
  chainedStudents,
  type Erasures,
  erasedStudents,
  erasuresIn,
  headOfChain,
  isEntryIntact,
  isSaidIntact,
  type KeyedStudent,
  keyedStudents,
  recordsOf,
} from './chain.js';
import type { Queued } from './entries.js';
import { entriesWithOtherChanges } from './entry-changes.js';
import { rowFaults } from './entry-rows.js';
import { laterFaults } from './later-facts.js';

/** The newest entry of the chain. Kept outside of the store, it shows later whether the end of the log was cut off. */
export interface LogHead {
  /** From 1; 0 for a log without entries. */
  readonly position: number;
  /** SHA-256, 64 hex digits; empty for a log without entries. */
  readonly hash: string;
}

/** A head that was kept; of some only the hash is known. */
export type KeptHead = Pick<LogHead, 'hash'> & Partial<LogHead>;

/**
 * Where the log is broken, and how. `edited`: the entry is not what it was. `order`: it does not follow the one before, which was
 * exchanged or moved. `missing`: entries are gone. `inserted`: it never got a place in the chain. `students`: students of it were edited,
 * added or removed. `said`: what it says of a student was. `changes`: what it keeps to be undone by was. `later`: that it arrived or was undone is not
 * what the log says elsewhere. `rows`: the entries that it matched, or the files that its receipt names, were changed. `stray`: rows that belong to no
 * entry. `unlisted`: whom it erased is not on the list of erased students, or was changed there; `listed`: that has students whom no entry erased.
 * `cut`: entries at the end are gone. `head`: at the place of the kept head is another entry.
 */
export interface LogFault {
  readonly what:
    | 'edited'
    | 'order'
    | 'missing'
    | 'inserted'
    | 'students'
    | 'said'
    | 'changes'
    | 'later'
    | 'rows'
    | 'stray'
    | 'unlisted'
    | 'listed'
    | 'cut'
    | 'head';
  /** The place in the log; 0 where it has none. */
  readonly position: number;
  /** Its number in the history; 0 where it is not known. */
  readonly id: number;
  /** Of missing entries, and of students on the list of erased ones: how many. */
  readonly count?: number;
}

export interface LogCheck {
  readonly head: LogHead;
  readonly entries: number;
  /** In all entries, those who were erased among them. */
  readonly students: number;
  /** How many numbers of the history no entry has: work that began and was never done, such as an export that failed. */
  readonly gaps: number;
  /** The first ones. */
  readonly faults: readonly LogFault[];
  readonly faultCount: number;
  /** How many entries came after the kept head; undefined without one, or when it is not in the log. */
  readonly since?: number;
}

/** An entry as the ledger has it. */
export interface LogEntry {
  readonly position: number;
  readonly hash: string;
  readonly id: number;
  /** ISO 8601, UTC */
  readonly at: string;
  readonly kind: HistoryKind;
  readonly operator: string;
  readonly file: string;
  readonly md5: string;
  readonly contentsDigest: string;
  readonly school: string;
  /** The run of the command that had a worker do it, as the workers' logs have it; undefined where no worker was asked. */
  readonly request: string | undefined;
  readonly refersTo: number | undefined;
  readonly studentCount: number;
  /** The keyed hashes of national ids, where they were asked for. */
  readonly keyedIds: readonly string[];
}

type EntryRow = Selectable<Tables['history']>;

/** Entries read at a time, and faults that are named. */
const ENTRIES_AT_ONCE = 100;
const FAULTS_NAMED = 100;
/** An entry with more rows of students and records is read in parts of its own. */
const SMALL = 300;
/** The least integer of a column. */
const LEAST = -(2 ** 31);

export class CustodyLog {
  readonly #db: Kysely<Tables>;

  constructor(db: Kysely<Tables>) {
    this.#db = db;
  }

  head(): Promise<LogHead> {
    return headOfChain(this.#db);
  }

  /**
   * Reads the whole log, a part at a time, and checks all that its hashes cover.
   * @param kept a head of this log that was kept elsewhere: only by it a log is found that was cut off, or rewritten as a whole
   */
  async verify(kept?: KeptHead, onEntry: (position: number) => void = () => {}): Promise<LogCheck> {
    const faults = new Faults();
    const checking = { faults, erasures: await erasuresIn(this.#db) };
    let head: LogHead = { position: 0, hash: '' };
    let [entries, students] = [0, 0];
    for await (const page of this.#pages()) {
      const content = await this.#contentOf(page);
      for (const entry of page) {
        const position = Number(entry.position);
        const at = { position, id: entry.id };
        const { position: before, hash } = head;
        if (position !== before + 1)
          faults.add({ what: 'missing', position: before + 1, id: 0, count: Math.max(1, position - before - 1) });
        else if (entry.previous_hash !== hash) faults.add({ what: 'order', ...at });
        if (!isEntryIntact(entry, checking.erasures) || !isSettled(entry)) faults.add({ what: 'edited', ...at });
        students += await this.#checkStudents(entry, content, checking);
        head = { position, hash: entry.hash };
        entries++;
        onEntry(position);
      }
    }
    for (const fault of await laterFaults(this.#db)) faults.add(fault);
    for (const entry of await inOneState(this.#db, entriesWithOtherChanges)) faults.add({ what: 'changes', ...entry });
    await this.#checkStrays(faults);
    for (const fault of [...(await rowFaults(this.#db)), ...(await erasureFaults(this.#db))]) faults.add(fault);
    if (entries === 0 && (await this.#hasBegun())) faults.add({ what: 'missing', position: 1, id: 0, count: 1 });
    const since = kept && (await this.#sinceHead(kept, head, faults));
    const gaps = await this.#gaps();
    return { head, entries, students, gaps, faults: faults.first, faultCount: faults.count, ...(since !== undefined && { since }) };
  }

  /** The entries in their order, as they are. */
  async *entries(filter: LogFilter = {}): AsyncGenerator<LogEntry> {
    for await (const page of this.entryPages(filter)) yield* page;
  }

  /** The same, some at a time. */
  async *entryPages({ since, before, keyedIds = false }: LogFilter = {}): AsyncGenerator<LogEntry[]> {
    for await (const page of this.#pages({ since, before })) {
      const entries: LogEntry[] = [];
      const ids = page.map(({ id }) => id);
      const counts = await this.#counts(ids);
      for (const entry of page) {
        const hashes: string[] = [];
        if (keyedIds) for await (const some of chainedStudents(this.#db, entry.id)) hashes.push(...some.map(({ keyed_id }) => keyed_id));
        const { hash, id, at, kind, operator, file, md5, school } = entry;
        entries.push({
          position: Number(entry.position),
          ...{ hash, id, at, kind, operator, file, md5, school },
          contentsDigest: entry.contents_digest,
          request: requestIn(entry.details),
          refersTo: entry.refers_to ?? undefined,
          studentCount: counts.students.get(id) ?? 0,
          keyedIds: hashes,
        });
      }
      yield entries;
    }
  }

  async *#pages({ since, before }: LogFilter = {}): AsyncGenerator<EntryRow[]> {
    for (let after = LEAST; ; ) {
      let query = this.#db.selectFrom('history').selectAll().where('position', '>', after);
      if (since) query = query.where('at', '>=', since.toISOString());
      if (before) query = query.where('at', '<', before.toISOString());
      const page = await query.orderBy('position').limit(ENTRIES_AT_ONCE).execute();
      if (page.length > 0) yield page;
      if (page.length < ENTRIES_AT_ONCE) return;
      after = Number(page.at(-1)?.position);
    }
  }

  /** How many rows of students (those who were erased among them) and of records entries have. */
  async #counts(ids: readonly number[]): Promise<Record<'students' | 'records', Map<number, number>>> {
    const counts = { students: new Map<number, number>(), records: new Map<number, number>() };
    for (const [table, count] of [
      ['history_students', counts.students],
      ['history_erased', counts.students],
      ['history_records', counts.records],
    ] as const)
      for (const { history_id, rows } of await this.#db
        .selectFrom(table)
        .select('history_id')
        .select((eb) => eb.fn.countAll().as('rows'))
        .where('history_id', 'in', ids)
        .groupBy('history_id')
        .execute())
        count.set(history_id, (count.get(history_id) ?? 0) + Number(rows));
    return counts;
  }

  /** What belongs to entries: all rows of those with few, at once. */
  async #contentOf(page: readonly EntryRow[]): Promise<Content> {
    const ids = page.map(({ id }) => id);
    const { students, records } = await this.#counts(ids);
    const small = ids.filter((id) => (students.get(id) ?? 0) + (records.get(id) ?? 0) <= SMALL);
    const content: Content = { small: new Map(small.map((id) => [id, { students: [], erased: [], records: [] }])), recordCounts: records };
    if (small.length === 0) return content;
    for (const student of await keyedStudents(this.#db, small).execute()) content.small.get(student.history_id)?.students.push(student);
    for (const student of await erasedStudents(this.#db, small).execute()) content.small.get(student.history_id)?.erased.push(student);
    for (const record of await this.#db.selectFrom('history_records').selectAll().where('history_id', 'in', small).orderBy('id').execute())
      content.small.get(record.history_id)?.records.push(record);
    return content;
  }

  /** @returns how many students the entry has */
  async #checkStudents(
    entry: EntryRow,
    content: Content,
    { faults, erasures }: { readonly faults: Faults; readonly erasures: Erasures },
  ): Promise<number> {
    const at = { position: Number(entry.position), id: entry.id };
    let [count, records, saidSound] = [0, 0, true];
    const see = (students: readonly KeyedStudent[], ofStudent: ReadonlyMap<number, readonly RecordRow[]>) => {
      for (const student of students) {
        const own = ofStudent.get(student.student_id) ?? [];
        records += own.length;
        saidSound &&= isSaidIntact(student, own);
      }
    };
    const db = this.#db;
    const small = content.small.get(entry.id);
    async function* students(): AsyncGenerator<readonly ChainedStudent[]> {
      if (small) see(small.students, byStudent(small.records));
      const pages = small
        ? [[...small.students, ...small.erased].sort(byHash)]
        : chainedStudents(db, entry.id, async (some) =>
            see(
              some,
              await recordsOf(
                db,
                entry.id,
                some.map(({ student_id }) => student_id),
              ),
            ),
          );
      for await (const some of pages) {
        count += some.length;
        yield some;
      }
    }
    const erased = small ? small.erased : await erasedStudents(db, [entry.id]).execute();
    const areIntact = await areStudentsIntact(entry, students(), erasures);
    if (!areIntact || erased.some(({ keyed_id }) => !erasures.keyedIds.has(keyed_id))) faults.add({ what: 'students', ...at });
    else if (!saidSound || records !== (content.recordCounts.get(entry.id) ?? 0)) faults.add({ what: 'said', ...at });
    return count;
  }

  /** Entries that never got a place, and rows of no entry. */
  async #checkStrays(faults: Faults): Promise<void> {
    const unchained = await this.#db
      .selectFrom('history')
      .select('id')
      .where('position', 'is', null)
      .where('state', 'not in', ['pending', 'written'])
      .orderBy('id')
      .limit(FAULTS_NAMED)
      .execute();
    for (const { id } of unchained) faults.add({ what: 'inserted', position: 0, id });
    for (const table of ['history_students', 'history_erased', 'history_records', 'entry_changes', 'entry_matches'] as const) {
      const stray = await this.#db
        .selectFrom(table)
        .leftJoin('history', 'history.id', `${table}.history_id`)
        .select(`${table}.history_id`)
        .where('history.id', 'is', null)
        .limit(1)
        .executeTakeFirst();
      if (stray) faults.add({ what: 'stray', position: 0, id: stray.history_id });
    }
  }

  /** Whether there are students, or a number was ever given to an entry: then the log has one. */
  async #hasBegun(): Promise<boolean> {
    const student = await this.#db.selectFrom('students').select('id').limit(1).executeTakeFirst();
    const last = isPostgres(this.#db)
      ? sql<{ last: unknown }>`select pg_sequence_last_value(pg_get_serial_sequence('history', 'id')::regclass) as last`
      : sql<{ last: unknown }>`select seq as last from sqlite_sequence where name = 'history'`;
    const { rows } = await last.execute(this.#db);
    return student !== undefined || Number(rows[0]?.last ?? 0) > 0;
  }

  /** How many numbers up to the last one no entry has. */
  async #gaps(): Promise<number> {
    const { last, count } = await this.#db
      .selectFrom('history')
      .select((eb) => [eb.fn.max('id').as('last'), eb.fn.countAll().as('count')])
      .executeTakeFirstOrThrow();
    return Number(last ?? 0) - Number(count);
  }

  /** How many entries came after a kept head. */
  async #sinceHead(kept: KeptHead, head: LogHead, faults: Faults): Promise<number | undefined> {
    const found = await this.#db.selectFrom('history').select(['id', 'position']).where('hash', '=', kept.hash).executeTakeFirst();
    const position = Number(found?.position ?? 0);
    if (found && (kept.position === undefined || kept.position === position)) return head.position - position;
    if (kept.position !== undefined && kept.position > head.position)
      faults.add({ what: 'cut', position: head.position + 1, id: 0, count: kept.position - head.position });
    else faults.add({ what: 'head', position: kept.position ?? 0, id: 0 });
    return undefined;
  }
}

/** Which entries of the log. */
export interface LogFilter {
  /** From this moment on, and before this one. */
  readonly since?: Date | undefined;
  readonly before?: Date | undefined;
  /** Whether with the hashes of their students. */
  readonly keyedIds?: boolean | undefined;
}

type RecordRow = Selectable<Tables['history_records']>;

/** Rows that belong to entries. */
interface Content {
  readonly small: ReadonlyMap<number, { students: KeyedStudent[]; erased: ChainedStudent[]; records: RecordRow[] }>;
  readonly recordCounts: ReadonlyMap<number, number>;
}

class Faults {
  readonly first: LogFault[] = [];
  count = 0;

  add(fault: LogFault): void {
    this.count++;
    if (this.first.length < FAULTS_NAMED) this.first.push(fault);
  }
}

/** An entry in the chain is settled, and nobody works on it. */
const isSettled = ({ state, work }: EntryRow): boolean => state !== 'pending' && state !== 'written' && work === '';

function byStudent(records: readonly RecordRow[]): ReadonlyMap<number, readonly RecordRow[]> {
  const map = new Map<number, RecordRow[]>();
  for (const record of records) map.set(record.student_id, [...(map.get(record.student_id) ?? []), record]);
  return map;
}

function requestIn(details: string): string | undefined {
  try {
    return (JSON.parse(details || '{}') as Queued).request;
  } catch {
    return undefined;
  }
}
