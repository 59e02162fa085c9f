/** Reads a package's structure: which entry is what, the document, the mappings, the attachments. */
import { type Finding, LpxError } from '../errors.js';
import { type Portfolio, type PortfolioRecord, SLOTS, type Slot, type WireAttachment, wireListOf } from '../spec/portfolio.js';
import { mappingFindings, placesOf } from '../spec/validate.js';
import { entryBuffer } from '../zip/entry-bytes.js';
import { readZip, type ZipEntry } from '../zip/reader.js';
import { MAPPING_NAME } from './layout.js';

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

/** One attachment of a record, found in the package. */
export interface AttachmentEntry {
  readonly record: PortfolioRecord<WireAttachment>;
  readonly slot: Slot;
  readonly entry: ZipEntry;
  /** What the document says the MD5 is. */
  readonly md5: string;
  readonly originalName: string;
  readonly where: string;
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
  return { document: document[1], mappings: mappings.map(([, entry]) => entry), files: new Map([...named].filter(([name]) => !rest.has(name))) };
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
    if (wrong.length > 0) continue;
    const folder = entry.name.normalize('NFC').slice(0, -MAPPING_NAME.length);
    for (const [name, original] of Object.entries(mapping as Record<string, string | null>)) {
      if (original !== null) originalNames.set(folder + name.normalize('NFC'), original);
    }
  }
  return { document, originalNames, findings };
}

async function readJson(fd: number, entry: ZipEntry, password: Buffer): Promise<unknown> {
  const bytes = await entryBuffer(fd, entry, password, JSON_BYTES).catch((error) => {
    throw asDamage(error);
  });
  return parseJson(bytes, entry.name);
}

/** UTF-8 JSON, with or without a byte order mark. @throws LPX_JSON_UNREADABLE with the place in it */
export function parseJson(bytes: Buffer, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    // The engine's message may quote the text, which holds personal data: only the position is passed on.
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    throw new LpxError('LPX_JSON_UNREADABLE', { file, position: position ?? '?' });
  }
}

/** The password opened the package, so an entry that refuses it is damaged. */
export function asDamage(error: unknown): unknown {
  return error instanceof LpxError && error.code === 'LPX_PASSWORD_WRONG'
    ? new LpxError('LPX_ENTRY_DAMAGED', { ...error.facts, part: 'password' }, { cause: error })
    : error;
}

/** Finds the entry of every attachment; what is missing, unsafe or left over becomes a finding. */
export function findAttachments(
  portfolios: readonly Portfolio<WireAttachment>[],
  files: ReadonlyMap<string, ZipEntry>,
  originalNames: ReadonlyMap<string, string>,
): { readonly attachments: readonly AttachmentEntry[]; readonly findings: readonly Finding[] } {
  const attachments: AttachmentEntry[] = [];
  const findings: Finding[] = [];
  const used = new Set<string>();
  for (const { basicData, records } of portfolios) {
    const places = placesOf(basicData.nationalId, portfolios.length > 1);
    const counters = new Map<string, number>();
    for (const record of records) {
      const list = wireListOf(record.list);
      const index = counters.get(list.name) ?? 0;
      counters.set(list.name, index + 1);
      for (const slot of SLOTS) {
        const attachment = record[slot];
        if (!attachment) continue;
        const property = list.properties.find((one) => one.role === 'link' && one.slot === slot)?.wire;
        const where = places.record(list.wire, index, property);
        const path = entryNameOf(attachment.link);
        const entry = path === undefined ? undefined : files.get(path);
        const fault = path === undefined ? 'LPX_LINK_UNSAFE' : !entry ? 'LPX_ATTACHMENT_MISSING' : attachment.md5 === '' ? 'LPX_LINK_WITHOUT_MD5' : undefined;
        if (fault || !entry || path === undefined) {
          findings.push({ code: fault ?? 'LPX_ATTACHMENT_MISSING', severity: 'error', where, facts: { link: attachment.link } });
          continue;
        }
        used.add(path);
        const originalName = displayName(originalNames.get(path) ?? entry.name);
        attachments.push({ record, slot, entry, md5: attachment.md5, originalName, where });
      }
    }
  }
  for (const [name] of files) {
    if (!used.has(name)) findings.push({ code: 'LPX_ENTRY_UNREFERENCED', severity: 'warning', where: name, facts: {} });
  }
  return { attachments, findings };
}

/** The entry a link means: forward slashes, no leading `./` or `/`; undefined when it points outside. */
export function entryNameOf(link: string): string | undefined {
  const segments = link.normalize('NFC').replaceAll('\\', '/').split('/').filter((segment) => segment !== '' && segment !== '.');
  return segments.includes('..') || /^[A-Za-z]:/.test(link) ? undefined : segments.join('/');
}

/** An original name as display text: its last part, without control characters. Never used as a path. */
function displayName(name: string): string {
  const last = name.split(/[\\/]/).at(-1) ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return last.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
}
