/** The workbook that a school fills in: an empty sheet for each kind, with hints and drop-downs. */
import { writeXlsx } from 'hucre/xlsx';
import { CODE_TABLES } from '../spec/codes.js';
import { BASIC_DATA } from '../spec/generated/wire-table.js';
import { type ListName, type WireProperty, wireListOf } from '../spec/portfolio.js';
import { REGISTER_SHEETS, STUDENT_COLUMNS } from '../spec/registers.js';
import { withColumnFormats } from './column-formats.js';
import { nameOf } from './register-kinds.js';
import { SHEET_KINDS, type SheetColumn, type SheetKind } from './sheet-kinds.js';

/** What a cell is to have in it; `messages/` has the hint for each. */
export type CellForm =
  | 'nationalId'
  | 'day'
  | 'code'
  | 'yesOrNo'
  | 'number'
  | 'year'
  | 'semester'
  | 'grade'
  | 'courseCode'
  | 'schoolCode'
  | 'brief'
  | 'document'
  | 'media'
  | 'address'
  | 'text';

/** The words of a workbook, in the language of its reader. */
export interface TemplateWords {
  readonly required: string;
  readonly optional: string;
  readonly hints: Readonly<Record<CellForm, string>>;
  readonly wrong: string;
  readonly pick: string;
}

/** Of what schools may add to a register, the columns that most need. */
const OFFERED: ReadonlySet<string> = new Set([
  'academicYear',
  'semester',
  'documentLink',
  'mediaLink',
  'externalLink',
  'certification.yes',
]);

/** As many rows as a drop-down reaches: those of a sheet of Excel. */
const ROWS = 1_048_576;

/** A workbook with the sheets of all kinds, students first. */
export async function templateWorkbook(
  words: TemplateWords,
): Promise<{ readonly sheets: readonly string[]; readonly content: Uint8Array }> {
  const kinds = [...SHEET_KINDS].sort((a, b) => Number(b.kind === 'students') - Number(a.kind === 'students'));
  const content = withColumnFormats(await writeXlsx({ sheets: kinds.map((kind) => templateSheet(kind, words)) }));
  return { sheets: kinds.map(({ title }) => title), content };
}

function templateSheet(kind: SheetKind, words: TemplateWords): Parameters<typeof writeXlsx>[0]['sheets'][number] {
  const columns = columnsOffered(kind).map((column) => ({ ...column, ...formOf(kind, column.name), required: isNeeded(kind, column) }));
  return {
    name: kind.title,
    rows: [columns.map(({ title }) => title), columns.map(() => null)],
    columns: columns.map(({ title, form }) => ({
      width: Math.min(MOST_WIDE, Math.max(LEAST_WIDE[form] ?? 10, 2 * title.length + 2)),
      // A number would lose the zeros that an id, a code or a day of the Republic begins with.
      ...(NUMBERS.has(form) ? {} : { numFmt: '@' }),
    })),
    cells: new Map(
      columns.map(({ title, required, form, codes }, i) => [
        `0,${i}`,
        {
          value: title,
          style: required ? REQUIRED_TITLE : TITLE,
          comment: { author: 'lpx', text: hintLines(words, { required, form, codes }).join('\n') },
        },
      ]),
    ),
    dataValidations: columns.flatMap(({ title, form, codes, required }, i) => {
      const rule = ruleOf(form, codes);
      const letter = letterOf(i);
      return rule === undefined
        ? []
        : [
            {
              ...rule,
              range: `${letter}2:${letter}${ROWS}`,
              allowBlank: true,
              showErrorMessage: true,
              errorTitle: title,
              errorMessage: rule.type === 'list' ? words.pick : words.wrong,
              showInputMessage: true,
              inputTitle: title,
              inputMessage: hintLines(words, { required, form, codes: undefined }).join(' '),
            },
          ];
    }),
    freezePane: { rows: 1 },
  };
}

function columnsOffered(kind: SheetKind): readonly SheetColumn[] {
  if (kind.kind === 'students') return kind.columns;
  const own = [...STUDENT_COLUMNS, ...(REGISTER_SHEETS.find(({ name }) => name === kind.title)?.columns ?? [])].map(nameOf);
  return kind.columns.filter(({ name }) => own.includes(name) || OFFERED.has(name));
}

/** What a row has to say when no cover says it: the term of a record without a day, and the school of one from elsewhere. */
function isNeeded(kind: SheetKind, { name, required }: SheetColumn): boolean {
  if (kind.kind === 'students' || required) return required;
  const hasDay = wireListOf(kind.list).properties.some(({ shape, role }) => shape === 'date' && !role);
  return (
    name === 'originSchoolCode' || (!hasDay && (name === 'academicYear' || name === 'semester' || name === 'repeatedYearTerm.semester'))
  );
}

const NUMBERS: ReadonlySet<CellForm> = new Set(['number', 'year', 'semester', 'grade']);
const LEAST_WIDE: Readonly<Partial<Record<CellForm, number>>> = {
  nationalId: 13,
  courseCode: 27,
  brief: 40,
  document: 30,
  media: 30,
  address: 30,
  text: 18,
  code: 20,
};
const MOST_WIDE = 40;
const TITLE = { font: { name: 'Calibri', size: 11, bold: true }, numFmt: '@' } as const;
const REQUIRED_TITLE = { ...TITLE, fill: { type: 'pattern', pattern: 'solid', fgColor: { rgb: 'FFFFF2CC' } } } as const;

const FORMS: Readonly<Record<string, CellForm>> = {
  nationalId: 'nationalId',
  academicYear: 'year',
  semester: 'semester',
  grade: 'grade',
  originSchoolCode: 'schoolCode',
  courseCode: 'courseCode',
  brief: 'brief',
  documentLink: 'document',
  mediaLink: 'media',
  externalLink: 'address',
};

interface Form {
  readonly form: CellForm;
  /** What stands in the drop-down. */
  readonly codes: readonly string[] | undefined;
}

/** @param name of a column: a field, or a part of one */
function formOf(kind: SheetKind, name: string): Form {
  const [field = '', part] = name.split('.');
  if (part === 'semester') return { form: 'semester', codes: SEMESTERS };
  if (part === 'yes') return { form: 'yesOrNo', codes: YES_OR_NO };
  const property = propertyOf(kind.kind === 'register' ? kind.list : undefined, field);
  if (property?.codes) return { form: 'code', codes: Object.entries(CODE_TABLES[property.codes]).map(([code, name]) => `${code} ${name}`) };
  if (property?.shape === 'date') return { form: 'day', codes: undefined };
  const form = FORMS[field] ?? (property?.type === 'number' ? 'number' : 'text');
  return { form, codes: form === 'semester' ? SEMESTERS : form === 'grade' ? GRADES : undefined };
}

const propertyOf = (list: ListName | undefined, field: string): WireProperty | undefined =>
  [...(list ? wireListOf(list).properties : []), ...BASIC_DATA].find(({ name }) => name === field);

const SEMESTERS = ['1', '2'];
const GRADES = ['1', '2', '3'];
const YES_OR_NO = ['是', '否'];

function hintLines(
  { required: must, optional, hints }: TemplateWords,
  { required, form, codes }: Form & { readonly required: boolean },
): string[] {
  return [required ? must : optional, hints[form], ...(codes && form === 'code' ? codes : [])].filter((line) => line !== '');
}

type Rule = Pick<
  NonNullable<Parameters<typeof writeXlsx>[0]['sheets'][number]['dataValidations']>[number],
  'type' | 'values' | 'operator' | 'formula1' | 'formula2' | 'errorStyle'
>;

function ruleOf(form: CellForm, codes: readonly string[] | undefined): Rule | undefined {
  if (codes) return { type: 'list', values: [...codes] };
  if (form === 'number') return { type: 'decimal', operator: 'between', formula1: '-1', formula2: '99999' };
  if (form === 'year') return { type: 'whole', operator: 'between', formula1: '100', formula2: '199' };
  if (form === 'brief') return { type: 'textLength', operator: 'lessThanOrEqual', formula1: '100', errorStyle: 'warning' };
  return undefined;
}

/** `A`, `B`, … `AA` of a column, from 0. */
const letterOf = (index: number): string =>
  (index >= 26 ? String.fromCharCode(64 + Math.floor(index / 26)) : '') + String.fromCharCode(65 + (index % 26));
