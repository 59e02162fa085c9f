/**
 * What jobs in the queue carry. The submitter and the worker have the shared folders and the database in common, and nothing else: passwords
 * are encrypted to the workers, or the workers have them already.
 */
import { createHash, randomUUID } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { gunzipSync, gzipSync } from 'node:zlib';
import { LpxError } from '../errors.js';
import type { ImportTerms, InboxPasswords, InboxResult, VerifyTerms } from '../exchange/batch-import.js';
import type { ExportResult } from '../exchange/export.js';
import { decryptWith, encryptTo, type Identities } from '../io/age.js';
import { knownError, writeError } from '../io/file-error.js';
import { writeFiles } from '../io/publish.js';
import type { Password } from '../package/password-source.js';
import { type PostedError, posted, revived } from '../posted-error.js';
import type { BatchExportJob } from './use-cases.js';

/** A folder that the submitter and all workers reach by the same path, with what shows that it is the same one. */
export interface SharedFolder {
  readonly path: string;
  /** What is in its mark. */
  readonly mark: string;
}

/** Passwords that are encrypted to the workers, in Base64; or null where the workers have them. */
export type Sealed = string | null;

/** How workers verify. */
export type QueuedVerifyTerms = VerifyTerms & {
  /** Who has it verified, for the history; jobs of earlier versions do not say it. */
  readonly operator?: string | undefined;
};

/** What a job about one package of an inbox carries. */
export interface InboxPayload<T = ImportTerms | QueuedVerifyTerms> {
  readonly inbox: SharedFolder;
  /** The package's path below the inbox. */
  readonly file: string;
  readonly terms: T;
  readonly passwords: Sealed;
  /** Of the reports that go with a refused package. */
  readonly language: string;
}

/** What a job carries that makes one package, or as many as readers' limits ask for. */
export interface ExportPayload {
  readonly out: SharedFolder;
  /** The package goes into the folder of its school in `out`. */
  readonly request: Omit<BatchExportJob, 'folder' | 'now' | 'outFolder' | 'passwordTable' | 'sharedFiles' | 'batch' | 'namedAt'>;
  readonly resend: boolean;
  readonly job: string;
  readonly passwords: Sealed;
}

/** How passwords get to the workers. */
export interface Sealing {
  /** The workers' recipients of age; none where the workers have the passwords already. */
  readonly recipients: readonly string[];
}

/** How a worker gets at passwords. */
export interface Opening {
  readonly identities: Identities | undefined;
  /** A table or a folder of tables. */
  readonly passwords: string | undefined;
}

/** The name of the file that says which folder a shared one is: the system hides it, and no inbox lists it. */
const MARK_NAME = '.lpx-shared';
const MARK_FORM = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const isMark = (text: string): boolean => MARK_FORM.test(text);

/** Marks a folder that workers are to reach, once. @throws LPX_WRITE_FAILED where it has no mark and none can be written */
export async function shareFolder(path: string): Promise<SharedFolder> {
  const there = await markOf(path);
  if (there !== '') return { path, mark: there };
  await writeFiles(path, [{ name: MARK_NAME, content: Buffer.from(`${randomUUID()}\n`) }]).catch(async (error) => {
    // Another submitter may have been first.
    if ((await markOf(path)) === '') throw writeError(error, path);
  });
  return { path, mark: await markOf(path) };
}

/** The folder of a job, on a worker. @throws LPX_JOB_FOLDER when this computer does not reach it, or has another one there */
export async function reachFolder({ path, mark }: SharedFolder): Promise<string> {
  const isThere = lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isThere || !isMark(mark) || (await markOf(path)) !== mark) throw new LpxError('LPX_JOB_FOLDER', { folder: path, host: hostname() });
  return path;
}

async function markOf(folder: string): Promise<string> {
  const text = (await readFile(join(folder, MARK_NAME), 'utf8').catch(() => '')).trim();
  return isMark(text) ? text : '';
}

/** A UUID that is the same for what is the same job. */
export function jobId(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  // Of version 8, which is for ids of one's own making.
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

/** @throws LPX_RECIPIENT_WRONG */
export async function sealedPasswords(passwords: InboxPasswords, { recipients }: Sealing): Promise<Sealed> {
  if (recipients.length === 0) return null;
  const plain = Buffer.from(JSON.stringify(textOf(passwords)));
  const sealed = await encryptTo(recipients, plain);
  plain.fill(0);
  return sealed.toString('base64');
}

/** @throws LPX_IDENTITY_MISSING on a worker without one, LPX_RECIPIENT_OTHER, LPX_ENCRYPTED_DAMAGED */
export async function openedPasswords(sealed: string, { identities }: Opening, job: string): Promise<InboxPasswords> {
  if (!identities) throw new LpxError('LPX_IDENTITY_MISSING');
  const plain = await decryptWith(identities, Buffer.from(sealed, 'base64'), job);
  const passwords = passwordsIn(JSON.parse(plain.toString('utf8')));
  plain.fill(0);
  return passwords;
}

interface PasswordText {
  readonly listed: readonly { readonly file: string; readonly md5: string; readonly password: string }[];
  readonly fallback: readonly string[];
}

const base64Of = (password: Password): string => Buffer.from(password as string).toString('base64');
const bytesIn = (text: string): Buffer => Buffer.from(text, 'base64');

const textOf = ({ listed, fallback }: InboxPasswords): PasswordText => ({
  listed: listed.map(({ file, md5, password }) => ({ file, md5, password: base64Of(password) })),
  fallback: fallback.map(base64Of),
});
const passwordsIn = ({ listed, fallback }: PasswordText): InboxPasswords => ({
  listed: listed.map(({ file, md5, password }) => ({ file, md5, password: bytesIn(password) })),
  fallback: fallback.map(bytesIn),
});

/** What became of a job, as its output has it: the results of the use cases are data that threads can pass to each other, and more than JSON can say. */
const encoded = (value: unknown): string => gzipSync(serialize(value)).toString('base64');
const decoded = (text: string): unknown => deserialize(gunzipSync(Buffer.from(text, 'base64')));

type PostedInboxResult = Omit<InboxResult, 'error'> & { readonly posted?: PostedError };
export type ExportReply = { readonly result: ExportResult } | { readonly posted: PostedError };

export function encodedInboxResult({ error, ...result }: InboxResult): string {
  return encoded({ ...result, ...(error && { posted: posted(error) }) } satisfies PostedInboxResult);
}

export function decodedInboxResult(text: string): InboxResult {
  const { posted: error, ...result } = decoded(text) as PostedInboxResult;
  return { ...result, ...(error && { error: knownError(revived(error)) }) };
}

export const encodedExport = (reply: ExportReply): string => encoded(reply);

/** @throws the error that the export ended with */
export function decodedExport(text: string): ExportResult {
  const reply = decoded(text) as ExportReply;
  if ('posted' in reply) throw knownError(revived(reply.posted));
  return reply.result;
}

export const exportFailure = (error: unknown): ExportReply => ({ posted: posted(error) });
