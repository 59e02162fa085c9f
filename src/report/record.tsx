/** One record on a page: what it is, its course code taken apart, what the student wrote, its fields and its files. */
import { fill, type Language, type Messages, size, visible } from '../messages/messages.js';
import { CODE_TABLES } from '../spec/codes.js';
import { explainCourseCode, schoolOfCourseCode } from '../spec/identifiers/course-code.js';
import { LISTS, TITLE_FIELDS, type WireList } from '../spec/portfolio.js';
import { hasTerm, termOf } from '../spec/terms.js';
import { faultTexts, partMeaning } from './course-code.js';
import { dateText, termText } from './dates.js';
import { Code, Facts } from './layout.js';
import type { ReportFile, ReportRecord } from './model.js';
import { owedText, repairText } from './record-notes.js';

export interface Reader {
  readonly language: Language;
  readonly messages: Messages;
}

type Property = WireList['properties'][number];
type Fields = Readonly<Record<string, string | number | boolean>>;

/** The name of a list or a property: as the documents have it, or its English term as words. */
export const wireName = ({ language }: Reader, { wire, name }: { readonly wire: string; readonly name: string }): string =>
  language === 'en'
    ? name
        .replace(/^./, (letter) => letter.toUpperCase())
        .replace(/[A-Z]/g, (letter, at) => (at === 0 ? letter : ` ${letter.toLowerCase()}`))
    : wire;

const listOf = (record: ReportRecord): WireList => LISTS.find(({ name }) => name === record.list) as WireList;

/** What is shown elsewhere in the record, or is on every record and says nothing to a reader. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'academicYear',
  'semester',
  'unitCode',
  'originSchoolCode',
  'courseCode',
  'certification',
  'brief',
  'externalLink',
]);

/** How a course was taken again: 0 where it was not. */
const MODES: ReadonlySet<string> = new Set(['retakenMode', 'madeUpMode']);

export function RecordBlock({
  reader,
  record,
  number,
}: {
  readonly reader: Reader;
  readonly record: ReportRecord;
  readonly number: number;
}) {
  const fields = record.fields as unknown as Fields;
  const { courseCode, certification, brief, externalLink } = fields;
  const text = String(brief ?? '');
  return (
    <article class="record">
      <div class="record-head">
        <h4>
          {number}. <bdi>{headingOf(reader, record)}</bdi>
        </h4>
        {record.ref !== '' && (
          <span class="muted">
            {reader.messages.labels.reference} {record.ref}
          </span>
        )}
        <span>{termText(reader.messages, record.term)}</span>
        {courseCode !== undefined && <Certification reader={reader} value={String(certification)} />}
        {record.remarks.map((remark) => (
          <span class="tag" key={remark}>
            {remark}
          </span>
        ))}
      </div>
      {courseCode !== undefined && courseCode !== '' && (
        <Ruler
          reader={reader}
          code={String(courseCode)}
          schoolName={schoolOfCourseCode(String(courseCode)) === fields.originSchoolCode ? record.schoolName : ''}
        />
      )}
      {text.trim() !== '' && <p class="brief">{text}</p>}
      <Facts rows={factsOf(reader, record, fields, externalLink)} />
      {record.files.length > 0 && (
        <ul class="files" aria-label={reader.messages.labels.attachments}>
          {record.files.map((file, i) => (
            <FileLine key={i} reader={reader} file={file} />
          ))}
        </ul>
      )}
    </article>
  );
}

/** What a record is called. A certificate's title is a code: it stands behind what the code's kind is. */
function headingOf({ messages }: Reader, { title, fields }: ReportRecord): string {
  const shown = visible(title) || messages.report.untitled;
  const kind = 'certificateTypeCode' in fields ? CODE_TABLES.certificateType[fields.certificateTypeCode] : undefined;
  return kind === undefined ? shown : fill(messages.labels.bracketed, { of: kind, in: shown });
}

function Certification({ reader, value }: { readonly reader: Reader; readonly value: string }) {
  const { certification } = reader.messages.report;
  const known = certification[value as keyof typeof certification];
  return <span class={`tag ${value === '1' ? 'good' : 'attention'}`}>{known ?? value}</span>;
}

/** A course code, part by part, each with what it means. */
function Ruler({ reader, code, schoolName }: { readonly reader: Reader; readonly code: string; readonly schoolName: string }) {
  const { messages } = reader;
  const { parts, faults } = explainCourseCode(code);
  const { part: labels = {} } = messages.words;
  return (
    <>
      <ol class="ruler" aria-label={`${messages.report.courseCode} ${code}`}>
        {parts.map((part) => {
          const name = part.part === 'school' ? schoolName : part.name;
          const label = labels[part.part] ?? part.part;
          // A code that no table has is not wrong: on paper, it stands for itself.
          const meaning = name === '' && part.kind === 'unknown' ? '' : partMeaning(messages, part, name);
          return (
            <li key={part.part} class={part.kind === 'malformed' ? 'wrong' : undefined}>
              <b class="code">{part.text || '—'}</b>
              <span class="muted">{label}</span>
              {meaning !== '' && <span>{meaning}</span>}
            </li>
          );
        })}
      </ol>
      {faultTexts(messages, faults).map((line) => (
        <p class="bad" key={line}>
          ✘ {line}
        </p>
      ))}
    </>
  );
}

function factsOf(reader: Reader, record: ReportRecord, fields: Fields, externalLink: string | number | boolean | undefined) {
  const { report: words, debts } = reader.messages;
  const list = listOf(record);
  const title = TITLE_FIELDS.find((name) => typeof fields[name] === 'string' && String(fields[name]).trim() !== '');
  const school = [String(fields.originSchoolCode ?? ''), visible(record.schoolName)].filter(Boolean).join(' ');
  const term = typeof fields.academicYear === 'number' ? termOf(fields.academicYear, Number(fields.semester)) : '';
  return [
    [words.originSchool, school],
    [words.ofTerm, term === record.term ? '' : termText(reader.messages, term)],
    ...list.properties
      .filter(({ name, role }) => !role && name !== title && !ELSEWHERE.has(name))
      .map((property) => [wireName(reader, property), fieldText(reader, property, fields[property.name])] as const),
    [words.link, externalLink ? <Link to={String(externalLink)} /> : ''],
    ...record.extras.map(({ name, value }) => [visible(name), value] as const),
    ...record.owed.map((file) => [debts.owed, owedText(reader.messages, file)] as const),
    ...record.repairs.map((repair) => [debts.repaired, repairText(reader.messages, repair)] as const),
  ] as const;
}

/** A field's value as a reader wants it; empty for what says nothing: no date, no number, `false`. */
function fieldText({ messages }: Reader, { name, shape, codes }: Property, value: string | number | boolean | undefined): string {
  if (value === undefined || value === '' || value === -1 || value === false) return '';
  if (value === true) return messages.prompt.yes;
  const text = String(value);
  if (text === '0' && MODES.has(name)) return '';
  if (codes) return [text, CODE_TABLES[codes][text]].filter(Boolean).join(' ');
  if (shape === 'term') return hasTerm(text) ? termText(messages, text) : '';
  return shape === 'date' || shape === 'dateTime' || shape === 'dateOrTime' ? dateText(messages, text) : text;
}

/** An address that a browser opens on the web is a link; any other is text. */
function Link({ to }: { readonly to: string }) {
  const isWeb = /^https?:\/\/[^\s"<>]+$/i.test(to);
  return isWeb ? (
    <a class="code" href={to} rel="noopener noreferrer nofollow">
      {to}
    </a>
  ) : (
    <Code>{to}</Code>
  );
}

function FileLine({ reader, file: { name, type, bytes, md5, picture } }: { readonly reader: Reader; readonly file: ReportFile }) {
  const media = picture && (picture.type === 'png' ? 'image/png' : 'image/jpeg');
  return (
    <li>
      {picture ? (
        <img
          class="thumbnail"
          alt=""
          width={picture.width}
          height={picture.height}
          src={`data:${media};base64,${Buffer.from(picture.content).toString('base64')}`}
        />
      ) : (
        <span class="file-kind" aria-hidden="true">
          {type.slice(0, 4).toUpperCase()}
        </span>
      )}
      <div>
        <p>
          <bdi>{visible(name)}</bdi> <span class="muted">{[type.toUpperCase(), size(bytes)].join(reader.messages.usage.and)}</span>
        </p>
        <p class="code muted">MD5 {md5}</p>
      </div>
    </li>
  );
}
