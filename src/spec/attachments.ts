/** From the links of a document to the files next to it, in a package or a folder alike. */
import { type Finding, LpxError, type Place } from '../errors.js';
import { readJson } from './json.js';
import { filePlace, recordPlaces } from './place.js';
import { type OwedFile, type Portfolio, type PortfolioRecord, SLOTS, type Slot, type WireAttachment, wireListOf } from './portfolio.js';
import { repaired, repairMapping, unusableMapping } from './repair.js';
import { shown } from './validate.js';

export const MAPPING_NAME = 'filename_mapping.json';

/** What systems leave in folders, and other software next to a document (docs/spec.md#t17; docs/field-defects.md#second-dialect). */
const NOT_OURS = /(?:^|\/)(?:__MACOSX\/.*|\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini|課程諮詢\.json)$/;

/** Whether an entry is not part of any package, by its name. */
export const isNotOurs = (name: string): boolean => NOT_OURS.test(name);

/** One attachment of a record, found. `F` is what a file is where it was found. */
export interface FoundAttachment<F> {
  readonly record: PortfolioRecord<WireAttachment>;
  readonly slot: Slot;
  readonly file: F;
  /** What the document says the MD5 is. */
  readonly md5: string;
  readonly originalName: string;
  readonly place: Place;
}

/**
 * Adds what a `filename_mapping.json` says of the files in its folder. One that cannot be read is a warning, and the
 * files keep their own names. @param path that of the mapping
 */
export function addOriginalNames(names: Map<string, string>, path: string, bytes: Buffer): readonly Finding[] {
  const folder = path.normalize('NFC').slice(0, -MAPPING_NAME.length);
  try {
    const { value, findings } = readJson(bytes, path);
    const { mapping, findings: repairs } = repairMapping(value, path);
    for (const [name, original] of mapping) names.set(folder + name.normalize('NFC'), original);
    return [...findings, ...repairs];
  } catch (error) {
    if (error instanceof LpxError) return [unusableMapping(path)];
    throw error;
  }
}

export interface FoundAttachments<F> {
  readonly attachments: readonly FoundAttachment<F>[];
  readonly findings: readonly Finding[];
  /** Attachments that were not there, as files that their records are owed. */
  readonly missing: readonly MissingAttachment[];
  /** Records with a link that cannot be followed. */
  readonly unsound: ReadonlySet<PortfolioRecord<WireAttachment>>;
}

/** An attachment that a record is owed. */
export interface MissingAttachment {
  readonly record: PortfolioRecord<WireAttachment>;
  readonly owed: OwedFile;
}

/** Finds the file of every attachment; what is missing, unsafe or left over becomes a finding. */
export function findAttachments<F>(
  portfolios: readonly Portfolio<WireAttachment>[],
  files: ReadonlyMap<string, F>,
  originalNames: ReadonlyMap<string, string>,
  md5Required: boolean,
): FoundAttachments<F> {
  const attachments: FoundAttachment<F>[] = [];
  const findings: Finding[] = [];
  const used = new Set<string>();
  const meantPath = meantPathsIn(files);
  const missing: MissingAttachment[] = [];
  const unsound = new Set<PortfolioRecord<WireAttachment>>();
  for (const portfolio of portfolios) {
    for (const [record, ofRecord] of recordPlaces(portfolio)) {
      for (const slot of SLOTS) {
        const attachment = record[slot];
        if (!attachment) continue;
        const linked = pathOfLink(attachment.link);
        const path = meantPath(linked);
        const originalName = originalNames.get(path ?? '');
        const place = filePlace(ofRecord, wireListOf(record.list), slot, originalName && displayName(originalName));
        if (path !== linked && linked !== undefined) findings.push(repaired('link', place, shown(linked), shown(path)));
        const file = path === undefined ? undefined : files.get(path);
        if (path !== undefined) used.add(path);
        const fault =
          path === undefined
            ? 'LPX_LINK_UNSAFE'
            : file === undefined
              ? 'LPX_ATTACHMENT_MISSING'
              : attachment.md5 === '' && md5Required
                ? 'LPX_LINK_WITHOUT_MD5'
                : undefined;
        if (fault || file === undefined || path === undefined) {
          findings.push({ code: fault ?? 'LPX_ATTACHMENT_MISSING', severity: 'error', place, facts: { link: attachment.link } });
          const name = displayName(originalName ?? path ?? '');
          if (fault === 'LPX_ATTACHMENT_MISSING') missing.push({ record, owed: { slot, name, md5: attachment.md5, why: 'missing' } });
          else unsound.add(record);
          continue;
        }
        attachments.push({ record, slot, file, md5: attachment.md5, originalName: displayName(originalName ?? path), place });
      }
    }
  }
  for (const [name] of files) {
    if (!used.has(name)) findings.push({ code: 'LPX_ENTRY_UNREFERENCED', severity: 'warning', place: { entry: name }, facts: {} });
  }
  return { attachments, findings, missing, unsound };
}

/**
 * Finds the path of the one file that a link can only mean: one that ends in a bare dot lost its file's type
 * (docs/field-defects.md#bare-dot), and one in other letters, wide or narrow, great or small, was written by another system than its file.
 */
function meantPathsIn(files: ReadonlyMap<string, unknown>): (path: string | undefined) => string | undefined {
  // By the name in plain letters, and by the name up to the dot of its type. Made when a link first needs it.
  let meanings: Map<string, Set<string>> | undefined;
  return (path) => {
    if (path === undefined || files.has(path)) return path;
    meanings ??= meaningsOf(files.keys());
    const meant = meanings.get(path.endsWith('.') ? path : plainName(path)) ?? new Set();
    const [only] = meant;
    return meant.size === 1 ? only : path;
  };
}

/** A path in letters that are neither wide nor great: systems write them differently. */
export const plainName = (name: string): string => name.normalize('NFKC').toLowerCase();

function meaningsOf(names: Iterable<string>): Map<string, Set<string>> {
  const meanings = new Map<string, Set<string>>();
  const add = (key: string, name: string) => {
    const meant = meanings.get(key);
    if (meant) meant.add(name);
    else meanings.set(key, new Set([name]));
  };
  for (const name of names) {
    add(plainName(name), name);
    const dot = name.lastIndexOf('.');
    add(dot > name.lastIndexOf('/') ? name.slice(0, dot + 1) : `${name}.`, name);
  }
  return meanings;
}

/** The path inside the package that a link means: forward slashes, no leading `./` or `/`; undefined when it points outside. */
export function pathOfLink(link: string): string | undefined {
  const segments = link
    .normalize('NFC')
    .replaceAll('\\', '/')
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.');
  return segments.includes('..') || /^[A-Za-z]:/.test(link) ? undefined : segments.join('/');
}

/** Of a longer name the end is shown, where its extension stands. */
const NAME_CHARACTERS = 1024;

/** An original name as display text: its last part, without control characters. Never used as a path. */
function displayName(name: string): string {
  const end = name.slice(-NAME_CHARACTERS);
  const last = end.slice(Math.max(end.lastIndexOf('/'), end.lastIndexOf('\\')) + 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return last.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
}
