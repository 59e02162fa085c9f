/** Reads a package's structure: which entry is what, the document, the mappings, the attachments. */
import { type Finding, LpxError } from '../errors.js';
import { addOriginalNames, isNotOurs, MAPPING_NAME } from '../spec/attachments.js';
import { BoundedFindings } from '../spec/findings.js';
import { type ReadJson, readJson } from '../spec/json.js';
import { holdsStudents, type RecordRepairs, repairDocument, repaired } from '../spec/repair.js';
import type { Padding } from '../zip/directory.js';
import { entryBuffer } from '../zip/entry.js';
import { overLimit } from '../zip/limits.js';
import { readArchive, type ZipArchive, type ZipEntry } from '../zip/reader.js';
import { DIGESTED_DOCUMENT, type DigestedFile, digestedText } from './contents-digest.js';
import { JSON_BYTES } from './limits.js';

/** All JSON of one package together. */
const TOTAL_JSON_BYTES = 2 * JSON_BYTES;

/** The entries of a package, by what their names say they are. */
export interface PackageEntries {
  /** The JSON files at the root: one of them is the document. */
  readonly documents: readonly PackageEntry[];
  readonly mappings: readonly PackageEntry[];
  /** Everything else, by name in NFC. */
  readonly files: ReadonlyMap<string, ZipEntry>;
  readonly findings: readonly Finding[];
}

/** An entry, and its name inside the package: in NFC, without a folder around the whole. */
interface PackageEntry {
  readonly name: string;
  readonly entry: ZipEntry;
}

/** The document as repaired, not yet validated, and the original names of the files. */
export interface PackageStructure {
  readonly document: unknown;
  /** Entry name to the name the file was uploaded under. */
  readonly originalNames: ReadonlyMap<string, string>;
  /** The document and the mappings, as the contents digest takes them. */
  readonly digested: readonly DigestedFile[];
  /** JSON files at the root that are not the document, by name. */
  readonly otherDocuments: ReadonlyMap<string, ZipEntry>;
  readonly findings: readonly Finding[];
  /** What was repaired of the document's records. */
  readonly repairs: RecordRepairs;
}

/** JSON files at the root that are looked at for the document; a package has one, or two with another vendor's. */
const ROOT_DOCUMENTS = 30;

/** The entries of a package, and findings about the archive. */
export interface PackageDirectory {
  readonly entries: readonly ZipEntry[];
  readonly findings: readonly Finding[];
}

/** Reads the directory of a package. @throws as `readArchive` and `directoryOf` */
export const readDirectory = async (zipFile: string): Promise<PackageDirectory> => directoryOf(await readArchive(zipFile));

/**
 * The directory of an archive that is a package: every entry that holds anything has to be encrypted.
 * @throws LPX_ENTRY_NOT_ENCRYPTED, LPX_NOT_A_PACKAGE for an empty archive
 */
export function directoryOf({ entries, padding }: ZipArchive): PackageDirectory {
  const unencrypted = entries.filter((entry) => entry.encryption === 'none');
  const open = unencrypted.find((entry) => entry.size > 0) ?? (unencrypted.length === entries.length ? entries[0] : undefined);
  if (open) throw new LpxError('LPX_ENTRY_NOT_ENCRYPTED', {}, { place: { entry: open.name } });
  if (entries.length === 0) throw new LpxError('LPX_NOT_A_PACKAGE', { reason: 'empty' });
  return { entries, findings: padding ? [paddingFinding(padding)] : [] };
}

/** Zeros are some writers' habit; blanks were added on the way. */
const paddingFinding = ({ bytes, content }: Padding): Finding => ({
  code: 'LPX_ZIP_PADDED',
  severity: content === 'zeros' ? 'note' : 'warning',
  place: {},
  facts: { bytes, content },
});

/** Tells the entries apart. @throws LPX_NOT_A_PACKAGE */
export function sortEntries(entries: readonly ZipEntry[]): PackageEntries {
  const findings: Finding[] = [];
  const named = entries.map((entry) => ({ name: entry.name.normalize('NFC'), entry }));
  const ours = named.filter(({ name }) => !isNotOurs(name));
  for (const { name } of named)
    if (isNotOurs(name)) findings.push({ code: 'LPX_ENTRY_IGNORED', severity: 'note', place: { entry: name }, facts: {} });
  for (const { name, entry } of ours) {
    if (entry.nameEncoding === 'cp950') findings.push(repaired('name', { entry: name }, 'CP950', 'UTF-8'));
  }
  const wrapper = wrapperOf(ours.map(({ name }) => name));
  if (wrapper) findings.push(repaired('folder', { entry: wrapper }, wrapper, '/'));
  const all = ours.map(({ name, entry }) => ({ name: name.slice(wrapper.length), entry }));
  const documents = all.filter(({ name }) => isDocumentName(name));
  const mappings = all.filter(({ name }) => name.endsWith(`/${MAPPING_NAME}`));
  if (documents.length === 0) throw new LpxError('LPX_NOT_A_PACKAGE', { reason: 'noDocument' });
  const texts = new Set<PackageEntry>([...documents, ...mappings]);
  return { documents, mappings, findings, files: new Map(all.filter((file) => !texts.has(file)).map(({ name, entry }) => [name, entry])) };
}

const isDocumentName = (name: string): boolean => !name.includes('/') && name.toLowerCase().endsWith('.json') && name !== MAPPING_NAME;

/** The folder around the whole package, with its slash, when it was zipped with one; else empty (docs/field-defects.md#folder). */
function wrapperOf(names: readonly string[]): string {
  const first = names[0]?.slice(0, names[0].indexOf('/') + 1) ?? '';
  const around = first !== '' && names.every((name) => name.startsWith(first));
  return around && names.some((name) => isDocumentName(name.slice(first.length))) ? first : '';
}

/** Reads the JSON entries. @throws LPX_JSON_UNREADABLE, LPX_ENTRY_DAMAGED, LPX_LIMIT_EXCEEDED, LPX_NOT_A_PACKAGE */
export async function readStructure(fd: number, entries: PackageEntries, baseName: string, password: Buffer): Promise<PackageStructure> {
  const findings = new BoundedFindings().add(entries.findings);
  const bytes = [...entries.documents, ...entries.mappings].reduce((sum, { entry }) => sum + entry.size, 0);
  if (bytes > TOTAL_JSON_BYTES) throw new LpxError('LPX_LIMIT_EXCEEDED', { what: 'json', value: bytes, limit: TOTAL_JSON_BYTES });
  const read = await readDocument(fd, entries.documents, baseName, password);
  const { document, findings: ofRepairs, repairs } = repairDocument(read.value);
  findings.add(read.findings).add(ofRepairs);
  if (Array.isArray(document) && document.length === 0) throw new LpxError('LPX_NOT_A_PACKAGE', { reason: 'empty' });
  const originalNames = new Map<string, string>();
  const digested = [{ ...read.digested, path: DIGESTED_DOCUMENT }];
  for (const { name, entry } of entries.mappings) {
    const bytes = await entryBuffer(fd, entry, password, JSON_BYTES);
    digested.push(digestedText(name, bytes));
    findings.add(addOriginalNames(originalNames, name, bytes));
  }
  const others = entries.documents.filter(({ entry }) => entry !== read.entry);
  const otherDocuments = new Map(others.map(({ name, entry }) => [name, entry]));
  return { document, originalNames, findings: findings.list(), digested, otherDocuments, repairs };
}

/**
 * The document is the one JSON at the root that holds students, whatever it is called, since mail renames files
 * (docs/spec.md#t7). Two of them are not a package, whatever they are called. Where none does, the only one or the one under
 * the package's name is taken, and its faults are reported.
 */
async function readDocument(fd: number, documents: readonly PackageEntry[], baseName: string, password: Buffer): Promise<ReadText> {
  if (documents.length > ROOT_DOCUMENTS) throw overLimit('documents', documents.length, ROOT_DOCUMENTS);
  const named = documents.find(({ name }) => name === `${baseName}.json`) ?? (documents.length === 1 ? documents[0] : undefined);
  let document: ReadText | undefined;
  let fallback: ReadText | undefined;
  for (const candidate of documents) {
    const read = await readEntry(fd, candidate.entry, candidate.name, password);
    if (holdsStudents(read.value)) {
      if (document) throw new LpxError('LPX_NOT_A_PACKAGE', { reason: 'severalDocuments' }, { place: { entry: candidate.name } });
      document = read;
    } else if (candidate === named) {
      fallback = read;
    }
  }
  const found = document ?? fallback;
  if (!found) throw new LpxError('LPX_NOT_A_PACKAGE', { reason: 'noDocument' });
  return found;
}

/** A JSON entry that has been read. */
interface ReadText extends ReadJson {
  readonly entry: ZipEntry;
  readonly digested: DigestedFile;
}

async function readEntry(fd: number, entry: ZipEntry, name: string, password: Buffer): Promise<ReadText> {
  const bytes = await entryBuffer(fd, entry, password, JSON_BYTES);
  return { ...readJson(bytes, name), entry, digested: digestedText(name, bytes) };
}
