/** Reads a package's structure: which entry is what, the document, the mappings, the attachments. */
import { type Finding, LpxError } from '../errors.js';
import { addOriginalNames, MAPPING_NAME } from '../spec/attachments.js';
import { parseJson } from '../spec/json.js';
import { mappingFindings } from '../spec/validate.js';
import { entryBuffer } from '../zip/entry-bytes.js';
import { readZip, type ZipEntry } from '../zip/reader.js';

/** Largest JSON that is parsed, in bytes: thousands of students stay far below. */
const JSON_BYTES = 64 * 1024 * 1024;

/** The entries of a package, told apart by their names. */
export interface PackageEntries {
  readonly document: ZipEntry;
  readonly mappings: readonly ZipEntry[];
  /** Everything else, by name in NFC. */
  readonly files: ReadonlyMap<string, ZipEntry>;
}

/** The document as parsed, not yet validated, and the original names of the files. */
export interface PackageStructure {
  readonly document: unknown;
  /** Entry name to the name the file was uploaded under. */
  readonly originalNames: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
}

/**
 * Reads the directory of a package. Every entry that holds anything has to be encrypted.
 * @throws as `readZip`; LPX_ENTRY_NOT_ENCRYPTED, LPX_NOT_A_PACKAGE for an empty archive
 */
export async function readDirectory(zipFile: string): Promise<ZipEntry[]> {
  const entries = await readZip(zipFile);
  const open = entries.find((entry) => entry.encryption === 'none' && entry.size > 0);
  if (open) throw new LpxError('LPX_ENTRY_NOT_ENCRYPTED', { entry: open.name });
  if (entries.length === 0) throw new LpxError('LPX_NOT_A_PACKAGE', { reason: 'empty' });
  return entries;
}

/** Tells the entries apart. The document is the one JSON at the root, whatever it is called (spec 8, T7). */
export function sortEntries(entries: readonly ZipEntry[], baseName: string): PackageEntries {
  const named = new Map(entries.map((entry) => [entry.name.normalize('NFC'), entry]));
  const roots = [...named].filter(([name]) => !name.includes('/') && name.toLowerCase().endsWith('.json') && name !== MAPPING_NAME);
  const [document] = roots.length === 1 ? roots : roots.filter(([name]) => name === `${baseName}.json`);
  if (!document) throw new LpxError('LPX_NOT_A_PACKAGE', { reason: roots.length === 0 ? 'noDocument' : 'severalDocuments' });
  const mappings = [...named].filter(([name]) => name.endsWith(`/${MAPPING_NAME}`));
  const rest = new Set([document, ...mappings].map(([name]) => name));
  return {
    document: document[1],
    mappings: mappings.map(([, entry]) => entry),
    files: new Map([...named].filter(([name]) => !rest.has(name))),
  };
}

/** Reads the JSON entries. @throws LPX_JSON_UNREADABLE, LPX_ENTRY_DAMAGED, LPX_LIMIT_EXCEEDED */
export async function readStructure(fd: number, entries: PackageEntries, password: Buffer): Promise<PackageStructure> {
  const document = await readJson(fd, entries.document, password);
  const originalNames = new Map<string, string>();
  const findings: Finding[] = [];
  for (const entry of entries.mappings) {
    const mapping = await readJson(fd, entry, password);
    const wrong = mappingFindings(mapping, entry.name);
    findings.push(...wrong);
    if (wrong.length === 0) addOriginalNames(originalNames, entry.name, mapping);
  }
  return { document, originalNames, findings };
}

async function readJson(fd: number, entry: ZipEntry, password: Buffer): Promise<unknown> {
  const bytes = await entryBuffer(fd, entry, password, JSON_BYTES).catch((error) => {
    throw asDamage(error);
  });
  return parseJson(bytes, entry.name);
}

/** The password opened the package, so an entry that refuses it is damaged. */
export function asDamage(error: unknown): unknown {
  return error instanceof LpxError && error.code === 'LPX_PASSWORD_WRONG'
    ? new LpxError('LPX_ENTRY_DAMAGED', { ...error.facts, part: 'password' }, { cause: error })
    : error;
}
