import { describe, expect, it } from 'vitest';
import { mappingPath, numberFiles, packageBaseName, parsePackageName } from '#lpx/package/layout.js';
import type { PortfolioRecord } from '#lpx/spec/portfolio.js';

const record = (list: string, document: string | null, media: string | null = null) =>
  ({
    list,
    fields: {},
    extras: {},
    document: document && { type: document },
    media: media && { type: media },
  }) as unknown as PortfolioRecord<{
    type: string;
  }>;
const paths = (records: PortfolioRecord<{ type: string }>[]) =>
  numberFiles({ nationalId: 'A800000014' } as never, records).map(({ path }) => path);

describe('a package’s name', () => {
  it('is the school and the time in Taiwan, and reads back', () => {
    const name = packageBaseName('553611', new Date('2024-01-22T08:05:09Z'));
    expect(name).toBe('553611_2024_01_22_16_05_09');
    expect(parsePackageName(`${name}.zip`)).toEqual({ school: '553611', createdAt: '2024-01-22 16:05:09' });
  });
  it('of another form says nothing', () => {
    expect(parsePackageName('學生檔案.zip')).toEqual({ school: '', createdAt: '' });
  });
});

describe('the files of a student', () => {
  it('are numbered C01… and M01…, document before media, in the spec’s order of lists, not that of the JSON', () => {
    expect(
      paths([
        record('otherPerformances', 'png'),
        record('courseResults', 'pdf', 'mp4'),
        record('works', 'jpg'),
        record('competitions', 'pdf'),
        record('courseResults', 'pdf'),
      ]),
    ).toEqual([
      'A800000014/課程學習成果/C01.pdf',
      'A800000014/課程學習成果/C02.mp4',
      'A800000014/課程學習成果/C03.pdf',
      'A800000014/多元表現/M01.pdf',
      'A800000014/多元表現/M02.jpg',
      'A800000014/多元表現/M03.png',
    ]);
  });

  it('leave no number to a record without a file, and go on after 99', () => {
    const records = Array.from({ length: 101 }, (_, i) => record('courseResults', i === 0 ? null : 'pdf'));
    expect(paths(records)[0]).toBe('A800000014/課程學習成果/C01.pdf');
    expect(paths(records).at(-1)).toBe('A800000014/課程學習成果/C100.pdf');
  });

  it('have their mapping next to them', () => {
    expect(mappingPath('A800000014', 'multiPerformances')).toBe('A800000014/多元表現/filename_mapping.json');
  });
});
