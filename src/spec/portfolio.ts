/**
 * The record model, and its one translation to and from the wire (docs/spec.md#json). On the wire a record has
 * Chinese property names, attachments as link and MD5, and copies of the student's id and birth date;
 * in code it has fields under English names, two attachment slots, and no copies.
 */
import type { BasicData, ListName, RecordOf } from './generated/records.js';
import { BASIC_DATA, LISTS, type WireList, type WireProperty } from './generated/wire-table.js';
import type { RecordRepairs, ValueRepair } from './repair.js';
import { hasTerm, termOf } from './terms.js';

export type { BasicData, ListName, RecordOf } from './generated/records.js';
export { LISTS, type WireList, type WireProperty } from './generated/wire-table.js';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** The MD5 of no bytes: on the wire it means "no attachment" (docs/spec.md#empty-md5). */
export const EMPTY_MD5 = 'd41d8cd98f00b204e9800998ecf8427e';

/** The two places a record has for a file. */
export type Slot = 'document' | 'media';
export const SLOTS: readonly Slot[] = ['document', 'media'];

/** A file that a record is owed: what its document says of it, and why it did not come. */
export interface OwedFile {
  readonly slot: Slot;
  /** The name it was uploaded under, or that of its link. */
  readonly name: string;
  /** 32 lower-case hex digits; empty where the document does not say it. */
  readonly md5: string;
  /** Undefined where nothing says it. */
  readonly bytes?: number | undefined;
  /** `missing`: it was not there; `other`: another content was in its place; `damaged`: it could not be read. */
  readonly why: 'missing' | 'other' | 'damaged';
}

/** A record of the list `L`. `A` is what is known of an attachment where the record stands. */
interface RecordIn<L extends ListName, A> {
  readonly list: L;
  readonly fields: RecordOf[L];
  /** Properties the spec does not know, as they came; they go out again. */
  readonly extras: JsonObject;
  readonly document: A | null;
  readonly media: A | null;
  /** Files that it should have and that did not come with it: their slots are empty. Not there for none. */
  readonly owed?: readonly OwedFile[] | undefined;
  /** What was repaired of it when it came; not there for nothing. */
  readonly repairs?: readonly ValueRepair[] | undefined;
}

/** One record of any list. */
export type PortfolioRecord<A> = { [L in ListName]: RecordIn<L, A> }[ListName];

/** One student's data as they travel: basic data and records in list order. */
export interface Portfolio<A> {
  readonly basicData: BasicData;
  readonly extras: JsonObject;
  readonly records: readonly PortfolioRecord<A>[];
}

/** An attachment as the wire names it: a path inside the package and the MD5 of its bytes. */
export interface WireAttachment {
  readonly link: string;
  /** 32 lower-case hex digits, or empty when the sender gave none. */
  readonly md5: string;
}

/** The half of the package that a list's files go to; cadre posts have none (docs/spec.md#layout). */
export type Half = 'courseResults' | 'multiPerformances';

/** The top-level property and attachment folder of each half. */
export const HALF_WIRE: Readonly<Record<Half, { readonly property: string; readonly folder: string; readonly prefix: string }>> = {
  courseResults: { property: '課程學習成果紀錄', folder: '課程學習成果', prefix: 'C' },
  multiPerformances: { property: '多元表現', folder: '多元表現', prefix: 'M' },
};
export const HALVES: readonly Half[] = ['courseResults', 'multiPerformances'];

export const BASIC_DATA_WIRE = '基本資料';

const LIST_BY_NAME = new Map(LISTS.map((list) => [list.name, list]));

/** The wire name of a property of the basic data. */
export const basicDataWire = (name: keyof BasicData): string => BASIC_DATA.find((property) => property.name === name)?.wire as string;

/** The wire name of a property of a list's records, by its English name; undefined where the list has none. */
export const recordWire = (list: WireList, name: string): string | undefined =>
  list.properties.find((property) => property.name === name)?.wire;

/** The wire name of the property with the link of a slot's file; undefined where the list has no such slot. */
export const linkPropertyOf = (list: WireList, slot: Slot): string | undefined => slotProperty(list, slot, 'link');

/** The same for its MD5. */
export const md5PropertyOf = (list: WireList, slot: Slot): string | undefined => slotProperty(list, slot, 'md5');

const slotProperty = (list: WireList, slot: Slot, role: WireProperty['role']): string | undefined =>
  list.properties.find((property) => property.role === role && property.slot === slot)?.wire;

/** The wire table's row of a list. */
export const wireListOf = (name: ListName): WireList => LIST_BY_NAME.get(name) as WireList;

export const isCourseResult = <A>(record: PortfolioRecord<A>): record is Extract<PortfolioRecord<A>, { list: 'courseResults' }> =>
  record.list === 'courseResults';

export const isMultiPerformance = <A>(record: PortfolioRecord<A>): boolean => wireListOf(record.list).owner === 'multiPerformances';

/** The half a record belongs to; cadre posts belong to none. */
export const halfOf = <A>(record: PortfolioRecord<A>): Half | undefined =>
  isCourseResult(record) ? 'courseResults' : isMultiPerformance(record) ? 'multiPerformances' : undefined;

const OF_MULTI_PERFORMANCES = LISTS.filter((list) => list.owner === 'multiPerformances');

/** The lists of multi-performances. */
export const MULTI_PERFORMANCE_LISTS: ReadonlySet<ListName> = new Set(OF_MULTI_PERFORMANCES.map((list) => list.name));

/** The same by their names on the wire. */
export const MULTI_PERFORMANCE_WIRES: ReadonlySet<string> = new Set(OF_MULTI_PERFORMANCES.map((list) => list.wire));

/** The fields that name a record to a person: the first that says something. */
export const TITLE_FIELDS = [
  'subjectName',
  'competitionName',
  'serviceName',
  'activityName',
  'title',
  'courseName',
  'certificateCode',
  'position',
  'organiser',
] as const;

/** A record's name to a person: its subject, activity, title or post. */
export function titleOf<A>(record: PortfolioRecord<A>): string {
  const fields = record.fields as unknown as Record<string, unknown>;
  return String(TITLE_FIELDS.map((name) => fields[name]).find((value) => typeof value === 'string' && value.trim() !== '') ?? '');
}

/** The same record with its attachments seen another way. */
export function withAttachments<A, B>(record: PortfolioRecord<A>, view: (attachment: A, slot: Slot) => B): PortfolioRecord<B> {
  return {
    ...record,
    document: record.document && view(record.document, 'document'),
    media: record.media && view(record.media, 'media'),
  } as PortfolioRecord<B>;
}

/**
 * Reads a document that satisfies the schema. Absent properties take their default, `null` becomes the
 * empty value; the MD5 of nothing means no attachment whatever the link says.
 * @param repairs what was repaired of its records (`repairDocument`), which they keep
 */
export function portfoliosFromDocument(document: unknown, repairs: RecordRepairs = new Map()): Portfolio<WireAttachment>[] {
  return (document as JsonObject[]).map((student) => {
    const basic = student[BASIC_DATA_WIRE] as JsonObject;
    const records = LISTS.flatMap((list) =>
      ((ownerOf(student, list)[list.wire] ?? []) as JsonObject[]).map((record) => recordFromWire(list, record, repairs.get(record))),
    );
    const lists = new Set(LISTS.filter((list) => list.owner === 'basicData').map((list) => list.wire));
    return {
      basicData: fieldsFromWire(BASIC_DATA, basic) as unknown as BasicData,
      extras: Object.fromEntries(Object.entries(extrasOf(BASIC_DATA, basic)).filter(([key]) => !lists.has(key))),
      records,
    };
  });
}

/** The object on the wire that a list stands in. */
export const ownerOf = (student: JsonObject, list: WireList): JsonObject =>
  list.owner === 'student'
    ? student
    : ((student[list.owner === 'basicData' ? BASIC_DATA_WIRE : HALF_WIRE.multiPerformances.property] ?? {}) as JsonObject);

function recordFromWire(list: WireList, wire: JsonObject, repairs: readonly ValueRepair[] | undefined): PortfolioRecord<WireAttachment> {
  return {
    list: list.name,
    fields: fieldsFromWire(list.properties, wire),
    extras: extrasOf(list.properties, wire),
    document: attachmentFromWire(list, wire, 'document'),
    media: attachmentFromWire(list, wire, 'media'),
    ...(repairs && { repairs }),
  } as unknown as PortfolioRecord<WireAttachment>;
}

function fieldsFromWire(properties: readonly WireProperty[], wire: JsonObject): Record<string, JsonValue> {
  const fields: Record<string, JsonValue> = {};
  for (const property of properties) {
    if (property.role) continue;
    const value = Object.hasOwn(wire, property.wire) ? wire[property.wire] : undefined;
    fields[property.name] = value === undefined ? property.whenAbsent : (value ?? (property.type === 'number' ? -1 : ''));
  }
  return fields;
}

function extrasOf(properties: readonly WireProperty[], wire: JsonObject): JsonObject {
  const known = new Set(properties.map((property) => property.wire));
  return Object.fromEntries(Object.entries(wire).filter(([key]) => !known.has(key)));
}

function attachmentFromWire(list: WireList, wire: JsonObject, slot: Slot): WireAttachment | null {
  const text = (property: string | undefined) => (property && (wire[property] as string | null | undefined)) ?? '';
  const attachment = { link: text(linkPropertyOf(list, slot)), md5: text(md5PropertyOf(list, slot)) };
  return attachment.link === '' || attachment.md5 === EMPTY_MD5 ? null : attachment;
}

/** Writes portfolios as the exchange document: every list present, every property in the spec's order. */
export function documentFromPortfolios(portfolios: readonly Portfolio<WireAttachment>[]): JsonValue {
  return portfolios.map((portfolio) => {
    const listsOf = (owner: WireList['owner']): JsonObject =>
      Object.fromEntries(
        LISTS.filter((list) => list.owner === owner).map((list) => [
          list.wire,
          portfolio.records.filter((record) => record.list === list.name).map((record) => recordToWire(list, record, portfolio.basicData)),
        ]),
      );
    const basicData = {
      ...fieldsToWire(BASIC_DATA, ({ name }) => (portfolio.basicData as unknown as JsonObject)[name]),
      ...listsOf('basicData'),
      ...portfolio.extras,
    };
    return { [BASIC_DATA_WIRE]: basicData, ...listsOf('student'), [HALF_WIRE.multiPerformances.property]: listsOf('multiPerformances') };
  });
}

function recordToWire(list: WireList, record: PortfolioRecord<WireAttachment>, basicData: BasicData): JsonObject {
  const [fields, shared] = [record.fields, basicData] as unknown as [JsonObject, JsonObject];
  const wireValue = (property: WireProperty) =>
    property.slot ? attachmentToWire(property, record[property.slot]) : (fields[property.name] ?? shared[property.name]);
  return { ...fieldsToWire(list.properties, wireValue), ...record.extras };
}

const attachmentToWire = ({ role }: WireProperty, attachment: WireAttachment | null): JsonValue =>
  role === 'link' ? (attachment?.link ?? '') : (attachment?.md5 ?? EMPTY_MD5);

function fieldsToWire(properties: readonly WireProperty[], wireValue: (property: WireProperty) => JsonValue | undefined): JsonObject {
  const wire: Record<string, JsonValue> = {};
  for (const property of properties) {
    const value = wireValue(property) as JsonValue;
    if (!(property.omitEmpty && value === '')) wire[property.wire] = value;
  }
  return wire;
}

/** How much there is of what: the numbers that reports, lists and the history show. */
export interface RecordCounts {
  readonly courseResults: number;
  readonly multiPerformances: number;
  readonly attachments: number;
}

export function countsOf(records: readonly PortfolioRecord<unknown>[]): RecordCounts {
  return {
    courseResults: records.filter(isCourseResult).length,
    multiPerformances: records.filter(isMultiPerformance).length,
    attachments: records.reduce((sum, record) => sum + SLOTS.filter((slot) => record[slot]).length, 0),
  };
}

/** The term a record was uploaded in, or else belongs to. */
export function termOfRecord<A>(record: PortfolioRecord<A>): string {
  const uploaded = 'uploadTerm' in record.fields ? record.fields.uploadTerm : '';
  return hasTerm(uploaded) ? uploaded : termOf(record.fields.academicYear, record.fields.semester);
}
