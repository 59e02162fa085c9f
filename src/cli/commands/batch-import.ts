import { basename, dirname, extname, resolve } from 'node:path';
import { importsOnThreads, verificationsOnThreads } from '../../batch/inbox-threads.js';
import { Metrics } from '../../batch/metrics.js';
import { type QueuedInbox, queueImports, queueVerifications } from '../../batch/queue-inbox.js';
import { type Finding, LpxError } from '../../errors.js';
import { type InboxRequest, type InboxResult, importInbox, type VerifyTerms, verifyInbox } from '../../exchange/batch-import.js';
import { type Store, withStore } from '../../exchange/school-store.js';
import { watchInbox } from '../../exchange/watch-inbox.js';
import { markCommitted } from '../../io/interruption.js';
import { type NewFile, nextVersion, writeFiles } from '../../io/publish.js';
import { maskIds } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import { OFFICE, type Report } from '../../report/model.js';
import { csv, workbook } from '../../roster/tables.js';
import { SeenContents } from '../../spec/seen-contents.js';
import { jobsFrom, wholeNumber } from '../arguments.js';
import { type BatchProgress, startBatchProgress } from '../batch-progress.js';
import type { Context, Outcome } from '../context.js';
import { type LogOptions, loggable, openLog } from '../log.js';
import { openMetrics } from '../metrics-option.js';
import { withNoting } from '../noting.js';
import { type PasswordOptions, passwordAtHand } from '../passwords.js';
import { sayNow } from '../progress.js';
import { type QueueOptions, type QueueTerms, withQueue } from '../queue-options.js';
import { errorLines, failureDocument, failureOutput } from '../render/findings.js';
import { refusal, reportFindings, reportHead } from '../render/html.js';
import {
  countsLine,
  errorOfCounts,
  errorOfResult,
  type InboxCounts,
  NO_COUNTS,
  packageLines,
  packageOutput,
  resultTable,
  tableRow,
} from '../render/inbox.js';
import { jsonLine, jsonText } from '../render/json.js';
import { inertTable } from '../render/tables.js';
import { storeFolder } from '../store-folder.js';
import { type ImportTermOptions, importOutput, importReport, importTerms } from './import.js';
import { verifyTerms } from './verify.js';

export interface BatchVerifyOptions extends PasswordOptions, QueueOptions {
  readonly passwords?: string;
  /** False for none at all. */
  readonly signature?: false;
  readonly strict?: boolean;
  readonly acceptForeignMd5?: boolean;
  readonly acceptPartial?: boolean;
  readonly results?: string;
  readonly jobs?: string;
  readonly jsonLines?: boolean;
}

export interface BatchImportOptions extends BatchVerifyOptions, ImportTermOptions, LogOptions {
  readonly watch?: boolean;
  readonly metrics?: string;
  readonly every: string;
}

/** `lpx batch verify`: checks all packages of a folder, and moves none. */
export async function batchVerify(context: Context, folder: string, options: BatchVerifyOptions): Promise<Outcome> {
  const results = new Results(context, 'batch-verify', options.results);
  return withQueue(context, options, { '--jobs': options.jobs !== undefined }, async (queued) => {
    const request = await inboxRequest(context, folder, options, queued);
    const terms = termsOfVerifying(options);
    // From here on a signal ends the batch after the packages in hand.
    markCommitted();
    if (queued) {
      const ofWorkers = { ...terms, operator: context.operator() };
      const verifying = { ...request, ...results.receiver(), ...queued, terms: ofWorkers, language: context.language };
      return results.queued(await queueVerifications(verifying).finally(() => results.stop()), queued);
    }
    const each = verificationsOnThreads(threadsOf(context, options));
    await withNoting(context, (onJudged) => verifyInbox({ ...request, ...results.receiver(), terms, each, onJudged })).finally(() =>
      results.stop(),
    );
    return results.outcome();
  });
}

/** `lpx batch import`: imports all packages of an inbox; with `--watch`, those that arrive in it. */
export async function batchImport(context: Context, folder: string, options: BatchImportOptions): Promise<Outcome> {
  const { messages } = context;
  const isDocument = context.json && !context.jsonLines;
  if (options.watch && (isDocument || options.dryRun || options.results !== undefined))
    throw new LpxError('LPX_USAGE', { problem: messages.usage.watchAlone });
  if (options.keepBoth && options.replace) throw new LpxError('LPX_KEEP_OR_REPLACE');
  const everyMs = 1000 * wholeNumber(context, '--every', options.every, { from: 1, to: 86_400 });
  const results = new Results(context, 'batch-import', options.results);
  const { watch: isWatching = false, replace = false, jobs } = options;
  if (!isWatching && (options.metrics !== undefined || options.log === 'json'))
    throw new LpxError('LPX_USAGE', { problem: messages.usage.logOfWatch });
  return withQueue(context, options, { '--watch': isWatching, '--replace': replace, '--jobs': jobs !== undefined }, async (queued) => {
    const request = await inboxRequest(context, folder, options, queued);
    // As in `batchVerify`.
    markCommitted();
    const terms = termsOfImports(context, options);
    const onWaiting = () => sayNow(context, messages.inbox.turn);
    return withStore(storeFolder(context), async (store) => {
      if (queued) {
        const importing = { ...request, ...results.receiver(), ...queued, terms, onWaiting, language: context.language };
        return results.queued(await queueImports(store, importing).finally(() => results.stop()), queued);
      }
      const importing: ImportingRequest = {
        ...request,
        terms,
        each: importsOnThreads(storeFolder(context), threadsOf(context, options)),
        now: context.now,
        reportsOf: (result) => refusalFiles(context, result),
        onWaiting,
      };
      if (isWatching) return watch(context, store, { ...options, ...importing, everyMs });
      await importInbox(store, { ...importing, ...results.receiver() }).finally(() => results.stop());
      return results.outcome();
    });
  });
}

type ImportingRequest = Omit<Parameters<typeof importInbox>[1], 'onResult'>;

/** Where a later form of a record replaces an earlier one, packages are imported in their order. */
const threadsOf = (context: Context, { jobs, replace }: Pick<BatchImportOptions, 'jobs' | 'replace'>) => ({
  threads: replace ? 1 : jobsFrom(context, jobs),
  signal: context.interrupt,
});

const termsOfImports = (context: Context, options: BatchImportOptions): ImportingRequest['terms'] => ({
  ...termsOfVerifying(options),
  ...importTerms(options),
  operator: context.operator(),
});

/**
 * What verifying and importing a folder have in common.
 * @throws LPX_PASSWORDS_MISSING when no password is given in any way, and no worker has them; LPX_QUEUE_PASSWORDS when they would get into a queue as
 *   they are
 */
async function inboxRequest(
  context: Context,
  folder: string,
  options: BatchVerifyOptions,
  queued: QueueTerms | undefined,
): Promise<Omit<InboxRequest, 'onResult'>> {
  const password = await passwordAtHand(context, options);
  const isGiven = password !== undefined || options.passwords !== undefined;
  const isWithWorkers = queued !== undefined && queued.sealing.recipients.length === 0;
  if (isGiven && isWithWorkers) throw new LpxError('LPX_QUEUE_PASSWORDS');
  if (!isGiven && !isWithWorkers) throw new LpxError('LPX_PASSWORDS_MISSING');
  return {
    folder: resolve(context.cwd, folder),
    passwordTable: options.passwords === undefined ? undefined : resolve(context.cwd, options.passwords),
    passwords: password === undefined ? [] : [password],
    isStopping: context.stopping,
  };
}

const termsOfVerifying = (options: BatchVerifyOptions): VerifyTerms => ({
  signature: options.signature === false ? 'none' : 'beside',
  ...verifyTerms(options),
});

type InboxCommand = 'batch-verify' | 'batch-import';

/** Takes the results of a batch: shows its progress or its events, and keeps of each package what is printed in the end, and no more. */
class Results {
  readonly #context: Context;
  readonly #command: InboxCommand;
  readonly #table: string | undefined;
  readonly #packages: object[] = [];
  readonly #rows: (string | number)[][] = [];
  readonly #lines: string[] = [];
  readonly #said = new Set<string>();
  #progress: BatchProgress | undefined;
  #counts: InboxCounts = NO_COUNTS;
  #failed = 0;
  /** Packages without a result; undefined until they are known. */
  #open: number | undefined;

  /** @param table a CSV or XLSX file for the results. @throws LPX_USAGE for any other */
  constructor(context: Context, command: InboxCommand, table: string | undefined) {
    if (table !== undefined && !/\.(?:csv|xlsx)$/i.test(table))
      throw new LpxError('LPX_USAGE', { problem: fill(context.messages.usage.resultsFile, { file: basename(table) }) });
    this.#context = context;
    this.#command = command;
    this.#table = table === undefined ? undefined : resolve(context.cwd, table);
  }

  receiver(): Pick<InboxRequest, 'onBegin' | 'onResult'> {
    return {
      onBegin: (inbox) => {
        sayEvent(this.#context, this.#command, { event: 'begin', ...inbox, watch: false });
        this.#open = inbox.packages;
        this.#progress = startBatchProgress(this.#context, inbox.packages);
      },
      onResult: (result) => this.#add(result),
    };
  }

  /** Ends the progress. */
  stop(): void {
    this.#progress?.stop();
  }

  #add(result: InboxResult): void {
    const { messages, json, jsonLines } = this.#context;
    this.#counts = { ...this.#counts, [result.outcome]: this.#counts[result.outcome] + 1 };
    const error = errorOfResult(result);
    this.#open = (this.#open ?? 0) - 1;
    if (error) this.#failed++;
    if (this.#table !== undefined) this.#rows.push(tableRow(messages, result));
    if (jsonLines) sayResult(this.#context, this.#command, result);
    else if (json) this.#packages.push(packageOutput(messages, result));
    else this.#lines.push(...packageLines(this.#context, result, this.#said));
    // A log is no place for ids, which file names may have in them.
    this.#progress?.done(`${maskIds(result.file)}: ${messages.inbox.results[result.outcome]}${error ? ` ${error.code}` : ''}`);
  }

  async outcome(): Promise<Outcome> {
    const { messages, paint, stopping, jsonLines } = this.#context;
    const results = this.#table === undefined ? '' : await this.#writeTable(this.#table);
    return {
      json: { counts: this.#counts, results, ...(!jsonLines && { packages: this.#packages }) },
      text: [...this.#lines, ...(this.#lines.length > 0 ? [''] : []), paint.bold(countsLine(this.#context, this.#counts, this.#open))],
      notes: [
        ...(results === '' ? [] : [fill(messages.inbox.table, { file: results })]),
        ...(this.#counts.imported > 0 ? [messages.inbox.receipts] : []),
      ],
      error: stopping() && this.#open !== 0 ? new LpxError('LPX_INTERRUPTED') : errorOfCounts(this.#counts, this.#failed),
    };
  }

  /** The outcome where workers did the work: as far as they were waited for. */
  async queued({ batch, jobs, open }: QueuedInbox, { isFollowed }: QueueTerms): Promise<Outcome> {
    const { messages } = this.#context;
    const note = fill(messages.queue.open, { count: open });
    if (isFollowed) {
      const outcome = await this.outcome();
      return { ...outcome, json: { ...outcome.json, batch, open }, notes: [...(outcome.notes ?? []), ...(open > 0 ? [note] : [])] };
    }
    return {
      json: { counts: this.#counts, results: '', batch, open },
      text: [fill(messages.queue.submitted, { count: jobs })],
      notes: [note],
    };
  }

  /** Writes the table, in the next version where the name is taken. @returns its path */
  async #writeTable(path: string): Promise<string> {
    const { messages } = this.#context;
    const sheet = inertTable(resultTable(messages, this.#rows, this.#command === 'batch-verify'));
    const name = basename(path, extname(path));
    const file = /\.csv$/i.test(path) ? csv(name, sheet) : await workbook(name, [sheet]);
    const [written] = await writeFiles(dirname(path), await nextVersion(dirname(path), [file]));
    return written ?? path;
  }
}

function sayEvent({ jsonLines, stdout }: Context, command: InboxCommand, event: object): void {
  if (jsonLines) stdout.write(jsonLine({ command, ...event }));
}

const sayResult = (context: Context, command: InboxCommand, result: InboxResult): void =>
  sayEvent(context, command, { event: 'package', at: context.now().toISOString(), result: packageOutput(context.messages, result) });

/** The files that go with a package that is refused: what `lpx import` prints of it with `--json`, and the same to read and to file. */
export async function refusalFiles(context: Context, result: InboxResult): Promise<NewFile[]> {
  const { messages, language } = context;
  const { imported } = result;
  const error = result.error ?? new LpxError('LPX_INTERNAL', { detail: 'refused' });
  // Loaded only here: without a refused package, a batch starts no slower.
  const { reportPage } = await import('../../report/pages.js');
  const report = imported ? importReport(context, imported, { seen: new SeenContents(), error }) : bareReport(context, result.file, error);
  const document = failureDocument(messages, 'import', error, imported ? importOutput(messages, imported) : {});
  return [
    { name: '.report.json', content: Buffer.from(jsonText(document)) },
    { name: '.report.html', content: Buffer.from(reportPage(report, language)) },
  ];
}

/** Of a file that could not be looked at as a package: the error alone. */
function bareReport(context: Context, file: string, error: LpxError): Report {
  const { messages } = context;
  const { code, place, facts } = error;
  return {
    ...reportHead(context, 'import', basename(file)),
    verdict: refusal(messages, 'import', messages.import.refused, error),
    checks: [],
    findings: reportFindings(messages, [{ code, severity: 'error', place, facts } as Finding]),
    packages: [],
    students: [],
    tables: [],
    isCut: false,
    signers: OFFICE,
  };
}

type WatchingRequest = ImportingRequest & LogOptions & { readonly metrics?: string | undefined; readonly everyMs: number };

/** Imports what arrives, each result with its time on a line of its own, until a signal comes. */
async function watch(context: Context, store: Store, request: WatchingRequest): Promise<Outcome> {
  const { messages, paint, now } = context;
  const command = 'batch-import';
  const { folder } = request;
  let counts = NO_COUNTS;
  let trouble: LpxError | undefined;
  const log = await openLog(context, request);
  const metrics = new Metrics();
  const server = await openMetrics(context, request.metrics, log, {
    metrics,
    refresh: async () => metrics.set('lpx_database_up', {}, trouble ? 0 : 1),
    notReady: async () => (context.stopping() ? 'draining' : trouble && 'database'),
  });
  log('info', 'watching', { folder }, [fill(messages.inbox.watching, { folder })]);
  sayEvent(context, command, { event: 'begin', folder, packages: 0, bytes: 0, watch: true });
  const watching = watchInbox(store, {
    ...request,
    onWaiting: () => log('info', 'turn', {}, [messages.inbox.turn]),
    onResult: (result) => {
      const { outcome } = result;
      // What waits now may be imported later: counted is what has left the inbox.
      if (outcome !== 'waiting') counts = { ...counts, [outcome]: counts[outcome] + 1 };
      count(metrics, result);
      const code = errorOfResult(result)?.code;
      const facts = { about: loggable(result.file), outcome, ...(code && { code }), history: result.imported?.historyId ?? 0 };
      log(outcome === 'refused' ? 'warn' : 'info', 'done', facts, packageLines(context, result, new Set(), messages.inbox.retried));
      sayResult(context, command, result);
    },
    onTrouble: (error) => {
      trouble = error;
      const lines = error && [...errorLines(messages, paint, command, error).slice(0, -1), `  → ${messages.inbox.retried}`];
      log(error ? 'error' : 'info', error ? 'trouble' : 'again', error ? { code: error.code } : {}, lines ?? [messages.inbox.again]);
      const failure = error && failureOutput(messages, command, error);
      sayEvent(context, command, { event: 'trouble', at: now().toISOString(), ...(failure && { error: failure }) });
    },
  });
  await watching.finally(() => server?.close());
  return { json: { counts, results: '' }, text: [countsLine(context, counts)] };
}

function count(metrics: Metrics, { outcome, report }: InboxResult): void {
  metrics.add('lpx_jobs_total', { kind: 'import', outcome });
  if (!report || outcome === 'waiting') return;
  metrics.add('lpx_package_bytes_total', { kind: 'import' }, report.package.bytes);
  const attachments = report.students.reduce((sum, student) => sum + student.attachments, 0);
  metrics.add('lpx_attachments_total', { kind: 'import' }, attachments);
}
