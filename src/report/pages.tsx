/** A report as an HTML file: first what was found, then each student on paper of their own, with a box to sign. */
import { maskId } from '../masking.js';
import { fill, type Language, messagesIn, visible } from '../messages/messages.js';
import { LISTS } from '../spec/portfolio.js';
import { dateText, momentText, termText } from './dates.js';
import { Callout, Code, Facts, renderPage, Section, Sheet, SignatureBox, Table } from './layout.js';
import type { Report, ReportCheck, ReportFact, ReportFinding, ReportStudent } from './model.js';
import { type Reader, RecordBlock, wireName } from './record.js';

/** The whole file, in UTF-8. */
export function reportPage(report: Report, language: Language): string {
  const messages = messagesIn(language);
  const { report: words } = messages;
  const reader = { language, messages };
  const { verdict, checks = [], findings, packages = [], tables = [] } = report;
  // A page may lie open on a desk: name and birth date say who is meant.
  const students = (report.students ?? []).map((student) => ({ ...student, nationalId: maskId(student.nationalId) }));
  const whole = students.filter(({ records }) => records !== undefined);
  const isSplit = students.length > 1 || whole.length === 0;
  return renderPage({
    language,
    heading: words.headings[report.kind],
    about: visible(report.about),
    foot: fill(words.foot, { version: report.version, at: momentText(messages, report.madeAt) }),
    contents: [
      ...(findings ? [['findings', words.findings] as const] : []),
      ...(packages.length > 0 ? [['package', messages.labels.package] as const] : []),
      ...whole.map((student, i) => [idOf(i), visible(student.name) || student.nationalId] as const),
    ],
    children: (
      <>
        <Sheet>
          {verdict && <Callout {...verdict} />}
          {checks.length > 0 && (
            <Section id="checks" heading={words.checks}>
              <Checks checks={checks} />
            </Section>
          )}
          {findings && (
            <Section id="findings" heading={words.findings}>
              {findings.length === 0 ? (
                <p>{tables.length > 0 ? words.onlyTables : words.noFindings}</p>
              ) : (
                <Findings reader={reader} findings={findings} />
              )}
            </Section>
          )}
          {packages.length > 0 && (
            <Section id="package" heading={messages.labels.package}>
              {packages.map((facts, i) => (
                <FactList key={i} reader={reader} facts={facts} />
              ))}
            </Section>
          )}
          {isSplit && students.length > 0 && <StudentTable reader={reader} students={students} />}
          {report.isCut && <p class="muted">{words.noRecords}</p>}
          {tables.map(({ caption, columns, rows }) => (
            <Table key={caption} caption={caption} columns={columns.map((name) => ({ name }))} rows={rows} />
          ))}
          {isSplit && <SignatureBox language={language} signers={report.signers.filter((signer) => signer !== 'student')} id="signature" />}
        </Sheet>
        {whole.map((student, i) => {
          const label = `${i + 1}. ${visible(student.name)} ${student.nationalId}`;
          const sheet = (
            <>
              <Student reader={reader} student={student} id={idOf(i)} label={label} />
              <SignatureBox
                language={language}
                signers={report.signers}
                id={`${idOf(i)}-signature`}
                label={`${words.signature} ${label}`}
                statement={fill(words.confirmed, {
                  name: visible(student.name),
                  id: student.nationalId,
                  records: fill(words.summary, { ...student.counts, attachments: student.counts.attachments ?? 0 }),
                })}
              />
            </>
          );
          return isSplit ? <Sheet key={i}>{sheet}</Sheet> : sheet;
        })}
      </>
    ),
  });
}

const idOf = (student: number): string => `student-${student + 1}`;

const MARKS = { passed: '✔', partial: '!', failed: '✘', skipped: '·', error: '✘', warning: '!', note: '·' } as const;
const MOODS = {
  passed: 'good',
  partial: 'attention',
  failed: 'bad',
  skipped: 'muted',
  error: 'bad',
  warning: 'attention',
  note: 'muted',
} as const;

const Checks = ({ checks }: { readonly checks: readonly ReportCheck[] }) => (
  <ul class="checks">
    {checks.map(({ name, status, text }) => (
      <li key={name}>
        <span class={`mark ${MOODS[status]}`}>
          <span aria-hidden="true">{MARKS[status]}</span> {text}
        </span>{' '}
        {name}
      </li>
    ))}
  </ul>
);

function Findings({ reader: { messages }, findings }: { readonly reader: Reader; readonly findings: readonly ReportFinding[] }) {
  return (
    <ol class="list">
      {findings.map(({ severity, code, where, message, hint, differences = [], more = 0 }, i) => (
        <li key={i}>
          <p>
            <span class={`mark ${MOODS[severity]}`}>
              <span aria-hidden="true">{MARKS[severity]}</span> {messages.severity[severity]}
            </span>{' '}
            {where !== '' && <strong>{where}</strong>} {message} <Code>{code}</Code>
          </p>
          {differences.length > 0 && (
            <Table
              caption={messages.report.differences}
              columns={[{ name: messages.report.property }, { name: messages.versions.stored }, { name: messages.versions.received }]}
              rows={differences.map(({ property, stored, received }) => [property, stored || '—', received || '—'])}
            />
          )}
          {more > 0 && <p>{fill(messages.report.more, { count: more })}</p>}
          {hint !== '' && <p class="muted">→ {hint}</p>}
        </li>
      ))}
    </ol>
  );
}

const FactList = ({ reader, facts }: { readonly reader: Reader; readonly facts: readonly ReportFact[] }) => (
  <Facts
    rows={facts.map(({ name, value, isCode, isDate }) => [
      name,
      isCode && value !== '' ? <Code>{value}</Code> : isDate ? dateText(reader.messages, value) : visible(value),
    ])}
  />
);

function StudentTable({ reader: { messages }, students }: { readonly reader: Reader; readonly students: readonly ReportStudent[] }) {
  const { labels, report: words } = messages;
  const hasRemarks = students.some(({ remark }) => remark !== '');
  const hasFiles = students.some(({ counts }) => counts.attachments !== undefined);
  return (
    <Section id="students" heading={words.students}>
      <Table
        caption={fill(words.studentCount, { count: students.length })}
        columns={[
          { name: labels.name },
          { name: labels.nationalId },
          ...[labels.courseResults, labels.multiPerformances, ...(hasFiles ? [labels.attachments] : [])].map((name) => ({
            name,
            isNumber: true,
          })),
          ...(hasRemarks ? [{ name: words.remark }] : []),
        ]}
        rows={students.map(({ name, nationalId, counts, remark }) => [
          visible(name),
          <Code>{nationalId}</Code>,
          counts.courseResults,
          counts.multiPerformances,
          ...(hasFiles ? [counts.attachments] : []),
          ...(hasRemarks ? [remark] : []),
        ])}
      />
    </Section>
  );
}

interface StudentProps {
  readonly reader: Reader;
  readonly student: ReportStudent;
  readonly id: string;
  /** Tells the student from others of the same name. */
  readonly label: string;
}

function Student({ reader, student, id, label }: StudentProps) {
  const { messages } = reader;
  const { labels, report: words } = messages;
  const { name, nationalId, birthDate, roll = [], school, cameFrom, entered, counts, remark, records = [] } = student;
  return (
    <Section id={id} label={label} heading={<bdi>{visible(name) || nationalId}</bdi>}>
      <Facts
        rows={[
          [labels.nationalId, <Code>{nationalId}</Code>],
          [labels.birthDate, dateText(messages, birthDate)],
          ...roll.map(({ name, value }) => [name, visible(value)] as const),
          [labels.school, visible(school)],
          [words.cameFrom, visible(cameFrom)],
          [words.entered, termText(messages, entered)],
          [words.records, fill(words.summary, counts)],
          [words.remark, remark],
        ]}
      />
      {records.length === 0 && <p class="muted">{words.nothing}</p>}
      {LISTS.map((list) => {
        const of = records.filter((record) => record.list === list.name);
        if (of.length === 0) return null;
        return (
          <div key={list.name}>
            <h3>{fill(labels.bracketed, { of: wireName(reader, list), in: of.length })}</h3>
            {of.map((record, i) => (
              <RecordBlock key={i} reader={reader} record={record} number={i + 1} />
            ))}
          </div>
        );
      })}
    </Section>
  );
}
