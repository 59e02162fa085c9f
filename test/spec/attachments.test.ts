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

  it('without its file, and a file without a link, are reported', () => {
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
    const findings = addOriginalNames(
      names,
      'A/課程學習成果/filename_mapping.json',
      Buffer.from(JSON.stringify({ 'C01.pdf': '報告.pdf', 'C02.pdf': null })),
    );
    expect(findings).toEqual([]);
    expect([...names]).toEqual([['A/課程學習成果/C01.pdf', '報告.pdf']]);
  });

  const adding = (text: string) => {
    const names = new Map<string, string>();
    const codes = addOriginalNames(names, 'A/filename_mapping.json', Buffer.from(text)).map(({ code, severity }) => [code, severity]);
    return { names: [...names], codes };
  };

  it.each([
    ['an empty list', '[]', []],
    ['a list of keys and values', '[{"Key":"C01.pdf","Value":"報告.pdf"}]', [['A/C01.pdf', '報告.pdf']]],
    ['a list of keys and values in small letters', '[{"key":"C01.pdf","value":"報告.pdf"}]', [['A/C01.pdf', '報告.pdf']]],
  ])('that is %s is read, and said to be', (_, text, names) => {
    expect(adding(text)).toEqual({ names, codes: [['LPX_REPAIRED', 'warning']] });
  });

  it.each(['null', '4711', '"x"', '{"C01.pdf":4711}', '[["C01.pdf","報告.pdf"]]', '{"a/b":"c"}', '{"C01.pdf":"a",}', 'NaN', ''])(
    'that is %s is a warning, and files keep their own names',
    (text) => {
      expect(adding(text)).toEqual({ names: [], codes: [['LPX_MAPPING_UNUSABLE', 'warning']] });
    },
  );

  it('of which a part can be used is used for that part', () => {
    expect(adding('{"C01.pdf":4711,"C02.pdf":"報告.pdf"}')).toEqual({
      names: [['A/C02.pdf', '報告.pdf']],
      codes: [['LPX_MAPPING_UNUSABLE', 'warning']],
    });
  });
});
