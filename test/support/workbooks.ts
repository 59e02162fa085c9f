/** Workbooks as other programs write them, or as no program does. */
import { type RawEntry, rawZip } from './zips.js';

export interface RawSheet {
  readonly name: string;
  /** What stands in `worksheet`: `sheetData`, merged ranges. */
  readonly xml: string;
  readonly state?: string;
}

export interface RawWorkbook {
  readonly sheets: readonly RawSheet[];
  /** What stands in `sst`. */
  readonly texts?: string;
  /** What stands in `styleSheet`. */
  readonly styles?: string;
  readonly date1904?: boolean;
  /** The prefix of all tags, with its colon. */
  readonly prefix?: string;
  /** Sheets whose parts are among the others. */
  readonly named?: readonly string[];
  readonly others?: readonly RawEntry[];
}

const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** A workbook of XML parts as they are given, stored without compression. */
export function rawWorkbook({
  sheets,
  texts = '',
  styles = '',
  date1904 = false,
  prefix = '',
  named = [],
  others = [],
}: RawWorkbook): Buffer {
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${RELATIONS}/${type}" Target="${target}"/>`;
  const relations = (inner: string) =>
    `${HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${inner}</Relationships>`;
  const all = [...sheets, ...named.map((name) => ({ name, state: undefined }))];
  const listed = all.map(
    ({ name, state }, i) =>
      `<${prefix}sheet name="${escaped(name)}" sheetId="${i + 1}"${state ? ` state="${state}"` : ''} r:id="rId${i + 1}"/>`,
  );
  const parts: (readonly [string, string])[] = [
    ['_rels/.rels', relations(relation('rId1', 'officeDocument', 'xl/workbook.xml'))],
    [
      'xl/workbook.xml',
      `${HEAD}<${prefix}workbook xmlns:r="${RELATIONS}"><${prefix}workbookPr date1904="${date1904 ? 1 : 0}"/><${prefix}sheets>${listed.join('')}</${prefix}sheets></${prefix}workbook>`,
    ],
    [
      'xl/_rels/workbook.xml.rels',
      relations(
        [
          ...all.map((_, i) => relation(`rId${i + 1}`, 'worksheet', `worksheets/sheet${i + 1}.xml`)),
          relation('rIdT', 'sharedStrings', 'sharedStrings.xml'),
          relation('rIdS', 'styles', '/xl/styles.xml'),
        ].join(''),
      ),
    ],
    ['xl/sharedStrings.xml', `${HEAD}<${prefix}sst count="4294967295" uniqueCount="4294967295">${texts}</${prefix}sst>`],
    ['xl/styles.xml', `${HEAD}<${prefix}styleSheet>${styles}</${prefix}styleSheet>`],
    ...sheets.map(({ xml }, i) => [`xl/worksheets/sheet${i + 1}.xml`, `${HEAD}<${prefix}worksheet>${xml}</${prefix}worksheet>`] as const),
  ];
  const entries = parts.map(([name, xml]): RawEntry => ({ name, content: Buffer.from(xml), plain: true }));
  return rawZip([...entries, ...others], Buffer.alloc(0));
}
