/** Slips: what goes on paper with a package, apart from it with its password, and back from the school that received it. */
import { fill, type Language, type Messages, messagesIn } from '../messages/messages.js';
import type { OwedFile } from '../spec/portfolio.js';
import { dateText, momentText } from './dates.js';
import { Boxes, Callout, Code, Facts, renderPage, Section, SignatureBox, Table } from './layout.js';
import { OFFICE, type Verdict } from './model.js';
import { owedText } from './record-notes.js';

/** A school by code and name; each may be empty. */
export interface SlipSchool {
  readonly code: string;
  readonly name: string;
}

/** A package, as the history has it. */
export interface SlipPackage {
  /** Base name. */
  readonly file: string;
  readonly bytes: number;
  readonly md5: string;
  /** Empty when it is unknown. */
  readonly contentsDigest: string;
}

export interface SlipStudent {
  readonly nationalIdMasked: string;
  readonly name: string;
  readonly courseResults: number;
  readonly multiPerformances: number;
}

/** What every slip is printed with. */
export interface SlipFrame {
  readonly language: Language;
  /** Of lpx. */
  readonly version: string;
  readonly now: Date;
}

/** An export, for the letter that goes with its package. */
export interface CoverLetter {
  /** Its number in the history. */
  readonly number: number;
  readonly from: SlipSchool;
  readonly to: SlipSchool;
  readonly package: SlipPackage;
  readonly exportedAt: Date;
  readonly operator: string;
  /** Empty when it is unknown. */
  readonly reason: keyof Messages['reasons'] | '';
  /** The students' last day, `yyyy-MM-dd`; empty when it is unknown. */
  readonly left: string;
  readonly students: readonly (SlipStudent & { readonly attachments: number })[];
}

/** The password of an export's package. */
export interface PasswordSlip extends Pick<CoverLetter, 'number' | 'from' | 'to' | 'package' | 'exportedAt'> {
  /** Undefined where it is to be filled in by hand. */
  readonly password: string | undefined;
}

/** An import, for the school that sent the package. */
export interface PaperReceipt {
  /** Its number in the history. */
  readonly number: number;
  readonly from: SlipSchool;
  readonly to: SlipSchool;
  readonly package: SlipPackage;
  readonly importedAt: Date;
  readonly issuedAt: Date;
  readonly issuedBy: string;
  /** The newest entry of the custody log of the school that issues it; undefined on receipts of earlier versions. */
  readonly logHead: { readonly position: number; readonly hash: string } | undefined;
  /** Whether the package's signature was checked; undefined where only the receiving school knows. */
  readonly signed: boolean | undefined;
  readonly students: readonly (SlipStudent & {
    readonly alreadyHere: number;
    readonly leftOut: readonly { readonly list: string; readonly title: string; readonly reason: 'uncertified' | 'unsound' }[];
    readonly owed?: readonly (Pick<OwedFile, 'md5' | 'why'> & { readonly list: string; readonly title: string; readonly file: string })[];
  })[];
  /** What the sending school's check of it came to. */
  readonly checked?: Verdict | undefined;
}

/** The letter that goes with a package. @returns a whole HTML file */
export function coverLetter(frame: SlipFrame, letter: CoverLetter): string {
  const { language } = frame;
  const messages = messagesIn(language);
  const { slip: words, labels, reasons, columns } = messages;
  const { file } = letter.package;
  return page(
    frame,
    words.cover,
    file,
    <>
      <Facts
        rows={[
          [words.to, <SchoolName school={letter.to} />],
          [words.from, <SchoolName school={letter.from} />],
          [labels.reason, letter.reason === '' ? '' : reasons[letter.reason]],
          [columns.left, dateText(messages, letter.left)],
          [words.exportedAt, numbered(messages, letter.exportedAt, letter.number)],
          [columns.operator, letter.operator],
          [words.phone, <span class="line short" />],
        ]}
      />
      <Section id="contents" heading={words.contents}>
        <PackageFacts messages={messages} of={letter.package} signed />
        <Table
          caption={fill(words.students, { count: letter.students.length })}
          columns={[
            { name: columns.name },
            { name: columns.nationalId },
            { name: columns.courseResults, isNumber: true },
            { name: columns.multiPerformances, isNumber: true },
            { name: columns.attachments, isNumber: true },
          ]}
          rows={letter.students.map((student) => [
            student.name,
            <Code>{student.nationalIdMasked}</Code>,
            student.courseResults,
            student.multiPerformances,
            student.attachments,
          ])}
        />
      </Section>
      <Callout mood="attention" title={words.apart} lines={[words.apartHow]} />
      <LowBoxes heading={words.givenBy} names={[words.givenHow, words.givenWhom, words.givenWhen]} id="given" />
      <Section id="steps" heading={words.steps}>
        <ol>
          <li>{words.stepPassword}</li>
          <li>
            {words.stepVerify} <Code>{`lpx verify ${file}`}</Code>
          </li>
          <li>
            {words.stepImport} <Code>{`lpx import ${file}`}</Code>
          </li>
          <li>{words.stepReceipt}</li>
        </ol>
        <p class="muted">{words.withoutLpx}</p>
      </Section>
      <SignatureBox language={language} signers={['sender', 'chief', 'seal', 'receiver']} id="signature" />
    </>,
  );
}

/** The password of a package, on a sheet of its own that names no student. @returns a whole HTML file, to be kept from others */
export function passwordSlip(frame: SlipFrame, slip: PasswordSlip): string {
  const messages = messagesIn(frame.language);
  const { slip: words } = messages;
  return page(
    frame,
    words.passwordSlip,
    slip.package.file,
    <>
      <Callout mood="attention" title={words.neverTogether} lines={[words.destroy]} />
      <Section id="password" heading={words.password}>
        {slip.password === undefined ? <Blank words={words} /> : <Spelled words={words} password={slip.password} />}
      </Section>
      <Section id="package" heading={words.opens}>
        <Facts
          rows={[
            [messages.labels.package, <Code>{slip.package.file}</Code>],
            [words.to, <SchoolName school={slip.to} />],
            [words.from, <SchoolName school={slip.from} />],
            [words.exportedAt, momentText(messages, slip.exportedAt)],
            ['MD5', <Code>{slip.package.md5}</Code>],
          ]}
        />
        <p class="muted">{words.compare}</p>
      </Section>
      <SignatureBox language={frame.language} signers={['sender', 'receiver']} id="signature" />
    </>,
  );
}

/** The acknowledgement of an import on paper. @returns a whole HTML file */
export function paperReceipt(frame: SlipFrame, receipt: PaperReceipt): string {
  const messages = messagesIn(frame.language);
  const { slip: words, columns, receipt: receiptWords, outcomes } = messages;
  const leftOut = receipt.students.flatMap((student) => student.leftOut.map((record) => ({ ...record, name: student.name })));
  const owed = receipt.students.flatMap(({ name, owed = [] }) => owed.map((file) => ({ ...file, name })));
  return page(
    frame,
    words.receipt,
    receipt.package.file,
    <>
      {receipt.checked && <Callout {...receipt.checked} />}
      <p>{words.received}</p>
      <Facts
        rows={[
          [words.from, <SchoolName school={receipt.from} />],
          [words.to, <SchoolName school={receipt.to} />],
          [words.importedAt, numbered(messages, receipt.importedAt, receipt.number)],
          [words.issuedAt, momentText(messages, receipt.issuedAt)],
          [columns.operator, receipt.issuedBy],
          [messages.checks.signature, signatureText(messages, receipt.signed)],
          [words.logHead, <LogHead messages={messages} of={receipt.logHead} />],
        ]}
      />
      <Section id="package" heading={messages.labels.package}>
        <PackageFacts messages={messages} of={receipt.package} />
      </Section>
      <Section id="students" heading={words.takenIn}>
        <Table
          caption={fill(words.students, { count: receipt.students.length })}
          columns={[
            { name: columns.name },
            { name: columns.nationalId },
            { name: columns.courseResults, isNumber: true },
            { name: columns.multiPerformances, isNumber: true },
            { name: receiptWords.alreadyHere, isNumber: true },
            { name: receiptWords.leftOut, isNumber: true },
          ]}
          rows={receipt.students.map((student) => [
            student.name,
            <Code>{student.nationalIdMasked}</Code>,
            student.courseResults,
            student.multiPerformances,
            student.alreadyHere,
            student.leftOut.length,
          ])}
        />
        {leftOut.length > 0 && (
          <Table
            caption={words.leftOut}
            columns={[{ name: columns.name }, { name: columns.list }, { name: columns.title }, { name: columns.reason }]}
            rows={leftOut.map(({ name, list, title, reason }) => [name, list, title, outcomes[reason]])}
          />
        )}
        {owed.length > 0 && (
          <Table
            caption={messages.debts.owed}
            columns={[{ name: columns.name }, { name: columns.list }, { name: columns.title }, { name: columns.file }]}
            rows={owed.map(({ name, list, title, file, ...rest }) => [name, list, title, owedText(messages, { ...rest, name: file })])}
          />
        )}
      </Section>
      <SignatureBox language={frame.language} signers={OFFICE} id="signature" />
    </>,
  );
}

/** The head of a custody log, whole: it is typed off the paper. */
export const LogHead = ({ messages, of }: { readonly messages: Messages; readonly of: PaperReceipt['logHead'] }) =>
  of && (
    <>
      {fill(messages.slip.logPosition, { position: of.position })} <Code>{of.hash}</Code>
    </>
  );

const signatureText = ({ status, reasons }: Messages, signed: boolean | undefined): string =>
  signed === undefined ? '' : signed ? status.passed : reasons.unsigned;

/** When something was done, with its number in the history. */
export const numbered = (messages: Messages, at: Date, number: number): string =>
  fill(messages.labels.bracketed, { of: momentText(messages, at), in: fill(messages.slip.number, { number }) });

type Words = Messages['slip'];
type Content = Parameters<typeof renderPage>[0]['children'];

/** A whole HTML file. */
export const page = ({ language, version, now }: SlipFrame, heading: string, about: string, children: Content): string => {
  const messages = messagesIn(language);
  const foot = fill(messages.report.foot, { version, at: momentText(messages, now) });
  return renderPage({ language, heading, about, foot, children });
};

/** A school; of one that is not known, a line to write it on. */
export const SchoolName = ({ school }: { readonly school: SlipSchool }) =>
  school.code === '' && school.name === '' ? (
    <span class="line" />
  ) : (
    <>
      <Code>{school.code}</Code> {school.name}
    </>
  );

interface PackageFactsProps {
  readonly messages: Messages;
  readonly of: SlipPackage;
  /** Whether its signature is there as well. */
  readonly signed?: boolean;
}

const PackageFacts = ({ messages: { columns, labels }, of, signed }: PackageFactsProps) => (
  <Facts
    rows={[
      [labels.package, <Code>{of.file}</Code>],
      [labels.signature, signed ? <Code>{`${of.file}.md5`}</Code> : ''],
      [columns.bytes, of.bytes.toLocaleString('en')],
      ['MD5', <Code>{of.md5}</Code>],
      [labels.contentsDigest, of.contentsDigest === '' ? '' : <Code>{of.contentsDigest}</Code>],
    ]}
  />
);

/** Low boxes under a heading of their own. */
const LowBoxes = ({ heading, names, id }: { readonly heading: string; readonly names: readonly string[]; readonly id: string }) => (
  <section class="signature low" aria-labelledby={id}>
    <h2 id={id}>{heading}</h2>
    <Boxes names={names} />
  </section>
);

/** A password, large, and each of its characters with what it is, to be read out. */
const Spelled = ({ words, password }: { readonly words: Words; readonly password: string }) => (
  <>
    <p class="password">{password}</p>
    {rowsOf(password).map((row, i) => (
      <ol key={i} class="characters">
        {row.map((character, at) => (
          <li key={at}>
            <b>{character}</b>
            <span>{words.characters[kindOf(character)]}</span>
          </li>
        ))}
      </ol>
    ))}
    <p class="muted">{words.proven}</p>
  </>
);

/** The most characters that stand next to each other. */
const ROW_CHARACTERS = 12;

/** The characters of a password in rows: its groups, where it has some. */
function rowsOf(password: string): string[][] {
  const groups = (password.match(/[^-]*-|[^-]+$/g) ?? []).map((group) => [...group]);
  const characters = [...password];
  const isGrouped = groups.length <= ROW_CHARACTERS && groups.every((group) => group.length <= ROW_CHARACTERS);
  if (isGrouped) return groups;
  return Array.from({ length: Math.ceil(characters.length / ROW_CHARACTERS) }, (_, i) =>
    characters.slice(i * ROW_CHARACTERS, (i + 1) * ROW_CHARACTERS),
  );
}

const kindOf = (character: string): keyof Words['characters'] => {
  if (/[A-Z]/.test(character)) return 'capital';
  if (/[a-z]/.test(character)) return 'small';
  if (/[0-9]/.test(character)) return 'digit';
  return character === '-' ? 'hyphen' : character === ' ' ? 'blank' : 'sign';
};

/** As many as a password that lpx makes has, with its hyphens. */
const BLANKS = 24;

const Blank = ({ words }: { readonly words: Words }) => (
  <>
    <p>{words.byHand}</p>
    {rowsOf(' '.repeat(BLANKS)).map((row, i) => (
      <ol key={i} class="characters" aria-hidden="true">
        {row.map((_, at) => (
          <li key={at} />
        ))}
      </ol>
    ))}
  </>
);
