/** Reads a folder that holds an exchange document and the files it links to, as a school's platform hands it over. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { type Finding, LpxError } from '../errors.js';
import { fileError } from '../files.js';
import { addOriginalNames, MAPPING_NAME } from '../spec/attachments.js';
import { readJson } from '../spec/json.js';
import { repairDocument } from '../spec/repair.js';

export interface ExchangeFolder {
  /** The document's base name. */
  readonly name: string;
  /** Parsed and repaired; not yet validated. */
  readonly document: unknown;
  readonly documentBytes: Buffer;
  /** Path inside the folder (forward slashes, NFC) to path on disk. Links are not followed. */
  readonly files: ReadonlyMap<string, string>;
  readonly originalNames: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
}

/**
 * Reads the folder at `path`, or the one around it when `path` is the JSON itself.
 * @throws LPX_FILE_NOT_FOUND, LPX_FILE_UNREADABLE, LPX_NO_DOCUMENT, LPX_JSON_UNREADABLE
 */
export async function readExchangeFolder(path: string): Promise<ExchangeFolder> {
  try {
    const isFolder = (await stat(path)).isDirectory();
    const folder = isFolder ? path : dirname(path);
    const files = await listFiles(folder);
    const document = isFolder ? documentAmong(files, path) : path;
    const documentBytes = await readFile(document);
    const originalNames = new Map<string, string>();
    const findings: Finding[] = [];
    const contents = new Map(files);
    for (const [name, file] of files) {
      if (name.endsWith(`/${MAPPING_NAME}`)) findings.push(...addOriginalNames(originalNames, name, await readFile(file)));
      // A document or mapping is no attachment.
      if (file === document || name.endsWith(`/${MAPPING_NAME}`) || !name.includes('/')) contents.delete(name);
    }
    const json = readJson(documentBytes, basename(document));
    const repaired = repairDocument(json.value);
    findings.push(...json.findings, ...repaired.findings);
    return {
      name: basename(document),
      document: repaired.document,
      documentBytes,
      files: contents,
      originalNames,
      findings,
    };
  } catch (error) {
    throw fileError(error, path);
  }
}

async function listFiles(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const file = join(entry.parentPath, entry.name);
        return [relative(folder, file).split(sep).join('/').normalize('NFC'), file] as const;
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function documentAmong(files: ReadonlyMap<string, string>, folder: string): string {
  const documents = [...files].filter(([name]) => !name.includes('/') && name.toLowerCase().endsWith('.json') && name !== MAPPING_NAME);
  const [only] = documents;
  if (!only || documents.length > 1) throw new LpxError('LPX_NO_DOCUMENT', { folder, count: documents.length });
  return only[1];
}
