import { basename, dirname, extname, resolve } from 'node:path';
import { LpxError } from '../../errors.js';
import {
  type EachPackage,
  type InboxRequest,
  type InboxResult,
  importInbox,
  passwordBook,
  type VerifyTerms,
  verifyInbox,
} from '../../exchange/batch-import.js';
import { importPackage } from '../../exchange/import.js';
import { type Store, withStore } from '../../exchange/school-store.js';
import { verifyPackage } from '../../exchange/verify.js';
import { watchInbox } from '../../exchange/watch-inbox.js';
import { markCommitted } from '../../io/interruption.js';
import { nextVersion, writeFiles } from '../../io/publish.js';
import { type CommandName, fill } from '../../messages/messages.js';
import { csv, workbook } from '../../roster/tables.js';
import { wholeNumber } from '../arguments.js';
import type { Context, Outcome } from '../context.js';
import { type PasswordOptions, passwordAtHand } from '../passwords.js';
import { errorLines } from '../render/findings.js';
import {
  countsLine,
  errorOfCounts,
  errorOfResult,
  type InboxCounts,
  NO_COUNTS,
  packageLines,
  packageOutput,
  refusalFiles,
  tableRow,
  tableTitles,
} from '../render/inbox.js';
import { localTime } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface BatchVerifyOptions extends PasswordOptions {
  readonly passwords?: string;
  /** False for none at all. */
  readonly signature?: false;
  readonly strict?: boolean;
  readonly acceptForeignMd5?: boolean;
  readonly acceptPartial?: boolean;
  readonly results?: string;
}

export interface BatchImportOptions extends BatchVerifyOptions {
  readonly dryRun?: boolean;
  readonly createStudents?: boolean;
  readonly skipUnfit?: boolean;
  readonly keepBoth?: boolean;
  readonly replace?: boolean;
  readonly samePerson?: boolean;
  readonly acceptOwnSchool?: boolean;
  readonly watch?: boolean;
  readonly every: string;
}

/** `lpx batch verify`: checks all packages of a folder, and moves none. */
export async function batchVerify(context: Context, folder: string, options: BatchVerifyOptions): Promise<Outcome> {
  const results = new Results(context, 'verify', options.results);
  await verifyInbox({
    ...(await inboxRequest(context, folder, options)),
    terms: verifyTerms(options),
    each: oneByOne(context, ({ passwords, ...job }) => verifyPackage({ ...job, password: passwordBook(passwords) })),
    onResult: (result) => results.add(result),
  });
  return results.outcome();
}

/** `lpx batch import`: imports all packages of an inbox; with `--watch`, those that arrive in it. */
export async function batchImport(context: Context, folder: string, options: BatchImportOptions): Promise<Outcome> {
  const { messages } = context;
  if (options.watch && (context.json || options.dryRun || options.results !== undefined))
    throw new LpxError('LPX_USAGE', { problem: messages.usage.watchAlone });
  if (options.keepBoth && options.replace) throw new LpxError('LPX_KEEP_OR_REPLACE');
  const everyMs = 1000 * wholeNumber(context, '--every', options.every, { from: 1, to: 86_400 });
  const request = await inboxRequest(context, folder, options);
  // From here on a signal ends the batch after the package in hand.
  markCommitted();
  return withStore(storeFolder(context), async (store) => {
    const importing = importingRequest(context, store, { ...request, options });
    if (options.watch) return watch(context, store, { ...importing, everyMs });
    const results = new Results(context, 'import', options.results);
    await importInbox(store, { ...importing, onResult: (result) => results.add(result) });
    return results.outcome();
  });
}

type ImportingRequest = Omit<Parameters<typeof importInbox>[1], 'onResult'>;

function importingRequest(
  context: Context,
  store: Store,
  { options, ...request }: Omit<InboxRequest, 'onResult'> & { readonly options: BatchImportOptions },
): ImportingRequest {
  return {
    ...request,
    terms: {
      ...verifyTerms(options),
      dryRun: options.dryRun === true,
      createStudents: options.createStudents === true,
      skipUnfit: options.skipUnfit === true,
      keepBoth: options.keepBoth === true,
      replace: options.replace === true,
      samePerson: options.samePerson === true,
      acceptOwnSchool: options.acceptOwnSchool === true,
      operator: context.operator(),
    },
    each: oneByOne(context, ({ passwords, ...job }) => importPackage(store, { ...job, password: passwordBook(passwords) })),
    now: context.now,
    reportsOf: (result) => refusalFiles(context.messages, result),
    onWaiting: () => context.note(context.messages.inbox.turn),
  };
}

/** What verifying and importing a folder have in common. @throws LPX_PASSWORD_MISSING when no password is given in any way */
async function inboxRequest(context: Context, folder: string, options: BatchVerifyOptions): Promise<Omit<InboxRequest, 'onResult'>> {
  const password = await passwordAtHand(context, options);
  if (password === undefined && options.passwords === undefined) throw new LpxError('LPX_PASSWORDS_MISSING');
  return {
    folder: resolve(context.cwd, folder),
    passwordTable: options.passwords === undefined ? undefined : resolve(context.cwd, options.passwords),
    passwords: password === undefined ? [] : [password],
    isStopping: context.stopping,
  };
}

const verifyTerms = ({ signature, strict, acceptPartial, acceptForeignMd5 }: BatchVerifyOptions): VerifyTerms => ({
  signature: signature === false ? 'none' : 'beside',
  strict: strict === true,
  accept: { partial: acceptPartial === true, foreignMd5: acceptForeignMd5 === true },
});

const oneByOne =
  <U>({ stopping }: Context, run: U): EachPackage<U> =>
  async (packages, work) => {
    for (const found of packages) {
      if (stopping()) return;
      await work(found, run);
    }
  };

/** Takes the results of a batch: of each package what is printed of it, and no more. */
class Results {
  readonly #context: Context;
  readonly #command: 'verify' | 'import';
  readonly #table: string | undefined;
  readonly #packages: object[] = [];
  readonly #rows: (string | number)[][] = [];
  readonly #lines: string[] = [];
  readonly #said = new Set<string>();
  #counts: InboxCounts = NO_COUNTS;
  #failed = 0;

  /** @param table a CSV or XLSX file for the results. @throws LPX_USAGE for any other */
  constructor(context: Context, command: 'verify' | 'import', table: string | undefined) {
    if (table !== undefined && !/\.(?:csv|xlsx)$/i.test(table))
      throw new LpxError('LPX_USAGE', { problem: fill(context.messages.usage.resultsFile, { file: basename(table) }) });
    this.#context = context;
    this.#command = command;
    this.#table = table === undefined ? undefined : resolve(context.cwd, table);
  }

  add(result: InboxResult): void {
    const { messages, json } = this.#context;
    this.#counts = { ...this.#counts, [result.outcome]: this.#counts[result.outcome] + 1 };
    if (errorOfResult(result)) this.#failed++;
    if (this.#table !== undefined) this.#rows.push(tableRow(messages, this.#command, result));
    if (json) this.#packages.push(packageOutput(messages, this.#command, result));
    else this.#lines.push(...packageLines(this.#context, this.#command, result, this.#said));
  }

  async outcome(): Promise<Outcome> {
    const { messages, paint, stopping } = this.#context;
    const table = this.#table === undefined ? '' : await this.#writeTable(this.#table);
    const counts = countsLine(this.#context, this.#counts);
    return {
      json: { counts: this.#counts, packages: this.#packages, results: table },
      text: [...this.#lines, ...(this.#lines.length > 0 ? [''] : []), paint.bold(counts)],
      notes: table === '' ? [] : [fill(messages.inbox.table, { file: table })],
      error: stopping() ? new LpxError('LPX_INTERRUPTED') : errorOfCounts(this.#counts, this.#failed),
    };
  }

  /** Writes the table, in the next version where the name is taken. @returns its path */
  async #writeTable(path: string): Promise<string> {
    const { messages } = this.#context;
    const sheet = { name: messages.inbox.sheet, rows: [tableTitles(messages), ...this.#rows] };
    const name = basename(path, extname(path));
    const file = /\.csv$/i.test(path) ? csv(name, sheet) : await workbook(name, [sheet]);
    const [written] = await writeFiles(dirname(path), await nextVersion(dirname(path), [file]));
    return written ?? path;
  }
}

/** Imports what arrives, each result with its time on a line of its own, until a signal comes. */
async function watch(context: Context, store: Store, request: ImportingRequest & { readonly everyMs: number }): Promise<Outcome> {
  const { messages, paint, now, print } = context;
  const command: CommandName = 'batch-import';
  let counts = NO_COUNTS;
  const at = (lines: readonly string[]) => print([`${paint.dim(localTime(now()))}  ${lines[0]}`, ...lines.slice(1)]);
  at([fill(messages.inbox.watching, { folder: request.folder })]);
  await watchInbox(store, {
    ...request,
    onWaiting: () => at([messages.inbox.turn]),
    onResult: (result) => {
      counts = { ...counts, [result.outcome]: counts[result.outcome] + 1 };
      at(packageLines(context, 'import', result, new Set()));
    },
    onTrouble: (error) => at(error ? errorLines(messages, paint, command, error) : [messages.inbox.again]),
  });
  return { json: { counts }, text: [countsLine(context, counts)] };
}
