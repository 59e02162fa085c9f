/** Made-up reports. */
import type { Report, ReportRecord, ReportStudent } from '#lpx/report/model.js';
import { LISTS } from '#lpx/spec/portfolio.js';
import { defaultsOf } from './small-portfolio.js';

/** A record of a list whose texts are all `text`, numbered so that no two are the same. */
export const hostileRecord = (list: (typeof LISTS)[number], text: string): ReportRecord => {
  const fields = Object.fromEntries(
    Object.entries(defaultsOf(list.name)).map(([name, value]) => [name, typeof value === 'string' ? text : value]),
  );
  return {
    list: list.name,
    title: text,
    term: text,
    fields: fields as unknown as ReportRecord['fields'],
    extras: [{ name: text, value: text }],
    ref: text,
    remarks: [text],
    schoolName: text,
    files: [{ name: text, type: text, bytes: 1, md5: text, picture: { type: 'png', content: Buffer.from(text), width: 1, height: 1 } }],
    owed: [{ slot: 'document', name: text, md5: text, why: 'missing' }],
    repairs: [{ property: text, repair: 'term', from: text, to: text }],
  };
};

/** A student whose texts are all `text`, with a record of each of the lists. */
export const hostileStudent = (text: string, lists = LISTS): ReportStudent => ({
  nationalId: text,
  name: text,
  birthDate: text,
  roll: [{ name: text, value: text }],
  entered: text,
  school: text,
  cameFrom: text,
  counts: { courseResults: 1, multiPerformances: 1, attachments: 1 },
  remark: text,
  records: lists.map((list) => hostileRecord(list, text)),
});

/** A report of two students in which every text from outside is `text`. */
export function hostileReport(text: string): Report {
  const student = hostileStudent(text);
  return {
    kind: 'import',
    about: text,
    version: text,
    madeAt: new Date('2021-01-21T09:00:00+08:00'),
    verdict: { mood: 'bad', title: text, lines: [text] },
    checks: [{ name: text, status: 'failed', text }],
    findings: [
      {
        severity: 'error',
        code: text,
        where: text,
        message: text,
        hint: text,
        differences: [{ property: text, stored: text, received: text }],
        more: 1,
      },
    ],
    packages: [
      [
        { name: text, value: text },
        { name: `${text}2`, value: text, isCode: true },
        { name: `${text}3`, value: text, isDate: true },
      ],
    ],
    students: [student, { ...student, nationalId: `${text}2` }],
    tables: [{ caption: text, columns: [text, `${text}2`], rows: [[text, text]] }],
    signers: ['student', 'clerk'],
  };
}

/** A report of one student with so many course results. */
export function reportOf(records: number): Report {
  const fields = {
    ...defaultsOf('courseResults'),
    originSchoolCode: '990001',
    academicYear: 109,
    semester: 1,
    courseCode: '109990001H11101A1010101',
    subjectName: '國語文',
    credits: 4,
    brief: '讀一條河的上游與下游，寫成一篇觀察散文。'.repeat(4),
    certification: '1',
    uploadTerm: '1091',
    createdAt: '2021-01-10 14:03:22',
    certifiedBy: '示範教師',
  };
  const record = (i: number): ReportRecord => ({
    list: 'courseResults',
    title: `國語文 ${i}`,
    term: '1091',
    fields: fields as unknown as ReportRecord['fields'],
    extras: [],
    ref: `O${i + 1}`,
    remarks: [],
    schoolName: '示範高中',
    files: [{ name: '讀一條河.pdf', type: 'pdf', bytes: 123_456, md5: '6582d523d66b45ac0a2a924b8f96b808', picture: undefined }],
    owed: [],
    repairs: [],
  });
  return {
    kind: 'show',
    about: '990001 示範高中',
    version: '0.1.0',
    madeAt: new Date('2021-01-21T09:00:00+08:00'),
    students: [
      {
        nationalId: 'A800000014',
        name: '林小禾',
        birthDate: '2005/03/09',
        entered: '1091',
        school: '990001 示範高中',
        cameFrom: '',
        counts: { courseResults: records, multiPerformances: 0, attachments: records },
        remark: '',
        records: Array.from({ length: records }, (_, i) => record(i)),
      },
    ],
    signers: ['student', 'clerk'],
  };
}
