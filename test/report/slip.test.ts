import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '#lpx/messages/messages.js';
import { custodyPage } from '#lpx/report/custody.js';
import { coverLetter, paperReceipt, passwordSlip } from '#lpx/report/slip.js';
import { LETTER, PAPER_RECEIPT, PASSWORD_SLIP, SLIP_FRAME } from '../support/slips.js';

const PASSWORD = 'ABCDE-fghjk-23456-Mn <&';
const frame = SLIP_FRAME;
const { md5: MD5, contentsDigest: DIGEST } = LETTER.package;
const slip = (password: string | undefined) => passwordSlip(frame, { ...PASSWORD_SLIP, password });

/** What a page says, without its marks. */
const textOf = (html: string): string => html.replace(/<style>.*<\/style>/s, '').replaceAll(/<[^>]*>/g, ' ');

describe('the letter that goes with a package', () => {
  it('says to whom, from whom, what, by which hashes it is recognised, and that the password comes another way', () => {
    const text = textOf(coverLetter(frame, LETTER));
    for (const word of ['990002', '樣本高工', '990001', '轉學', '民國110年1月20日', '紀錄編號 3', '註冊組', MD5, DIGEST])
      expect(text).toContain(word);
    expect(text).toContain('密碼不在本件之內');
    expect(text).toMatch(/取得密碼.*lpx verify.*lpx import.*7-Zip/s);
    expect(text).toMatch(/林小禾\s+A80000\*{4}\s+4\s+6\s+12/);
  });

  it('has a line to write on where the receiver is not known', () => {
    expect(coverLetter(frame, { ...LETTER, to: { code: '', name: '' } })).toContain('<span class="line">');
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
  const html = paperReceipt(frame, PAPER_RECEIPT);
  for (const word of [MD5, DIGEST, '990001', '990002', '紀錄編號 3', '物理', '未認證', '第 12 筆', 'd7d7d7d7'])
    expect(textOf(html)).toContain(word);
  expect(html).toContain('class="signature"');
  expect(textOf(paperReceipt(frame, { ...PAPER_RECEIPT, signed: false }))).toContain('未核對簽章');
});

/** An answer about a package that went to another school. */
const answerWith = (text: string) => ({
  school: LETTER.from,
  name: text || '林小禾',
  nationalIdMasked: 'A80000****',
  operator: text || '註冊組',
  logHead: PAPER_RECEIPT.logHead,
  remark: text,
  parts: [
    {
      id: 'went',
      heading: '資料去向',
      entries: [
        {
          number: 3,
          at: new Date('2021-01-21T09:00:00+08:00'),
          kind: '匯出',
          other: { ...LETTER.to, ...(text && { name: text }) },
          places: [LETTER.package.file, text],
          hashes: [`MD5 ${MD5}`],
          operator: text || '註冊組',
          remarks: [text || '轉學'],
        },
      ],
    },
  ],
});

it('the answer to a data request says on paper what went where, when, by whom and with which hashes', () => {
  const html = custodyPage(frame, answerWith(''));
  for (const word of [
    '資料去向',
    '民國110年1月21日 09:00',
    '紀錄編號 3',
    '匯出',
    '樣本高工',
    LETTER.package.file,
    MD5,
    '註冊組',
    '第 12 筆',
  ])
    expect(textOf(html)).toContain(word);
  expect(html).toContain('class="signature"');
});

it.each(LANGUAGES)('slips show hostile texts as texts, in each language: %s', (language) => {
  const hostile = '<script>alert(1)</script>"\u202e<img src=x onerror=alert(1)>';
  const school = { code: hostile, name: hostile };
  const named = { from: school, to: school, package: { ...LETTER.package, file: hostile } };
  const inLanguage = { ...frame, language };
  const students = PAPER_RECEIPT.students.map((student) => ({ ...student, name: hostile, attachments: 1 }));
  for (const html of [
    coverLetter(inLanguage, { ...LETTER, ...named, operator: hostile, students }),
    passwordSlip(inLanguage, { ...PASSWORD_SLIP, ...named, password: hostile }),
    paperReceipt(inLanguage, { ...PAPER_RECEIPT, ...named, issuedBy: hostile, students }),
    custodyPage(inLanguage, answerWith(hostile)),
  ]) {
    expect(html).toContain(`<html lang="${language}">`);
    expect(html).not.toMatch(/<script|<img|\u202e/);
  }
});
