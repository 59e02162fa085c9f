import { type HistoryEntry, withStore } from '../../exchange/school-store.js';
import { maskId } from '../../masking.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { cell, columns, countCells, localTime, size } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

/** `lpx history`: what was loaded, exported and imported, newest first. */
export async function history(context: Context): Promise<Outcome> {
  const { messages, paint } = context;
  const entries = await withStore(storeFolder(context), (store) => store.history());
  const { labels, history: words } = messages;
  const lines = entries.flatMap((entry) => {
    return [
      [
        paint.bold(`#${entry.id}`),
        localTime(entry.at),
        messages.kinds[entry.kind],
        entry.file,
        entry.bytes > 0 ? size(entry.bytes) : '',
        ...(entry.kind === 'load' ? [] : packageWords(context, entry)),
      ]
        .filter(Boolean)
        .join('  '),
      ...(entry.kind === 'export' && entry.received
        ? [`    ${paint.green('✔')} ${fill(words.received, { day: localTime(entry.received.at), by: entry.received.by })}`]
        : []),
      ...(entry.kind === 'load' ? [] : [paint.dim(`    ${identityOf(labels, entry)}`)]),
      ...columns(
        entry.students.map((student) => [
          maskId(student.nationalId),
          cell(student.name),
          ...countCells(labels, student),
          ...(student.sentAs ? [fill(words.sentAs, { words: sentWords(student.sentAs) })] : []),
        ]),
        '    ',
      ),
    ];
  });
  return {
    json: {
      entries: entries.map(entryOutput),
    },
    text: entries.length === 0 ? [words.none] : lines,
  };
}

type PackageEntry = Exclude<HistoryEntry, { readonly kind: 'load' }>;

/** Where a package came from or went to, why, and against which rules. */
function packageWords({ messages, paint }: Context, entry: PackageEntry): string[] {
  const words = messages.history;
  return [
    entry.school === '' ? '' : `${entry.kind === 'export' ? words.to : words.from} ${entry.school}`,
    entry.reason === '' ? '' : messages.reasons[entry.reason as keyof typeof messages.reasons],
    entry.kind === 'export' ? entry.terms : '',
    ...entry.overridden
      .split(' ')
      .filter(Boolean)
      .map((code) => paint.yellow(words.overridden[code] ?? code)),
  ];
}

/** Every entry has all the properties, whatever its kind. */
function entryOutput(entry: HistoryEntry) {
  const received = entry.kind === 'export' ? entry.received : undefined;
  const sent = entry.kind === 'load' ? undefined : entry;
  return {
    id: entry.id,
    kind: entry.kind,
    at: entry.at.toISOString(),
    file: entry.file,
    bytes: entry.bytes,
    md5: sent?.md5 ?? '',
    sha256: sent?.sha256 ?? '',
    contentsDigest: sent?.contentsDigest ?? '',
    school: sent?.school ?? '',
    reason: sent?.reason ?? '',
    terms: entry.kind === 'export' ? entry.terms : '',
    overridden: sent?.overridden ?? '',
    operator: entry.operator,
    receivedAt: received?.at.toISOString() ?? '',
    receivedBy: received?.by ?? '',
    students: entry.students.map(({ nationalId, sentAs, ...rest }) => ({
      nationalIdMasked: maskId(nationalId),
      ...rest,
      ...(sentAs && { sentAs: sentOutput(sentAs) }),
    })),
  };
}

/** By what a package is recognised; entries of version 0.1 have the SHA-256 of its ZIP. */
const identityOf = (labels: Context['messages']['labels'], { md5, sha256, contentsDigest }: Identity): string =>
  [`MD5 ${md5}`, sha256 && `SHA-256 ${sha256}`, contentsDigest && `${labels.contentsDigest} ${contentsDigest}`].filter(Boolean).join('  ');

type Identity = Readonly<Record<'md5' | 'sha256' | 'contentsDigest', string>>;

type Sent = Readonly<Record<'nationalId' | 'name' | 'birthDate', string>>;

/** What a package says of a student otherwise than the roll. */
const sentOutput = ({ nationalId, name, birthDate }: Sent) => ({
  nationalIdMasked: nationalId === '' ? '' : maskId(nationalId),
  name,
  birthDate,
});

const sentWords = (sent: Sent): string =>
  Object.values(sentOutput(sent))
    .filter((word) => word !== '')
    .map((word) => cell(word))
    .join('  ');
