/**
 * The paper that reports and slips are written on: a page in one file that needs no network and runs no script, and the
 * pieces it is made of. Texts from outside are passed as they are: hono's JSX escapes them, and `renderPage` makes them inert.
 */
import { createHash } from 'node:crypto';
import type { Child } from 'hono/jsx';
import { HIDDEN_CHARACTERS, type Language, type Messages, messagesIn } from '../messages/messages.js';
import { STYLE } from './style.js';

export interface PageFrame {
  readonly language: Language;
  /** The heading of the page and, with what it is about, its title in the browser. */
  readonly heading: string;
  /** What it is about: a package's name, a student's; may be empty. */
  readonly about: string;
  /** When and by what it was made. */
  readonly foot: string;
  /** Where to find what on a long page: ids of sections and their names, of two or more. Not printed. */
  readonly contents?: readonly (readonly [id: string, name: string])[];
  readonly children: Child;
}

/** Nothing from the network, no script, no style but the page's own; pictures only from within the file. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Line breaks aside, nothing on the page does anything but show: a tab is a blank. */
const inertPage = (html: string): string => html.replaceAll(/\r\n?/g, '\n').replaceAll('\t', ' ').replace(HIDDEN_CHARACTERS, '\ufffd');

/** A whole HTML file. */
export function renderPage({ language, heading, about, foot, contents = [], children }: PageFrame): string {
  const { report: words } = messagesIn(language);
  const page = (
    <html lang={language}>
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <meta name="color-scheme" content="light dark" />
        <title>{about === '' ? heading : `${heading} ${about}`}</title>
        {/* Our own style, a constant: what stands in a style is not to be escaped. */}
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <a class="skip" href="#main">
          {words.skip}
        </a>
        <div class="page">
          <header>
            <h1>{heading}</h1>
            {about !== '' && (
              <p>
                <bdi class="code">{about}</bdi>
              </p>
            )}
          </header>
          {contents.length > 1 && (
            <nav aria-label={words.contents}>
              <ul>
                {contents.map(([id, name]) => (
                  <li key={id}>
                    <a href={`#${id}`}>{name}</a>
                  </li>
                ))}
              </ul>
            </nav>
          )}
          <main id="main" tabindex={-1}>
            {children}
          </main>
          <footer>
            <p>{foot}</p>
          </footer>
        </div>
      </body>
    </html>
  );
  return inertPage(`<!DOCTYPE html>\n${page}\n`);
}

/** A part of the page that begins on paper of its own when another came before. */
export const Sheet = ({ children }: { readonly children: Child }) => <div class="sheet">{children}</div>;

/** A part of the page with a heading; `label` tells it from others where the heading alone may not. */
export const Section = ({
  id,
  heading,
  label,
  children,
}: {
  readonly id: string;
  readonly heading: Child;
  readonly label?: string;
  readonly children: Child;
}) => (
  <section {...labelled(id, label)}>
    <h2 id={id}>{heading}</h2>
    {children}
  </section>
);

const labelled = (id: string, label: string | undefined) => (label === undefined ? { 'aria-labelledby': id } : { 'aria-label': label });

/** A code, a hash, a file's name: characters to compare one by one. */
export const Code = ({ children }: { readonly children: Child }) => <span class="code">{children}</span>;

/** Names and values; those without a value are left out. */
export const Facts = ({ rows }: { readonly rows: readonly (readonly [name: string, value: Child])[] }) => (
  <dl class="facts">
    {rows
      .filter(([, value]) => value !== '' && value !== undefined && value !== null)
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);

export type Mood = 'good' | 'bad' | 'attention';

/** What matters most, in a box of its own: a title and lines below it. */
export const Callout = ({
  mood,
  title,
  lines = [],
}: {
  readonly mood: Mood;
  readonly title: string;
  readonly lines?: readonly string[];
}) => (
  <div class={`callout ${mood}`}>
    <p>
      <strong>{title}</strong>
    </p>
    {lines.map((line) => (
      <p key={line}>{line}</p>
    ))}
  </div>
);

/** A column of a table; numbers stand to the right. */
export interface Column {
  readonly name: string;
  readonly isNumber?: boolean;
}

/** A table whose rows each begin with what they are about. On a narrow screen, rows become blocks with the columns' names. */
export function Table({
  caption,
  columns,
  rows,
}: {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Child[])[];
}) {
  const classOf = ({ isNumber }: Column) => (isNumber ? 'number' : undefined);
  return (
    <table class="stacks">
      <caption>{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.name} scope="col" class={classOf(column)}>
              {column.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, at) => (
          <tr key={at}>
            {columns.map((column, i) =>
              i === 0 ? (
                <th key={column.name} scope="row" class={classOf(column)}>
                  {row[i]}
                </th>
              ) : (
                <td key={column.name} class={classOf(column)} data-label={column.name}>
                  {row[i]}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Who signs a page: a student who confirms it, whoever sends or receives something; or what the office puts to it. */
export type Signer = keyof Messages['report']['signers'];

/** Boxes to fill in by hand, by their names. */
export const Boxes = ({ names }: { readonly names: readonly string[] }) => (
  <dl>
    {names.map((name) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd />
      </div>
    ))}
  </dl>
);

/** Boxes to sign in by hand, and one for the date. The statement says what is signed, for the box may stand on a page of its own. */
export function SignatureBox({
  language,
  signers,
  id,
  label,
  statement = '',
}: {
  readonly language: Language;
  readonly signers: readonly Signer[];
  readonly id: string;
  /** Tells it from others on the page. */
  readonly label?: string;
  readonly statement?: string;
}) {
  const { report: words } = messagesIn(language);
  return (
    <section class="signature" {...labelled(id, label)}>
      <h2 id={id}>{words.signature}</h2>
      {statement !== '' && <p>{statement}</p>}
      <Boxes names={[...signers.map((signer) => words.signers[signer]), words.date]} />
    </section>
  );
}
