/** Reads a folder that holds an exchange document and the files it links to, as a school's platform hands it over. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { decodeText } from '../encoding.js';
import { type Finding, LpxError } from '../errors.js';
import { fileError } from '../io/file-error.js';
import { readSmall } from '../io/read.js';
import { addOriginalNames, MAPPING_NAME, pathOfLink, plainName } from '../spec/attachments.js';
import { BoundedFindings } from '../spec/findings.js';
import { LISTS, type WireProperty } from '../spec/generated/wire-table.js';
import { readJson } from '../spec/json.js';
import { type JsonObject, type ListName, ownerOf, type WireList } from '../spec/portfolio.js';
import { type RecordRepairs, repairDocument } from '../spec/repair.js';
import { beginningOf, kindOfFile } from './file-kind.js';

export interface ExchangeFolder {
  /** The document's base name. */
  readonly name: string;
  /** Parsed and repaired; not yet validated. */
  readonly document: unknown;
  readonly documentBytes: Buffer;
  /** Path inside the folder (forward slashes, NFC) to path on disk. Links are not followed. */
  readonly files: ReadonlyMap<string, string>;
  readonly originalNames: ReadonlyMap<string, string>;
  /** Of each student the lists that the document has, also empty ones. */
  readonly lists: readonly ReadonlySet<ListName>[];
  readonly findings: readonly Finding[];
  /** What was repaired of the document's records. */
  readonly repairs: RecordRepairs;
}

/** Larger than any document of a whole school; bytes. */
const DOCUMENT_BYTES = 256 * 1024 * 1024;

/**
 * Reads the folder at `path`, or the one around it when `path` is the JSON itself: the document first, then only the
 * folders that its links name, so that a folder which has much else in it is not walked.
 * @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE, LPX_NO_DOCUMENT, LPX_LOAD_PACKAGE, LPX_LOAD_TABLE, LPX_JSON_UNREADABLE
 */
export async function readExchangeFolder(path: string): Promise<ExchangeFolder> {
  try {
    const isFolder = (await stat(path)).isDirectory();
    const folder = isFolder ? path : dirname(path);
    const documentFile = isFolder ? await documentIn(folder) : path;
    refuseOther(documentFile);
    const documentBytes = await readSmall(documentFile, DOCUMENT_BYTES, 'file');
    const json = readDocument(documentBytes, basename(documentFile));
    const repaired = repairDocument(json.value);
    const findings = new BoundedFindings().add(json.findings).add(repaired.findings);
    const files = new Map<string, string>();
    const originalNames = new Map<string, string>();
    for (const [name, file] of await listFiles(folder, foldersOf(linksIn(repaired.document)))) {
      if (name.endsWith(`/${MAPPING_NAME}`))
        findings.add(addOriginalNames(originalNames, name, await readSmall(file, DOCUMENT_BYTES, 'file')));
      else files.set(name, file);
    }
    const name = basename(documentFile);
    const lists = listsIn(json.value);
    return {
      name,
      document: repaired.document,
      documentBytes,
      files,
      originalNames,
      lists,
      findings: findings.list(),
      repairs: repaired.repairs,
    };
  } catch (error) {
    throw fileError(error, path);
  }
}

async function documentIn(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const documents = entries.filter((entry) => entry.isFile() && /\.json$/i.test(entry.name) && entry.name !== MAPPING_NAME);
  const [only] = documents;
  if (!only)
    for (const entry of entries) if (entry.isFile() && /\.(zip|csv|xlsx?)$/i.test(entry.name)) refuseOther(join(folder, entry.name));
  if (!only || documents.length > 1) throw new LpxError('LPX_NO_DOCUMENT', { folder, count: documents.length });
  return join(folder, only.name);
}

/** As much of a text as shows whether it is a document or a table. */
const SHOWN_BYTES = 16 * 1024;

/** Whether a path is a table, by its content and name: a workbook, or a text that is not JSON. @throws as `openFile`; LPX_LOAD_PIPE */
export async function isTable(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  // A table is read more than once, which a pipe is not.
  if (found?.isFIFO()) throw new LpxError('LPX_LOAD_PIPE', { file: basename(path) });
  if (!found?.isFile()) return false;
  const kind = kindOfFile(path);
  if (kind !== undefined) return kind !== 'zip' || /\.xls[xm]$/i.test(path);
  return /\.(?:csv|tsv|xls[xm])$/i.test(path) || looksLikeTable(beginningOf(path, SHOWN_BYTES));
}

function looksLikeTable(bytes: Buffer): boolean {
  const [firstLine = ''] = (decodeText(bytes)?.text.trimStart() ?? '').split(/[\r\n]/, 1);
  return /^[^[{<"]*[,;\t]/.test(firstLine);
}

/** @throws LPX_LOAD_PACKAGE, LPX_LOAD_TABLE for a file that is not a document, by its content */
function refuseOther(path: string): void {
  const file = basename(path);
  const kind = kindOfFile(path);
  if (kind === 'zip') throw new LpxError('LPX_LOAD_PACKAGE', { file });
  if (kind !== undefined || /\.csv$/i.test(path)) throw new LpxError('LPX_LOAD_TABLE', { file, table: kind ?? 'csv' });
}

/** @throws LPX_JSON_UNREADABLE; LPX_LOAD_TABLE for a text that is a table and not JSON, LPX_LOAD_OTHER for one that is neither */
function readDocument(bytes: Buffer, file: string): ReturnType<typeof readJson> {
  try {
    return readJson(bytes, file);
  } catch (error) {
    if (looksLikeTable(bytes)) throw new LpxError('LPX_LOAD_TABLE', { file, table: 'csv' }, { cause: error });
    if (!/\.json$/i.test(file) && !/^\s*[[{]/.test(decodeText(bytes)?.text ?? ''))
      throw new LpxError('LPX_LOAD_OTHER', { file }, { cause: error });
    throw error;
  }
}

/** Before anything is repaired: a list that is not there says nothing, an empty one says that there is nothing in it. */
const listsIn = (value: unknown): ReadonlySet<ListName>[] =>
  [value].flat().map((student) => {
    const has = (list: WireList) => Array.isArray(listAt(ownerOf(student as JsonObject, list), list.wire));
    return new Set(isRecord(student) ? LISTS.filter(has).map(({ name }) => name) : []);
  });

const isRecord = (value: unknown): boolean => value !== null && typeof value === 'object' && !Array.isArray(value);

const listAt = (holder: unknown, property: string): unknown =>
  isRecord(holder) && Object.hasOwn(holder as object, property) ? (holder as JsonObject)[property] : undefined;

const LINK_PROPERTIES = new Set(
  LISTS.flatMap((list) => list.properties.filter((property: WireProperty) => property.role === 'link').map((property) => property.wire)),
);

/** Student, half, list, record, property: no link lies deeper. */
const LINK_DEPTH = 6;

/** The links of a document that may not be valid. */
function linksIn(value: unknown, depth = 0): string[] {
  if (value === null || typeof value !== 'object' || depth > LINK_DEPTH) return [];
  return Object.entries(value).flatMap(([property, inside]) =>
    typeof inside === 'string' ? (LINK_PROPERTIES.has(property) ? [inside] : []) : linksIn(inside, depth + 1),
  );
}

/** The folders on the way to the files of these links, in plain letters; those of links that point outside are none. */
function foldersOf(links: readonly string[]): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const link of links) {
    const segments = pathOfLink(link)?.split('/').slice(0, -1) ?? [];
    for (let depth = 1; depth <= segments.length; depth++) folders.add(plainName(segments.slice(0, depth).join('/')));
  }
  return folders;
}

/** The files in the wanted folders inside `root`, by their path in it. Links of the file system are not followed. */
async function listFiles(root: string, wanted: ReadonlySet<string>): Promise<(readonly [name: string, file: string])[]> {
  const found: (readonly [string, string])[] = [];
  const list = async (inside: string, folder: string) => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const name = `${inside}${entry.name.normalize('NFC')}`;
      const file = join(folder, entry.name);
      if (entry.isDirectory() && wanted.has(plainName(name))) await list(`${name}/`, file);
      // What lies next to the document is not an attachment.
      else if (entry.isFile() && inside !== '') found.push([name, file]);
    }
  };
  if (wanted.size > 0) await list('', root);
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}
