import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '#lpx/messages/messages.js';
import { type CoverLetter, coverLetter, type PaperReceipt, paperReceipt, passwordSlip } from '#lpx/report/slip.js';

const PASSWORD = 'ABCDE-fghjk-23456-Mn <&';
const MD5 = '72c0bdc48cecfd8bd9536e8fa057a6e2';
const DIGEST = 'bdc7e2397ad583a32b5c950244c9f7dec0874691612b9a72f5b35bf67bf59116';

const frame = { language: 'zh-TW' as const, version: '9.9.9', now: new Date('2021-01-22T02:30:00Z') };
const of = {
  number: 3,
  from: { code: '990001', name: '示範高中' },
  to: { code: '990002', name: '樣本高工' },
  package: { file: '990001_2021_01_22_10_30_00.zip', bytes: 1_234_567, md5: MD5, contentsDigest: DIGEST },
};
const student = { nationalIdMasked: 'A80000****', name: '林小禾', courseResults: 4, multiPerformances: 6 };
const letter = (changes: Partial<CoverLetter> = {}): CoverLetter => ({
  ...of,
  exportedAt: frame.now,
  operator: '註冊組',
  reason: 'transfer',
  left: '2021-01-20',
  students: [{ ...student, attachments: 12 }],
  ...changes,
});
const receipt: PaperReceipt = {
  ...of,
  importedAt: frame.now,
  importedBy: '註冊組',
  signed: true,
  students: [{ ...student, alreadyHere: 1, leftOut: [{ list: '課程學習成果紀錄', title: '物理', reason: 'uncertified' }] }],
};
const slip = (password: string | undefined) => passwordSlip(frame, { ...of, exportedAt: frame.now, password });

/** What a page says, without its marks. */
const textOf = (html: string): string => html.replace(/<style>.*<\/style>/s, '').replaceAll(/<[^>]*>/g, ' ');

describe('the letter that goes with a package', () => {
  it('says to whom, from whom, what, by which hashes it is recognised, and that the password comes another way', () => {
    const text = textOf(coverLetter(frame, letter()));
    for (const word of ['990002', '樣本高工', '990001', '轉學', '民國110年1月20日', '紀錄編號 3', '註冊組', MD5, DIGEST])
      expect(text).toContain(word);
    expect(text).toContain('密碼不在本件之內');
    expect(text).toMatch(/林小禾\s+A80000\*{4}\s+4\s+6\s+12/);
  });

  it('has a line to write on where the receiver is not known', () => {
    expect(coverLetter(frame, letter({ to: { code: '', name: '' } }))).toContain('<span class="line">');
  });
});

describe('the password of a package on paper', () => {
  it('is large, and each character with what it is; no student is named', () => {
    const html = slip(PASSWORD);
    expect(html).toContain('<p class="password">ABCDE-fghjk-23456-Mn &lt;&amp;</p>');
    expect(textOf(html)).toMatch(/A\s+大寫\s+B\s+大寫.*f\s+小寫.*2\s+數字.*-\s+連字號/s);
    expect(textOf(html)).toContain(MD5);
    expect(html).not.toMatch(/林小禾|A80000/);
  });

  it('is left to be filled in by hand where it is not known', () => {
    const html = slip(undefined);
    expect(html).not.toContain('class="password"');
    expect(html).toContain('請手寫');
    expect(html.match(/<ol class="characters"/g)?.length).toBe(2);
  });
});

it('an import is acknowledged on paper with its hashes, what was left out and why, and a box to sign', () => {
  const html = paperReceipt(frame, receipt);
  for (const word of [MD5, DIGEST, '990001', '990002', '紀錄編號 3', '物理', '未認證']) expect(textOf(html)).toContain(word);
  expect(html).toContain('class="signature"');
  expect(textOf(paperReceipt(frame, { ...receipt, signed: false }))).toContain('未核對簽章');
});

it.each(LANGUAGES)('slips show hostile texts as texts, in each language: %s', (language) => {
  const hostile = '<script>alert(1)</script>"\u202e<img src=x onerror=alert(1)>';
  const school = { code: hostile, name: hostile };
  const named = { ...of, from: school, to: school, package: { ...of.package, file: hostile } };
  const inLanguage = { ...frame, language };
  const students = [{ ...student, name: hostile, attachments: 1, alreadyHere: 0, leftOut: [] }];
  for (const html of [
    coverLetter(inLanguage, { ...letter(), ...named, operator: hostile, students }),
    passwordSlip(inLanguage, { ...named, exportedAt: frame.now, password: hostile }),
    paperReceipt(inLanguage, { ...receipt, ...named, importedBy: hostile, students }),
  ]) {
    expect(html).toContain(`<html lang="${language}">`);
    expect(html).not.toMatch(/<script|<img|\u202e/);
  }
});
