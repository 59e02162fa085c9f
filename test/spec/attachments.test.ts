import { describe, expect, it } from 'vitest';
import { addOriginalNames, findAttachments } from '#lpx/spec/attachments.js';
import { withAttachments } from '#lpx/spec/portfolio.js';
import { smallPortfolio } from '../support/small-portfolio.js';

const PATH = 'A800000014/課程學習成果/C01.pdf';
const linking = (link: string, md5 = 'a'.repeat(32)) => {
  const portfolio = smallPortfolio();
  return [{ ...portfolio, records: portfolio.records.map((record) => withAttachments(record, () => ({ link, md5 }))) }];
};
const found = (link: string, names: readonly string[] = [PATH], md5?: string) =>
  findAttachments(linking(link, md5), new Map(names.map((name) => [name, name])), new Map([[PATH, '讀一條河.pdf']]), true);

describe('a link', () => {
  it.each([PATH, `/${PATH}`, `./${PATH}`, PATH.replaceAll('/', '\\'), PATH.normalize('NFD')])(
    '%s finds its file and the name it was uploaded under',
    (link) => {
      const { attachments, findings } = found(link);
      expect(findings).toEqual([]);
      expect(attachments).toMatchObject([
        {
          file: PATH,
          slot: 'document',
          originalName: '讀一條河.pdf',
          place: { record: 0, title: '國語文', property: '課程學習成果文件檔案連結', file: '讀一條河.pdf' },
        },
      ]);
    },
  );

  it.each(['../secret.pdf', 'A/../../secret.pdf', 'C:\\secret.pdf', '\\\\server\\secret.pdf', 'https://example.org/a.pdf'])(
    '%s leads nowhere and is refused',
    (link) => {
      const codes = found(link).findings.map(({ code }) => code);
      expect(['LPX_LINK_UNSAFE', 'LPX_ATTACHMENT_MISSING']).toContain(codes[0]);
      expect(found(link).attachments).toEqual([]);
    },
  );

  it('without its file, and a file without a link, are told', () => {
    expect(found(PATH, ['other.pdf']).findings.map(({ code, severity }) => [code, severity])).toEqual([
      ['LPX_ATTACHMENT_MISSING', 'error'],
      ['LPX_ENTRY_UNREFERENCED', 'warning'],
    ]);
  });

  it('without an MD5 is refused in a package', () => {
    expect(found(PATH, [PATH], '').findings.map(({ code }) => code)).toEqual(['LPX_LINK_WITHOUT_MD5']);
  });
});

describe('a mapping', () => {
  it('speaks of the files in its own folder, in any normal form', () => {
    const names = new Map<string, string>();
    addOriginalNames(names, 'A/課程學習成果/filename_mapping.json', { 'C01.pdf': '報告.pdf', 'C02.pdf': null });
    expect([...names]).toEqual([['A/課程學習成果/C01.pdf', '報告.pdf']]);
  });
});
