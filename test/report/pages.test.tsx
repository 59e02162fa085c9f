import { describe, expect, it } from 'vitest';
import { HIDDEN_CHARACTERS, LANGUAGES } from '#lpx/messages/messages.js';
import { reportPage } from '#lpx/report/pages.js';
import { XSS } from '../fixtures/xss.js';
import { hostileReport, reportOf } from '../support/reports.js';

/** The elements of a page, each with its attributes, apart from its style. */
function elementsOf(html: string): { readonly name: string; readonly attributes: readonly (readonly [string, string])[] }[] {
  const body = html.replace(/<style>[^<]*<\/style>/, '');
  return [...body.matchAll(/<(?!\/|!DOCTYPE)([^\s>]*)((?:"[^"]*"|[^">])*)>/g)].map(([, name = '', attributes = '']) => ({
    name,
    attributes: [...attributes.matchAll(/([^\s=]+)(?:="([^"]*)")?/g)].map(([, key = '', value = '']) => [key, value] as const),
  }));
}

const ELEMENTS = new Set(
  'html head meta title style body a div header h1 h2 h3 h4 p bdi nav ul ol li main section article dl dt dd span strong b table caption thead tbody tr th td img footer'.split(
    ' ',
  ),
);
const ATTRIBUTES = new Set(
  'lang charset http-equiv content name class href id aria-label aria-labelledby aria-hidden tabindex scope data-label alt width height src rel /'.split(
    ' ',
  ),
);

describe('a report', () => {
  it.each(XSS)('shows %j as text, wherever it stands', (text) => {
    for (const language of LANGUAGES) {
      const html = reportPage(hostileReport(text), language);
      const elements = elementsOf(html);
      expect([...new Set(elements.map(({ name }) => name))].filter((name) => !ELEMENTS.has(name))).toEqual([]);
      const attributes = elements.flatMap((element) => element.attributes);
      expect([...new Set(attributes.map(([name]) => name))].filter((name) => !ATTRIBUTES.has(name))).toEqual([]);
      const links = attributes.filter(([name]) => name === 'href').map(([, value]) => value);
      expect(links.filter((link) => !/^#[a-z0-9-]+$|^https?:\/\/[^\s"<>]+$/.test(link))).toEqual([]);
      const sources = attributes.filter(([name]) => name === 'src').map(([, value]) => value);
      expect(sources.filter((source) => !/^data:image\/png;base64,[A-Za-z0-9+/=]*$/.test(source))).toEqual([]);
      expect(html.match(HIDDEN_CHARACTERS)).toBeNull();
    }
  });

  it('takes an address for a link only where a browser opens it on the web', () => {
    const linked = (externalLink: string) => {
      const report = reportOf(1);
      const [student] = report.students ?? [];
      const [record] = student?.records ?? [];
      if (!student || !record) throw new Error('no record');
      const fields = { ...record.fields, externalLink } as never;
      return reportPage({ ...report, students: [{ ...student, records: [{ ...record, list: 'works', fields }] }] }, 'en');
    };
    expect(linked('https://example.org/a?b=1&c')).toContain(
      '<a class="code" href="https://example.org/a?b=1&amp;c" rel="noopener noreferrer nofollow">',
    );
    for (const address of ['javascript:alert(1)', 'file:///etc/passwd', 'www.example.org', 'https://example.org/ x'])
      expect(linked(address)).toContain(`<span class="code">${address}</span>`);
  });

  it('names every part of a course code, and points at what is wrong with it', () => {
    const html = reportPage(reportOf(1), 'en');
    const ruler = /<ol class="ruler" aria-label="Course code 109990001H11101A1010101">(.*?)<\/ol>/s.exec(html)?.[1] ?? '';
    const parts = [...ruler.matchAll(/<b class="code">([^<]*)<\/b><span class="muted">([^<]*)<\/span>(?:<span>([^<]*)<\/span>)?/g)];
    expect(parts.map(([, ...part]) => part.filter(Boolean).join(' '))).toEqual([
      '109 entry year',
      '990001 school 示範高中',
      'H course type 普通型',
      '11 group 學術群',
      '101 department 普通科',
      'A class group numbered by the school',
      '1 category 部定必修',
      '0 delivery 原班級',
      '1 attribute 一般科目',
      '01 domain 語文領域',
      '01 subject 國語文',
    ]);
  });

  it('has ROC dates and the Ministry’s names in Chinese, Western dates and English names in English', () => {
    const [zh, en] = [reportPage(reportOf(1), 'zh-TW'), reportPage(reportOf(1), 'en')];
    expect(zh).toContain('<dt>建立日期及時間</dt><dd>民國110年1月10日 14:03</dd>');
    expect(zh).toContain('<dt>出生年月日</dt><dd>民國94年3月9日</dd>');
    expect(zh).toContain('109學年度第1學期');
    expect(en).toContain('<dt>Created at</dt><dd>10 Jan 2021 14:03</dd>');
    expect(en).toContain('<dt>birth date</dt><dd>9 Mar 2005</dd>');
    expect(en).toContain('2020-21, semester 1');
  });

  it('is signed by the student below what is confirmed; several students each sign on a sheet of their own', () => {
    const report = reportOf(2);
    const [student] = report.students ?? [];
    if (!student) throw new Error('no student');
    const count = (html: string, what: string) => html.split(what).length - 1;
    const single = reportPage(report, 'zh-TW');
    expect([count(single, 'class="sheet"'), count(single, '學生確認簽名'), count(single, '經手人')]).toEqual([1, 1, 1]);
    expect(single).toContain('林小禾（A80000****），課程學習成果 2 筆、多元表現 0 筆、檔案 2 個：以上內容確認無誤。');
    const several = reportPage({ ...report, students: [student, { ...student, name: '陳小麥' }] }, 'zh-TW');
    expect([count(several, 'class="sheet"'), count(several, '學生確認簽名'), count(several, '經手人')]).toEqual([3, 2, 3]);
  });

  it('says that it has no records of students for whom there was no room', () => {
    const report = reportOf(1);
    const [student] = report.students ?? [];
    if (!student) throw new Error('no student');
    const html = reportPage({ ...report, students: [student, { ...student, name: '陳小麥', records: undefined }], isCut: true }, 'en');
    expect(html).toContain('lpx show &lt;national id&gt; --html writes those of one student.');
    expect(html.match(/<h2 id="student-\d+"/g)).toHaveLength(1);
  });

  it('calls a certificate by its kind, and says nothing of a course code that no table has', () => {
    const report = reportOf(1);
    const [student] = report.students ?? [];
    const [record] = student?.records ?? [];
    if (!student || !record) throw new Error('no record');
    const page = (changed: object) => reportPage({ ...report, students: [{ ...student, records: [{ ...record, ...changed }] }] }, 'zh-TW');
    const fields = { certificateCode: '4230', certificateTypeCode: '3' } as never;
    expect(page({ list: 'certificates', title: '4230', fields })).toContain('<bdi>技能檢定及技術士證照（4230）</bdi>');
    const unlisted = page({ fields: { ...record.fields, courseCode: '109990001H11101A1010299' } });
    expect(unlisted).toContain('>99</b>');
    expect(unlisted).not.toContain('lpx 的代碼表中沒有');
  });

  it('does not say that nothing was found where records were left out', () => {
    const found = { ...reportOf(1), findings: [] };
    expect(reportPage(found, 'zh-TW')).toContain('沒有發現問題。');
    const tables = [{ caption: '未納入', columns: ['姓名'], rows: [['林小禾']] }];
    expect(reportPage({ ...found, tables }, 'zh-TW')).not.toContain('沒有發現問題。');
  });

  it('has one heading of the first rank, and skips no rank', () => {
    for (const report of [reportOf(2), hostileReport('x')]) {
      const ranks = [...reportPage(report, 'en').matchAll(/<h(\d)/g)].map(([, rank]) => Number(rank));
      expect(ranks.filter((rank) => rank === 1)).toHaveLength(1);
      expect(ranks.filter((rank, i) => i > 0 && rank > (ranks[i - 1] as number) + 1)).toEqual([]);
    }
  });

  it('has every id once', () => {
    const ids = [...reportPage(hostileReport('x'), 'en').matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });
});
