import { withStoreToRead } from '../../exchange/school-store.js';
import { type StudentStatus, studentStatus } from '../../exchange/status.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { findingOutput } from '../render/findings.js';
import { type Table, type TableOptions, tableAsked, withTable } from '../render/tables.js';
import { cell, columns, fittingColumns } from '../render/text.js';
import { versionOutput, versionText } from '../render/versions.js';
import { storeFolder } from '../store-folder.js';

/** `lpx status`: a student's school years. */
export async function status(context: Context, nationalId: string, options: TableOptions): Promise<Outcome> {
  const { messages } = context;
  const asked = tableAsked(context, options);
  const result = await withStoreToRead(storeFolder(context), (store) => studentStatus(store, nationalId));
  const { basicData, listed, extendedYears, years, certified, submittedElsewhere, versions, totals, findings } = result;
  const outcome = {
    json: {
      student: { nationalId: basicData.nationalId, name: basicData.name, extendedYears, listed },
      years,
      totals,
      certified,
      submittedElsewhere,
      versions: versions.map(({ version, ...rest }) => ({ ...rest, version: versionOutput(version) })),
      findings: findings.map((finding) => findingOutput(messages, finding)),
    },
    text: statusLines(context, result),
    findings,
  };
  return withTable(context, asked, outcome, () => tableOf(context, result));
}

/** A row a half of a school year, and one for all years. */
function tableOf({ messages: { columns: titles, labels, tables } }: Context, { basicData, years, totals }: StudentStatus): Table {
  const head = [titles.nationalId, titles.name, titles.schoolYear, titles.half, titles.own, titles.transferred];
  const ofYears = years.map(({ schoolYear, half, own, transferred, picked, perYear, left }) => [
    ...[basicData.nationalId, basicData.name, schoolYear, labels[half], own, transferred, picked, perYear, left],
  ]);
  const ofAll = totals.map(({ half, picked, limit }) => [
    ...[basicData.nationalId, basicData.name, labels.total, labels[half], '', '', picked, limit, ''],
  ]);
  const rows = [[...head, titles.picked, titles.limit, titles.open], ...ofYears, ...ofAll];
  return { name: tables.names.status, rows, output: { command: 'status', nationalIds: [basicData.nationalId] } };
}

function statusLines(context: Context, status: StudentStatus): string[] {
  const { messages, paint } = context;
  const { basicData, listed, extendedYears, years, certified, submittedElsewhere, versions, totals } = status;
  const { labels, standing: words } = messages;
  const head = [
    paint.bold(cell(basicData.name)),
    basicData.nationalId,
    ...(extendedYears > 0 ? [fill(words.extended, { years: extendedYears })] : []),
  ].join('  ');
  const fromList = listed ? [paint.yellow(messages.students.listedNote)] : [];
  if (years.length === 0) return [head, ...fromList, words.nothing];
  const header = [labels.year, '', labels.own, labels.transferred, labels.picked, labels.left].map((text) => paint.dim(text));
  const rows = years.map(({ schoolYear, half, own, transferred, picked, perYear, left }) => [
    String(schoolYear),
    labels[half],
    own,
    transferred,
    fill(words.total, { picked, limit: perYear }),
    left,
  ]);
  const sums = totals.map(({ half, picked, limit }) => [labels.total, labels[half], '', '', fill(words.total, { picked, limit }), '']);
  const schools = certified.map((school) => [
    String(school.schoolYear),
    school.schoolCode,
    school.schoolName,
    labels.certified,
    school.certified,
    ...(school.uncertified > 0 ? [labels.uncertified, school.uncertified] : []),
  ]);
  const submitted = submittedElsewhere.map((record) => [
    record.ref,
    record.title,
    record.submittedTerm,
    record.schoolCode,
    record.schoolName,
    fill(words.broughtBy, { id: record.historyId }),
  ]);
  const several = versions.map(({ ref, title, version }) => [ref, title, versionText(messages, version)]);
  return [
    head,
    ...fromList,
    '',
    ...columns([header, ...rows, ...sums], '  '),
    ...(schools.length > 0 ? ['', paint.cyan(words.where), ...fittingColumns(context, schools, [[2, 12]], '  ')] : []),
    ...(submitted.length > 0
      ? [
          '',
          paint.cyan(words.submittedElsewhere),
          ...fittingColumns(
            context,
            submitted,
            [
              [4, 12],
              [1, 12],
            ],
            '  ',
          ),
        ]
      : []),
    ...(several.length > 0
      ? [
          '',
          paint.cyan(messages.versions.title),
          ...fittingColumns(
            context,
            several,
            [
              [1, 12],
              [2, 12],
            ],
            '  ',
          ),
        ]
      : []),
  ];
}
