import { withStore } from '../../exchange/school-store.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { maskId } from '../render/places.js';
import { cell, columns, localTime, size } from '../render/text.js';
import { storeFolder } from '../store-folder.js';

/** `lpx history`: what was loaded, exported and imported, newest first. */
export async function history(context: Context): Promise<Outcome> {
  const { messages, paint } = context;
  const entries = await withStore(storeFolder(context), (store) => store.history());
  const { labels, history: words } = messages;
  const lines = entries.flatMap((entry) => {
    const other = entry.school === '' ? '' : `${entry.kind === 'export' ? words.to : words.from} ${entry.school}`;
    const reason = entry.reason === '' ? '' : messages.reasons[entry.reason as keyof typeof messages.reasons];
    return [
      [
        paint.bold(`#${entry.id}`),
        localTime(entry.at),
        messages.kinds[entry.kind],
        entry.file,
        entry.bytes > 0 ? size(entry.bytes) : '',
        other,
        reason,
        entry.terms,
        ...entry.overridden
          .split(' ')
          .filter(Boolean)
          .map((code) => paint.yellow(words.overridden[code] ?? code)),
      ]
        .filter(Boolean)
        .join('  '),
      ...(entry.received
        ? [`    ${paint.green('✔')} ${fill(words.received, { day: localTime(entry.received.at), by: entry.received.by })}`]
        : []),
      ...(entry.md5 === '' ? [] : [paint.dim(`    ${identityOf(labels, entry)}`)]),
      ...columns(
        entry.students.map((student) => [
          maskId(student.nationalId),
          cell(student.name),
          labels.courseResults,
          student.courseResults,
          labels.multiPerformances,
          student.multiPerformances,
          labels.attachments,
          student.attachments,
          ...(student.sentAs ? [fill(words.sentAs, { words: sentWords(student.sentAs) })] : []),
        ]),
        '    ',
      ),
    ];
  });
  return {
    json: {
      entries: entries.map(({ students, at, received, ...entry }) => ({
        ...entry,
        receivedAt: received?.at.toISOString() ?? '',
        receivedBy: received?.by ?? '',
        at: at.toISOString(),
        students: students.map(({ nationalId, sentAs, ...rest }) => ({
          nationalIdMasked: maskId(nationalId),
          ...rest,
          ...(sentAs && { sentAs: sentOutput(sentAs) }),
        })),
      })),
    },
    text: entries.length === 0 ? [words.none] : lines,
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
