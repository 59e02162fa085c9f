/** Made-up slips. */
import {
  type CoverLetter,
  coverLetter,
  type PaperReceipt,
  type PasswordSlip,
  paperReceipt,
  passwordSlip,
  type SlipFrame,
} from '#lpx/report/slip.js';

export const SLIP_FRAME = { language: 'zh-TW', version: '9.9.9', now: new Date('2021-01-22T02:30:00Z') } satisfies SlipFrame;

const OF = {
  number: 3,
  from: { code: '990001', name: '示範高中' },
  to: { code: '990002', name: '樣本高工' },
  package: {
    file: '990001_2021_01_22_10_30_00.zip',
    bytes: 1_234_567,
    md5: '72c0bdc48cecfd8bd9536e8fa057a6e2',
    contentsDigest: 'bdc7e2397ad583a32b5c950244c9f7dec0874691612b9a72f5b35bf67bf59116',
  },
};
const STUDENT = { nationalIdMasked: 'A80000****', name: '林小禾', courseResults: 4, multiPerformances: 6 };

export const LETTER: CoverLetter = {
  ...OF,
  exportedAt: SLIP_FRAME.now,
  operator: '註冊組',
  reason: 'transfer',
  left: '2021-01-20',
  students: [{ ...STUDENT, attachments: 12 }],
};

export const PASSWORD_SLIP: PasswordSlip = { ...OF, exportedAt: SLIP_FRAME.now, password: 'ABCDE-fghjk-23456-Mnpqr' };

export const PAPER_RECEIPT: PaperReceipt = {
  ...OF,
  importedAt: SLIP_FRAME.now,
  issuedAt: SLIP_FRAME.now,
  issuedBy: '註冊組',
  logHead: { position: 12, hash: 'd7'.repeat(32) },
  signed: true,
  students: [{ ...STUDENT, alreadyHere: 1, leftOut: [{ list: '課程學習成果紀錄', title: '物理', reason: 'uncertified' }] }],
};

/** Every slip as a page, by its name. */
export const SLIPS: Readonly<Record<string, (frame: SlipFrame) => string>> = {
  'cover letter': (frame) => coverLetter(frame, LETTER),
  'cover letter to a school not known': (frame) => coverLetter(frame, { ...LETTER, to: { code: '', name: '' } }),
  'password slip': (frame) => passwordSlip(frame, PASSWORD_SLIP),
  'password slip to be filled in': (frame) => passwordSlip(frame, { ...PASSWORD_SLIP, password: undefined }),
  receipt: (frame) => paperReceipt(frame, PAPER_RECEIPT),
  'receipt that was checked': (frame) =>
    paperReceipt(frame, { ...PAPER_RECEIPT, signed: undefined, checked: { mood: 'good', title: '相符', lines: ['已標為收訖'] } }),
};
