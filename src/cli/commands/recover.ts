import { resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import { type LackingFile, type RecoverResult, recoverFiles } from '../../exchange/recover.js';
import { withStore } from '../../exchange/school-store.js';
import { maskId } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { type PasswordOptions, passwordAtHand } from '../passwords.js';
import { startProgress } from '../progress.js';
import { failureOutput } from '../render/findings.js';
import { bracketed, fittingColumns, NAME_COLUMNS, type Yielding } from '../render/text.js';
import { storeFolder } from '../store-folder.js';
import { type IdentityOptions, identitiesOf } from './backup.js';

export interface RecoverOptions extends PasswordOptions, IdentityOptions {
  readonly passwords?: string;
  readonly dryRun?: boolean;
}

/** `lpx recover`: brings back what the vault lacks. */
export async function recover(context: Context, paths: readonly string[], options: RecoverOptions): Promise<Outcome> {
  const { messages } = context;
  const password = await passwordAtHand(context, options);
  const identities = await identitiesOf(context, options);
  const progress = startProgress(context, messages.progress.checking);
  const request = {
    paths: paths.map((path) => resolve(context.cwd, path)),
    passwords: password === undefined ? [] : [password],
    identities,
    passwordTable: options.passwords === undefined ? undefined : resolve(context.cwd, options.passwords),
    dryRun: options.dryRun === true,
    now: context.now(),
    operator: context.operator(),
    onProgress: (phase: 'checking' | 'searching', done: number, total: number) => {
      if (phase === 'checking') progress.update(done, total);
      else progress.say(`${messages.progress.searching} ${total === 0 ? 100 : Math.floor((100 * done) / total)}%`);
    },
  };
  const result = await withStore(storeFolder(context), (store) => recoverFiles(store, request)).finally(progress.stop);
  const count = result.lacking - result.contents;
  return {
    json: recoverOutput(context, result),
    text: recoverLines(context, result),
    ...(count > 0 && { error: new LpxError('LPX_STILL_MISSING', { count }) }),
  };
}

function recoverOutput({ messages }: Context, result: RecoverResult) {
  const { dryRun, needed, lacking, contents, historyId, recovered, missing, heap } = result;
  return {
    ...{ dryRun, needed, lacking, contents, historyId },
    recovered: recovered.map((file) => ({ ...fileOutput(file), from: file.from })),
    missing: missing.map(fileOutput),
    ...(heap && {
      searched: {
        ...{ files: heap.files, bytes: heap.bytes, hashed: heap.hashed, archives: heap.archives, locked: heap.locked },
        encryptedBackups: heap.sealed,
        notNeeded: Math.max(0, heap.files - contents),
        unread: heap.unread.map(({ from, error }) => ({ from, error: failureOutput(messages, 'recover', error) })),
      },
    }),
  };
}

const fileOutput = ({ nationalId, student, place, list, title, name, bytes, md5, sha256, state, knownBy }: LackingFile) => ({
  ...{ nationalId, name: student, ref: place.ref ?? '', list, title, file: name, md5, sha256, state, knownBy },
  ...(bytes !== undefined && { bytes }),
});

/** The record's title before the name of its file, by which it is searched for. */
const YIELDING: readonly Yielding[] = [
  [1, NAME_COLUMNS],
  [3, 12],
  [2, 12],
  [4, 20],
  [2, 0],
  [4, 12],
];

/** ZIPs and files that are named without being asked for. */
const LISTED = 5;

function recoverLines(context: Context, result: RecoverResult): string[] {
  const { messages, paint, verbose } = context;
  const { recover: words } = messages;
  const { dryRun, needed, lacking, contents, recovered, missing, heap } = result;
  if (lacking === 0) return [`${paint.green('✔')} ${fill(words.nothing, { needed })}`];
  const byMd5 = new Set(recovered.filter(({ knownBy }) => knownBy === 'md5').map(({ md5 }) => md5)).size;
  const mark = contents < lacking ? paint.yellow('!') : paint.green('✔');
  const rowOf = ({ nationalId, student, list, title, name, state }: LackingFile) => [
    ...[maskId(nationalId), student, list, title, name, words.states[state]],
  ];
  const uses = recovered.length + missing.length;
  const where = uses > 0 ? fill(words.places, { uses }) : words.unused;
  const searched = heap && { files: heap.files, bytes: heap.bytes, archives: heap.archives, others: Math.max(0, heap.files - contents) };
  return [
    `${mark} ${fill(dryRun ? words.wouldBe : words.back, { count: contents, lacking, where })}`,
    ...(byMd5 > 0 ? [`  ${fill(words.byMd5, { count: byMd5 })}`] : []),
    ...(searched ? [`  ${fill(words.searched, searched)}`] : []),
    ...(verbose
      ? fittingColumns(
          context,
          recovered.map((file) => [...rowOf(file), file.from]),
          [],
          '  ',
        )
      : []),
    ...section(
      fill(words.missing, { count: lacking - contents, uses: missing.length }),
      fittingColumns(context, missing.map(rowOf), YIELDING, '  '),
    ),
    ...listed(words.sealed, heap?.sealed.map((from) => `  ${from}`) ?? []),
    ...listed(words.locked, heap?.locked.map((from) => `  ${from}`) ?? []),
    ...listed(words.unread, heap?.unread.map(({ from, error }) => `  ${from}  ${failureOutput(messages, 'recover', error).message}`) ?? []),
  ];

  /** With their number, and the first few of many. */
  function listed(title: string, lines: readonly string[]): string[] {
    const shown = verbose ? lines : lines.slice(0, LISTED);
    const more = lines.length - shown.length;
    const rest = more > 0 ? [paint.dim(`  ${fill(words.moreListed, { count: more })}`)] : [];
    return section(bracketed(messages, title, lines.length), [...shown, ...rest]);
  }

  function section(title: string, lines: readonly string[]): string[] {
    return lines.length === 0 ? [] : ['', paint.cyan(title), ...lines];
  }
}
