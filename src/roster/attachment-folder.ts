/**
 * Finds the files that the rows of registers name, in a folder of attachments (docs/rosters.md#attachments). Rows are matched with what
 * the folder lists, so that nothing outside is ever opened; links of the file system are not followed.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finding, findingOf, LpxError, type Place } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { canonicalCode, inPlainLetters, trimmed } from '../plain-text.js';
import { isNotOurs, pathOfLink, plainName } from '../spec/attachments.js';
import {
  HALF_WIRE,
  HALVES,
  type JsonObject,
  type ListName,
  linkPropertyOf,
  recordWire,
  SLOTS,
  type Slot,
  TITLE_FIELDS,
  wireListOf,
} from '../spec/portfolio.js';

/** A record of a register. Its links are what the row names its files by. */
export interface RegisterRecord {
  /** Canonical. */
  readonly nationalId: string;
  readonly list: ListName;
  readonly record: JsonObject;
  /** Where a property of the record, by its name on the wire, stands in the register. */
  readonly place: (property: string) => Place;
}

export interface LinkedRecords<R extends RegisterRecord> {
  /** In the same order; their links are paths in the folder. One whose files were not found keeps its own. */
  readonly records: readonly R[];
  /** Path inside the folder (forward slashes, NFC) to path on disk: the files of these records. */
  readonly files: ReadonlyMap<string, string>;
  /** LPX_ATTACHMENT_MISSING, LPX_ATTACHMENT_AMBIGUOUS, LPX_ATTACHMENT_UNNAMED, LPX_LINK_UNSAFE */
  readonly findings: readonly Finding[];
}

/** What of a folder of attachments is read. */
export interface FolderTerms {
  /**
   * Whether the folder was named as that of attachments: then all of it is searched, and rows that name no file get those in their
   * student's folder that are called as the record is. Else it is the one that the register lies in, of which only the folders that rows
   * or ids name are read.
   */
  readonly search: boolean;
  /** The national ids of the register. */
  readonly ids: ReadonlySet<string>;
  /** What its rows name files by. */
  readonly named: Iterable<string>;
}

/** @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE, LPX_LIMIT_EXCEEDED */
export async function openAttachments(folder: string, { search, ids, named }: FolderTerms): Promise<AttachmentFolder> {
  const first = new Set([...named].map((text) => plainName(pathOfLink(trimmed(text))?.split('/')[0] ?? '')));
  if (!search && first.size === 0) return new AttachmentFolder([], ids, search);
  const isWanted = (name: string) => search || first.has(plainName(name)) || ownerOf(name, ids) !== undefined;
  return new AttachmentFolder(await listFiles(folder, isWanted, ids), ids, search);
}

/** The files of a folder, for the records of a register. */
export class AttachmentFolder {
  readonly #index: FileIndex;
  readonly #ids: ReadonlySet<string>;
  readonly #search: boolean;
  readonly #halves = new Set<string>();

  constructor(files: readonly ListedFile[], ids: ReadonlySet<string>, search: boolean) {
    this.#index = new FileIndex(files);
    this.#ids = ids;
    this.#search = search;
  }

  /** Finds the files of records. @param records all that the register has of some students */
  link<R extends RegisterRecord>(records: readonly R[]): LinkedRecords<R> {
    const named = records.map(namedFiles);
    const findings: Finding[] = [];
    const used = new Set<ListedFile>();
    const linked = records.map((record, i): R => {
      const found = (named[i] ?? []).map(({ slot, text }) => {
        const match = this.#index.find(text, record);
        if ('finding' in match) findings.push(match.finding(record.place(linkOf(record, slot)), text));
        else used.add(match.file);
        return { slot, file: 'file' in match ? match.file : undefined };
      });
      return withFiles(record, found);
    });
    for (const file of used) this.#index.use(file);
    if (this.#search) findings.push(...addByTitle(linked, { named, index: this.#index, used }));
    for (const { list } of records) this.#halves.add(halfFolderOf(list));
    return { records: linked, files: new Map([...used].map(({ path, file }) => [path, file])), findings };
  }

  /** The paths on disk of the files that records have taken. */
  used(): string[] {
    return this.#index.used().map(({ file }) => file);
  }

  /** Files in students' folders that no record has taken; none where the folder was not searched. */
  unused(): ListedFile[] {
    if (!this.#search) return [];
    // Those of the other half are for another register.
    const others = HALVES.map((half) => HALF_WIRE[half].folder).filter((folder) => !this.#halves.has(folder));
    const isMeant = ({ path, owner }: ListedFile) =>
      owner !== undefined && this.#ids.has(owner) && !path.split('/').some((part) => others.includes(part));
    return this.#index.unused().filter(isMeant);
  }
}

interface NamedFile {
  readonly slot: Slot;
  readonly text: string;
}

const halfFolderOf = (list: ListName): string => HALF_WIRE[list === 'courseResults' ? 'courseResults' : 'multiPerformances'].folder;

const linkOf = ({ list }: RegisterRecord, slot: Slot): string => linkPropertyOf(wireListOf(list), slot) as string;

const namedFiles = (record: RegisterRecord): NamedFile[] =>
  SLOTS.flatMap((slot) => {
    const text = trimmed(String(record.record[linkOf(record, slot)] ?? ''));
    return text === '' ? [] : [{ slot, text }];
  });

/** A file in the folder. */
export interface ListedFile {
  /** Inside the folder, NFC. */
  readonly path: string;
  /** On disk. */
  readonly file: string;
  /** The national id in the path; undefined without one. */
  readonly owner: string | undefined;
}

/** More than the attachments of all students of a school. */
const FILES = 500_000;

async function listFiles(root: string, isWanted: (name: string) => boolean, ids: ReadonlySet<string>): Promise<ListedFile[]> {
  const found: ListedFile[] = [];
  const list = async (inside: string, folder: string, ofFolder: string | undefined): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
      throw fileError(error, folder);
    });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = `${inside}${entry.name.normalize('NFC')}`;
      const owner = ofFolder ?? ownerOf(entry.name, ids);
      if (entry.isDirectory() && (inside !== '' || isWanted(entry.name))) await list(`${path}/`, join(folder, entry.name), owner);
      else if (entry.isFile() && !isNotOurs(path)) found.push({ path, file: join(folder, entry.name), owner });
      if (found.length > FILES) throw new LpxError('LPX_LIMIT_EXCEEDED', { what: 'entries', value: found.length, limit: FILES });
    }
  };
  await list('', root, undefined);
  return found;
}

const ID_FORM = /(?<![0-9A-Z])[A-Z][A-D1289][0-9]{8}(?![0-9])/;

/** Whose a folder or a file is by its name: `A800000014`, `A800000014_王小明`, `3-12 王小明(a800000014)`. */
function ownerOf(name: string, ids: ReadonlySet<string>): string | undefined {
  const plain = inPlainLetters(name);
  const words = plain.split(/[^0-9A-Z-]+|(?=\.[^.]*$)/);
  return words.find((word) => ids.has(word)) ?? ID_FORM.exec(plain)?.[0];
}

const stemOf = (path: string): string => path.replace(/\.[^./]*$/, '');
const lastOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

type Match = { readonly file: ListedFile } | { readonly finding: (place: Place, text: string) => Finding };

const missing: Match = { finding: (place, link) => findingOf('LPX_ATTACHMENT_MISSING', 'error', place, { link }) };
const unsafe: Match = { finding: (place, link) => findingOf('LPX_LINK_UNSAFE', 'error', place, { link }) };
const ambiguous = (files: readonly ListedFile[]): Match => ({
  finding: (place, link) =>
    findingOf('LPX_ATTACHMENT_AMBIGUOUS', 'error', place, {
      link,
      count: files.length,
      files: exampleOf(files),
    }),
});

/** The first few of some files, for a message. */
export const exampleOf = (files: readonly ListedFile[]): string =>
  files
    .slice(0, 3)
    .map(({ path }) => path)
    .join(', ') + (files.length > 3 ? ' …' : '');

/** The files of a folder, as rows name them. */
class FileIndex {
  readonly #files: readonly ListedFile[];
  readonly #byOwner = new Map<string, ListedFile[]>();
  /** By the last part of the path in plain letters, with its type and without. */
  readonly #byName = new Map<string, ListedFile[]>();
  readonly #used = new Set<ListedFile>();

  constructor(files: readonly ListedFile[]) {
    this.#files = files;
    for (const file of files) {
      if (file.owner !== undefined) addTo(this.#byOwner, file.owner, file);
      for (const key of new Set([plainName(lastOf(file.path)), `${plainName(lastOf(stemOf(file.path)))}.`])) addTo(this.#byName, key, file);
    }
  }

  /** The one file that a text means: a path or the end of one, with or without its type; the student's own before those of nobody. */
  find(text: string, { nationalId, list }: RegisterRecord): Match {
    const path = pathOfLink(text);
    if (path === undefined) return unsafe;
    const fits = this.#ending(path).filter(({ owner }) => owner === undefined || owner === nationalId);
    const half = halfFolderOf(list);
    const narrower: readonly ((file: ListedFile) => boolean)[] = [
      (file) => file.path === path && path.includes('/'),
      ({ owner }) => owner === nationalId,
      (file) => file.path === path,
      (file) => file.path === path || file.path.endsWith(`/${path}`),
      (file) => file.path.split('/').includes(half),
    ];
    let left = fits;
    for (const isBetter of narrower) {
      const better = left.filter(isBetter);
      if (better.length > 0) left = better;
    }
    const [only] = left;
    if (!only) return missing;
    if (left.length > 1) return ambiguous(left);
    return { file: only };
  }

  /** Files whose path ends so, in plain letters; of a name without a type those of any type. */
  #ending(path: string): ListedFile[] {
    const plain = plainName(path);
    const endsSo = (whole: string) => whole === plain || whole.endsWith(`/${plain}`);
    const named = (this.#byName.get(lastOf(plain)) ?? []).filter((file) => endsSo(plainName(file.path)));
    return named.length > 0 ? named : (this.#byName.get(`${lastOf(plain)}.`) ?? []).filter((file) => endsSo(plainName(stemOf(file.path))));
  }

  use(file: ListedFile): void {
    this.#used.add(file);
  }

  used(): ListedFile[] {
    return [...this.#used];
  }

  /** @param owner whose files; those of all without one */
  unused(owner?: string): ListedFile[] {
    const files = owner === undefined ? this.#files : (this.#byOwner.get(owner) ?? []);
    return files.filter((file) => !this.#used.has(file));
  }
}

function addTo<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}

const MEDIA = /\.(?:mp3|mp4)$/i;
const slotOf = ({ path }: ListedFile): Slot => (MEDIA.test(path) ? 'media' : 'document');

/** The record with the paths of its files. Sound or a film that is named as a document goes where it belongs, when nothing is there. */
function withFiles<R extends RegisterRecord>(
  record: R,
  found: readonly { readonly slot: Slot; readonly file: ListedFile | undefined }[],
): R {
  const links: Record<string, string> = {};
  const taken = new Set(found.map(({ slot }) => slot));
  for (const { slot, file } of found) {
    if (!file) continue;
    const kind = slotOf(file);
    if (slot === 'document' && kind === 'media' && !taken.has('media')) {
      links[linkOf(record, 'document')] = '';
      links[linkOf(record, 'media')] = file.path;
    } else links[linkOf(record, slot)] = file.path;
  }
  return { ...record, record: { ...record.record, ...links } };
}

/** Fields by which a file may be called, other than the title. */
const NAMING_FIELDS = ['courseCode', 'certificateNumber'];

/** What a record's file is called when the row does not say. */
function namesOf({ list, record, nationalId }: RegisterRecord): string[] {
  const fields = [...TITLE_FIELDS, ...NAMING_FIELDS].map((field) => record[recordWire(wireListOf(list), field) ?? '']);
  const titles = fields.filter((title): title is string => typeof title === 'string' && trimmed(title) !== '');
  return titles.map((title) => bareName(title, nationalId));
}

/** No file has a longer name. */
const NAME_CHARACTERS = 255;

/** A name without the student's id and without what surrounds it, as it is compared. */
const bareName = (name: string, nationalId: string): string =>
  canonicalCode(name.slice(0, NAME_CHARACTERS).normalize('NFKC'))
    .replace(nationalId, '')
    .replace(/^[\s_\-.]+|[\s_\-.]+$/g, '');

interface Naming {
  /** What each record names its files by. */
  readonly named: readonly (readonly NamedFile[])[];
  readonly index: FileIndex;
  readonly used: Set<ListedFile>;
}

/** Gives rows without a file those in their student's folder that are called as the record is; each file fits one row, or none gets it. */
function addByTitle<R extends RegisterRecord>(records: R[], { named, index, used }: Naming): Finding[] {
  const byName = new Map<string, number[]>();
  for (const [i, record] of records.entries())
    for (const name of new Set(namesOf(record))) addTo(byName, `${record.nationalId} ${name}`, i);
  const findings: Finding[] = [];
  const given = new Map<number, ListedFile[]>();
  const owners = new Set(records.map(({ nationalId }) => nationalId));
  const unused = [...owners].flatMap((owner) => index.unused(owner).map((file) => ({ file, owner })));
  for (const { file, owner } of unused) {
    const open = (byName.get(`${owner} ${bareName(stemOf(lastOf(file.path)), owner)}`) ?? []).filter((i) => named[i]?.length === 0);
    const [only] = open;
    if (only === undefined) continue;
    if (open.length === 1) given.set(only, [...(given.get(only) ?? []), file]);
    else
      for (const i of open) {
        const record = records[i] as R;
        findings.push(
          findingOf('LPX_ATTACHMENT_UNNAMED', 'error', record.place(linkOf(record, slotOf(file))), { link: file.path, count: open.length }),
        );
      }
  }
  for (const [i, files] of given) {
    const record = records[i] as R;
    for (const slot of SLOTS) {
      const ofSlot = files.filter((file) => slotOf(file) === slot);
      const [only] = ofSlot;
      if (!only) continue;
      if (ofSlot.length > 1) {
        const { finding } = ambiguous(ofSlot) as Extract<Match, { readonly finding: unknown }>;
        findings.push(finding(record.place(linkOf(record, slot)), lastOf(stemOf(only.path))));
        continue;
      }
      index.use(only);
      used.add(only);
      records[i] = withFiles(records[i] as R, [{ slot, file: only }]);
    }
  }
  return findings;
}
