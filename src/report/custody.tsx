/** What a person gets on paper who asks what became of their data (個資法第3條、第10條): where they came from, where they went, what was done. */
import { fill, messagesIn, visible } from '../messages/messages.js';
import { Code, Facts, Section, SignatureBox, Table } from './layout.js';
import { OFFICE } from './model.js';
import { LogHead, numbered, type PaperReceipt, page, SchoolName, type SlipFrame, type SlipSchool } from './slip.js';

export interface CustodyPage {
  /** The school that answers. */
  readonly school: SlipSchool;
  readonly name: string;
  readonly nationalIdMasked: string;
  /** Who answers. */
  readonly operator: string;
  readonly logHead: PaperReceipt['logHead'];
  /** That the student is no longer on the roll; empty for one who is. */
  readonly remark: string;
  readonly parts: readonly { readonly id: string; readonly heading: string; readonly entries: readonly CustodyRow[] }[];
}

/** An entry of the history. Texts have no whole national id of anybody. */
export interface CustodyRow {
  readonly number: number;
  readonly at: Date;
  readonly kind: string;
  /** Where the data came from or went, by code and name; both may be empty. */
  readonly other: SlipSchool;
  /** File and folder. */
  readonly places: readonly string[];
  readonly hashes: readonly string[];
  readonly operator: string;
  readonly remarks: readonly string[];
}

/** @returns a whole HTML file */
export function custodyPage(frame: SlipFrame, { school, name, nationalIdMasked, operator, logHead, remark, parts }: CustodyPage): string {
  const messages = messagesIn(frame.language);
  const { columns, labels, log: words, slip } = messages;
  return page(
    frame,
    words.page.heading,
    `${visible(name)} ${nationalIdMasked}`,
    <>
      <p>{words.page.intro}</p>
      <Facts
        rows={[
          [labels.name, visible(name)],
          [labels.nationalId, <Code>{nationalIdMasked}</Code>],
          [labels.school, <SchoolName school={school} />],
          [words.page.basis, words.page.law],
          [columns.operator, visible(operator)],
          [slip.logHead, <LogHead messages={messages} of={logHead} />],
          [columns.remarks, remark],
        ]}
      />
      {parts.map(({ id, heading, entries }) => (
        <Section key={id} id={id} heading={heading}>
          <Table
            caption={fill(words.page.count, { count: entries.length })}
            columns={[columns.at, columns.kind, columns.file, columns.remarks].map((title) => ({ name: title }))}
            rows={entries.map((entry) => [
              <Lines of={[numbered(messages, entry.at, entry.number), `${columns.operator} ${entry.operator}`]} />,
              <>
                <div class="whole">{entry.kind}</div>
                {entry.other.code !== '' && <SchoolName school={entry.other} />}
              </>,
              <>
                <Lines of={entry.places} />
                {entry.hashes.map((hash) => (
                  <div key={hash}>
                    <Code>{hash}</Code>
                  </div>
                ))}
              </>,
              <Lines of={entry.remarks} />,
            ])}
          />
        </Section>
      ))}
      <SignatureBox language={frame.language} signers={OFFICE} id="signature" />
    </>,
  );
}

/** Texts below each other. */
const Lines = ({ of }: { readonly of: readonly string[] }) => (
  <>
    {of.map((text) => (
      <div key={text}>{visible(text)}</div>
    ))}
  </>
);
