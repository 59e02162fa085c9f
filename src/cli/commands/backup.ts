import { resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { type BackupResult, backupStore, heldFiles, type ListedSnapshot, listSnapshots } from '../../exchange/backup.js';
import { type RestoreResult, rehearseRestore } from '../../exchange/restore.js';
import { withStore } from '../../exchange/school-store.js';
import { type Identities, readIdentities } from '../../io/age.js';
import { fill } from '../../messages/messages.js';
import { taipeiTime } from '../../spec/terms.js';
import type { Context, Outcome } from '../context.js';
import { startProgress } from '../progress.js';
import { findingOutput } from '../render/findings.js';
import { columns, fittingColumns } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface IdentityOptions {
  readonly identity: readonly string[];
}

export interface BackupOptions extends IdentityOptions {
  readonly recipient: readonly string[];
  readonly new?: boolean;
  readonly shared?: boolean;
  readonly keep?: string;
  readonly list?: boolean;
  readonly rehearse?: boolean;
  readonly snapshot?: string;
  readonly scratch?: string;
}

/** `lpx backup`: backs up, lists what is there, or tries a restore. */
export async function backup(context: Context, repository: string, options: BackupOptions): Promise<Outcome> {
  const folder = resolve(context.cwd, repository);
  const identities = await identitiesOf(context, options);
  if (options.keep !== undefined && (options.list || options.rehearse))
    throw new LpxError('LPX_USAGE', { problem: context.messages.usage.keepAlone });
  if (options.list) return list(context, folder, identities);
  if (options.rehearse) return rehearse(context, folder, identities, options);
  const keep = countOf(context, options.keep);
  const progress = startProgress(context, context.messages.progress.backingUp);
  const result = await withStore(storeFolder(context), (store) =>
    backupStore(store, {
      ...{ folder, recipients: options.recipient, identities, keep, beginAgain: options.new, shared: options.shared },
      now: context.now(),
      operator: context.operator(),
      onProgress: ({ done, total }) => progress.update(done, total),
    }),
  ).finally(progress.stop);
  return {
    json: { findings: result.findings.map((finding) => findingOutput(context.messages, finding)), folder, ...backupOutput(result) },
    text: backupLines(context, result, keep !== undefined),
    findings: result.findings,
    error: result.error,
  };
}

/** Undefined when none was given. @throws as `readIdentities` */
export async function identitiesOf({ cwd }: Context, { identity }: IdentityOptions): Promise<Identities | undefined> {
  return identity.length === 0 ? undefined : readIdentities(identity.map((file) => resolve(cwd, file)));
}

function countOf({ messages }: Context, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const count = /^\d{1,6}$/.test(value) ? Number(value) : 0;
  if (count < 1) throw new LpxError('LPX_USAGE', { problem: fill(messages.usage.keep, { value }) });
  return count;
}

async function list(context: Context, folder: string, identities: Identities | undefined): Promise<Outcome> {
  const snapshots = await listSnapshots(folder, identities);
  return {
    json: {
      folder,
      snapshots: snapshots.map(({ name, at, about }) => ({ name, at: at.toISOString(), ...about })),
    },
    text: listLines(context, snapshots),
  };
}

function listLines(context: Context, snapshots: readonly ListedSnapshot[]): string[] {
  const { messages, paint } = context;
  const { backup: words, labels } = messages;
  if (snapshots.length === 0) return [words.none];
  return fittingColumns(
    context,
    snapshots.map(({ name, at, about }) => [
      paint.bold(name),
      taipeiTime(at),
      about ? `${labels.school} ${about.school}` : words.sealed,
      about ? fill(messages.history.recordsOf, { count: about.records }) : '',
      about ? fill(messages.history.filesOf, { count: about.files }) : '',
      about && about.missing > 0 ? paint.yellow(fill(words.missing, { count: about.missing })) : '',
    ]),
    [
      [4, 0],
      [3, 0],
      [1, 0],
    ],
  );
}

async function rehearse(context: Context, folder: string, identities: Identities | undefined, options: BackupOptions): Promise<Outcome> {
  const { messages, paint } = context;
  const progress = startProgress(context, messages.progress.restoring);
  const result = await withStore(storeFolder(context), (store) =>
    rehearseRestore(store, {
      ...{ folder, identities, snapshot: options.snapshot },
      scratch: options.scratch === undefined ? undefined : resolve(context.cwd, options.scratch),
      now: context.now(),
      operator: context.operator(),
      onProgress: ({ done, total }) => progress.update(done, total),
    }),
  ).finally(progress.stop);
  const { manifest } = result;
  return {
    json: { folder, rehearsed: true, ...snapshotOutput(result) },
    text: [
      `${paint.green('✔')} ${fill(messages.backup.rehearsed, { records: manifest.records, files: heldFiles(manifest) })}`,
      `  ${messages.backup.snapshot}  ${result.snapshot}`,
    ],
  };
}

/** A snapshot that was read back. */
export const snapshotOutput = ({ snapshot, at, manifest }: Omit<RestoreResult, 'erased'>) => ({
  snapshot,
  at: at.toISOString(),
  school: manifest.school,
  records: manifest.records,
  files: heldFiles(manifest),
  bytes: manifest.files.bytes,
  missing: manifest.files.missing.length,
  head: manifest.head,
});

const backupOutput = ({ name, at, manifest, bytesWritten, filesWritten, encrypted, pruned }: BackupResult) => ({
  ...snapshotOutput({ snapshot: name, at, manifest }),
  bytesWritten,
  filesWritten,
  encrypted,
  ...(pruned && { pruned }),
});

function backupLines({ messages: { backup: words }, paint }: Context, result: BackupResult, keeping: boolean): string[] {
  const { name, manifest, bytesWritten, filesWritten, pruned, error } = result;
  const { records, files, head } = manifest;
  return [
    `${error ? paint.yellow('!') : paint.green('✔')} ${fill(words.done, { records, files: heldFiles(manifest), bytes: files.bytes })}`,
    ...columns(
      [
        [words.snapshot, name],
        [words.new, fill(words.written, { bytes: bytesWritten, files: filesWritten })],
        [words.head, fill(words.headOf, { position: head.position, hash: head.hash })],
      ],
      '  ',
    ),
    ...(pruned && pruned.snapshots > 0 ? [`  ${fill(words.pruned, { count: pruned.snapshots, bytes: pruned.bytes })}`] : []),
    ...(keeping && !pruned ? [`  ${words.notPruned}`] : []),
  ];
}
