import { LpxError } from '../../errors.js';
import { type DoctorReport, type DoctorRequest, examineStore } from '../../exchange/doctor.js';
import { checkProbe, type ProbeCheck, type ProbeFault, writeProbe } from '../../exchange/move-probe.js';
import { type Store, withReadableStore, withStore } from '../../exchange/school-store.js';
import { maskId } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { startProgress } from '../progress.js';
import { findingOutput } from '../render/findings.js';
import { columns, localTime } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

export interface DoctorOptions {
  readonly part?: string;
  readonly quick?: boolean;
  readonly repair?: boolean;
  readonly beforeMove?: boolean;
  readonly afterMove?: boolean;
}

/** `lpx doctor`: proves that the store is what it should be. */
export async function doctor(context: Context, options: DoctorOptions): Promise<Outcome> {
  const { messages } = context;
  if (options.beforeMove && options.afterMove) throw new LpxError('LPX_USAGE', { problem: messages.usage.beforeOrAfter });
  const part = partOf(context, options.part);
  const progress = startProgress(context, messages.progress.checking);
  const request: DoctorRequest = {
    part,
    quick: options.quick === true,
    repair: options.repair === true,
    now: context.now(),
    operator: context.operator(),
    onProgress: progress.update,
  };
  const location = storeFolder(context);
  if (options.beforeMove) return withStore(location, (store) => beforeMove(context, store, request)).finally(progress.stop);
  return withReadableStore(location, async (store, losses) => {
    const report = await examineStore(store, { ...request, losses });
    const probe = options.afterMove ? await checkProbe(store, report.filesDamaged) : undefined;
    const { findings } = report;
    return {
      json: {
        findings: findings.map((finding) => findingOutput(messages, finding)),
        ...doctorOutput(report, request),
        ...(probe && { probe: probeOutput(probe) }),
      },
      text: [...doctorLines(context, report, request), ...(probe ? probeLines(context, probe) : [])],
      findings,
      error: report.error ?? (probe && errorOfProbe(probe)),
    };
  }).finally(progress.stop);
}

/** `1/7`: the first of seven. @throws LPX_USAGE */
function partOf({ messages }: Context, value: string | undefined): DoctorRequest['part'] {
  if (value === undefined) return undefined;
  const [, number = 0, of = 0] = (/^(\d{1,3})\/(\d{1,3})$/.exec(value.normalize('NFKC').trim()) ?? []).map(Number);
  if (number < 1 || of < 1 || number > of) throw new LpxError('LPX_USAGE', { problem: fill(messages.usage.part, { value }) });
  return { number, of };
}

async function beforeMove({ messages, paint }: Context, store: Store, request: DoctorRequest): Promise<Outcome> {
  const { probe, sha256 } = await writeProbe(store, request);
  const { doctor: words } = messages;
  return {
    json: { probe: { ...probeFacts(probe), sha256 } },
    text: [
      `${paint.green('✔')} ${words.probeWritten}`,
      ...columns(
        [
          [words.log, fill(words.headOf, { position: probe.head.position, hash: probe.head.hash })],
          [words.files, fill(words.filesOf, { files: probe.files.count, bytes: probe.files.bytes })],
        ],
        '  ',
      ),
      `  ${words.probeNext}`,
    ],
  };
}

const probeFacts = ({ at, host, head, files }: NonNullable<ProbeCheck['probe']>) => ({ at, host, head, files });

const probeOutput = ({ probe, since, faults }: ProbeCheck) => ({ ...(probe && probeFacts(probe)), since, faults });

function doctorOutput(report: DoctorReport, { part, quick }: DoctorRequest) {
  const {
    students,
    records,
    files,
    bytes,
    owed,
    filesChecked,
    rowsChecked,
    engine,
    schemaVersion,
    log,
    backup,
    gap,
    freeBytes,
    repairs,
    hurt,
  } = report;
  return {
    counts: { students, records, files, bytes, owed },
    checked: { rows: rowsChecked, files: filesChecked, quick, ...(part && { part: part.number, of: part.of }) },
    database: { check: engine, schemaVersion },
    log: { head: log.head, entries: log.entries, faults: log.faultCount },
    ...(backup && {
      backup: {
        at: backup.at.toISOString(),
        folder: backup.folder,
        snapshot: backup.snapshot,
        position: backup.position,
        ...(backup.there !== undefined && { there: backup.there }),
        ...(backup.rehearsedAt && { rehearsedAt: backup.rehearsedAt.toISOString() }),
      },
    }),
    ...(gap && { unprotected: { records: gap.records, takenOut: gap.takenOut, ...(gap.since && { since: gap.since.toISOString() }) } }),
    ...(freeBytes !== undefined && { freeBytes }),
    ...(repairs && { repairs }),
    hurt,
  };
}

function doctorLines({ messages, paint, verbose }: Context, report: DoctorReport, { part, quick }: DoctorRequest): string[] {
  const { doctor: words } = messages;
  const shown = (hash: string) => (verbose || hash === '' ? hash : `${hash.slice(0, 16)}…`);
  const { students, records, files, bytes, filesChecked, log, backup, gap, repairs, hurt, error } = report;
  const scope = [part ? fill(words.partOf, { part: part.number, of: part.of }) : '', quick ? words.quick : ''].filter(Boolean);
  return [
    `${error ? paint.red('✘') : paint.green('✔')} ${error ? words.unsound : words.sound}`,
    ...columns(
      [
        [words.store, fill(words.counts, { students, records })],
        [words.files, [fill(words.filesOf, { files, bytes }), fill(words.checked, { count: filesChecked }), ...scope].join('  ')],
        [words.log, log.faultCount > 0 ? words.logBroken : fill(words.headOf, { position: log.head.position, hash: shown(log.head.hash) })],
        [words.backup, backupText(report, words)],
        ...(backup ? [[words.rehearsal, backup.rehearsedAt ? localTime(backup.rehearsedAt) : words.never]] : []),
        [words.gap, gap?.records === 0 ? paint.green(backup ? words.noGap : words.noGapNoBackup) : paint.yellow(gapText(gap, words))],
        ...(repairs ? [[words.repaired, fill(words.repairsOf, { ...repairs })]] : []),
        ...(repairs && repairs.orphans > 0 ? [['', words.quarantine]] : []),
        ...(hurt.length > 0 ? [[words.hurt, hurt.map(maskId).join('  ')]] : []),
      ],
      '  ',
    ),
  ];
}

function gapText(gap: DoctorReport['gap'], words: Context['messages']['doctor']): string {
  if (!gap) return words.gapUnknown;
  const all = fill(words.gapOf, { count: gap.records, day: gap.since ? localTime(gap.since).slice(0, 10) : '' });
  return gap.takenOut === 0 ? all : `${all}${fill(words.gapTakenOut, { count: gap.takenOut })}`;
}

function backupText({ backup }: DoctorReport, words: Context['messages']['doctor']): string {
  if (!backup) return words.noBackup;
  return `${localTime(backup.at)}  ${backup.folder}`;
}

function probeLines({ messages, paint }: Context, { probe, since, faults }: ProbeCheck): string[] {
  const { doctor: words } = messages;
  if (isProbeMissing(faults)) return ['', `${paint.yellow('!')} ${words.probeFaults.noProbe}`];
  if (faults.length > 0) return ['', `${paint.red('✘')} ${words.probeDiffers}`, ...faults.map((fault) => `  ${faultText(words, fault)}`)];
  return [
    '',
    `${paint.green('✔')} ${fill(since > 0 ? words.probeUsed : words.probeSame, { at: localTime(new Date(probe?.at ?? 0)), host: probe?.host ?? '', count: since })}`,
  ];
}

/** Without a probe nothing was compared: nobody can say that anything differs. */
function errorOfProbe({ faults }: ProbeCheck): LpxError | undefined {
  if (faults.length === 0) return undefined;
  return isProbeMissing(faults) ? new LpxError('LPX_PROBE_MISSING') : new LpxError('LPX_PROBE_DIFFERS', { count: faults.length });
}

const isProbeMissing = (faults: readonly ProbeFault[]): boolean => faults.some(({ what }) => what === 'noProbe');

function faultText({ probeFaults }: Context['messages']['doctor'], fault: ProbeFault): string {
  if (fault.what === 'attachments') return fill(probeFaults.attachments, { count: fault.count });
  if (fault.what === 'rows') return fill(probeFaults.rows, { table: fault.table, before: fault.before, after: fault.after });
  if (fault.what === 'content') return fill(probeFaults.content, { table: fault.table });
  return probeFaults[fault.what];
}
