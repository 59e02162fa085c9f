/** The columns that sheets of all kinds share, and how titles are compared. */
import { plainCode } from '../plain-text.js';

export interface SheetColumn {
  /** By which the code knows it; unique in its kind. */
  readonly name: string;
  /** As lpx writes it, and as messages call it. */
  readonly title: string;
  /** What else systems call it. Blanks, line breaks, width and case make no difference (`plainTitle`), nor does what stands in brackets. */
  readonly aliases: readonly string[];
  /** Whether a sheet must have the column, and each row a value in it. */
  readonly required: boolean;
}

/** A title as it is compared: narrow, in capitals, without blanks, line breaks, marks of what is required, and what stands in brackets. */
export function plainTitle(title: string): string {
  const plain = plainCode(title.slice(0, TITLE_CHARACTERS)).normalize('NFKC').toUpperCase();
  const bare = plain.replace(/[\s*:_\p{Cf}]/gu, '');
  return bare.replace(/[([【〔][^)\]】〕]*[)\]】〕]/g, '') || bare;
}

/** Longer than any title; a text from outside may be of any length. */
const TITLE_CHARACTERS = 200;

export const NATIONAL_ID_COLUMN: SheetColumn = {
  name: 'nationalId',
  title: '身分證號',
  aliases: [
    '身分證字號',
    '身份證字號',
    '身份證號',
    '身分證號碼',
    '身份證號碼',
    '身分證',
    '身份證',
    '身分證統一編號',
    '身份證統一編號',
    '國民身分證統一編號',
    '國民身份證統一編號',
    '國民身分證統一編號(或居留證統一證號)',
    '身分證統編',
    '統一編號',
    '學生身分證號',
    '學生身分證字號',
    '身分證字號/居留證號',
    '身分證號/居留證號',
    '居留證號',
    '居留證統一證號',
    'ID',
    'IDNO',
    'NATIONALID',
  ],
  required: true,
};

export const BIRTH_DATE_COLUMN: SheetColumn = {
  name: 'birthDate',
  title: '出生日期',
  aliases: ['生日', '出生年月日', '學生出生年月日', '學生生日', '出生日', '西元生日', '民國生日', 'BIRTHDAY', 'BIRTHDATE', 'DATEOFBIRTH'],
  required: false,
};
