import { describe, expect, it } from 'vitest';
import { Callout, Facts, renderPage, Section, SignatureBox, Table } from '#lpx/report/layout.js';

const frame = { language: 'en' as const, heading: 'Report', about: 'a.zip', foot: 'foot' };

describe('a page', () => {
  it('lets nothing in from outside: no network, no script, no style but its own', () => {
    const html = renderPage({ ...frame, children: 'text' });
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1]?.replaceAll('&#39;', "'");
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; img-src data:; base-uri 'none'; form-action 'none'$/,
    );
    expect(html).not.toMatch(/<script|<link|<iframe|\sstyle=|\son\w+=|https?:\/\//);
  });

  it('shows texts from outside as texts', () => {
    const hostile = '<img src=x onerror=alert(1)>"\'&</p><script>alert(1)</script>';
    const html = renderPage({
      ...frame,
      heading: hostile,
      about: hostile,
      foot: hostile,
      contents: [
        ['main', hostile],
        ['s', hostile],
      ],
      children: (
        <Section id="s" heading={hostile}>
          <Callout mood="bad" title={hostile} lines={[hostile]} />
          <Facts rows={[[hostile, hostile]]} />
          <Table caption={hostile} columns={[{ name: hostile }, { name: `${hostile}2` }]} rows={[[hostile, hostile]]} />
        </Section>
      ),
    });
    expect(html).not.toMatch(/<img|<script/);
    // In attributes, too, a quotation mark ends nothing.
    expect(html.match(/&lt;img src=x onerror=alert\(1\)&gt;&quot;/g)?.length).toBe(18);
  });

  it('shows what would be obeyed and not seen: control characters, and those that turn the writing around', () => {
    const html = renderPage({ ...frame, children: 'a\u202eb\u0000c\u001b[31md\u2028e\r\nf\rg\th' });
    expect(html).toContain('a\ufffdb\ufffdc\ufffd[31md\ufffde\nf\ng h');
  });

  it('leaves out facts without a value', () => {
    const html = renderPage({
      ...frame,
      children: (
        <Facts
          rows={[
            ['school', ''],
            ['name', '林小禾'],
          ]}
        />
      ),
    });
    expect(html).toContain('<dl class="facts"><div><dt>name</dt><dd>林小禾</dd></div></dl>');
  });

  it('has a box for each who signs, and for the date, in its language', () => {
    const html = renderPage({
      ...frame,
      language: 'zh-TW',
      children: <SignatureBox language="zh-TW" signers={['student', 'clerk']} id="x" />,
    });
    expect(html).toContain('<html lang="zh-TW">');
    expect([...html.matchAll(/<dt>([^<]*)<\/dt>/g)].map(([, name]) => name)).toEqual(['學生確認簽名', '經手人', '日期']);
  });
});
