import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LANGUAGES, type Language } from '#lpx/messages/messages.js';
import type { Report } from '#lpx/report/model.js';
import { reportPage } from '#lpx/report/pages.js';
import { LISTS } from '#lpx/spec/portfolio.js';
import { XSS } from '../fixtures/xss.js';
import { hostileReport, hostileStudent, reportOf } from '../support/reports.js';
import { SLIP_FRAME, SLIPS } from '../support/slips.js';
import { CHROMIUM, describeWith } from '../support/tools.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const VIOLATIONS = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) =>
  id + ': ' + nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 150) + ' ' + failureSummary).join(' | ')))`;
const THEMES = ['light', 'dark'] as const;
const WIDTHS = [360, 1280] as const;

/** A student's records, a package that is full of faults, and texts that are too long for any line. */
const REPORTS: Readonly<Record<string, Report>> = {
  student: reportOf(3),
  faults: hostileReport('第 5 筆「物理」：林小禾 A80000****'),
  long: hostileReport(`${'x'.repeat(200)} ${'長'.repeat(200)}`),
};
const CASES = Object.keys(REPORTS).flatMap((name) => LANGUAGES.map((language) => [name, language] as const));

/** A report of which each text of a list is each text somewhere. */
function reportOfAll(texts: readonly string[]): Report {
  const reports = texts.map(hostileReport);
  const lists = LISTS.filter(({ name }) => name === 'courseResults' || name === 'works');
  return {
    ...(reports[0] as Report),
    verdict: { mood: 'bad', title: 'all', lines: texts },
    findings: reports.flatMap(({ findings = [] }) => findings),
    packages: reports.flatMap(({ packages = [] }) => packages),
    tables: reports.flatMap(({ tables = [] }) => tables),
    students: texts.map((text) => hostileStudent(text, lists)),
  };
}

describeWith(['chromium'], 'a report in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-test-'));
  let browser: Browser;
  beforeAll(async () => {
    // A sandbox of its own cannot be had by root, as whom CI runs.
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  /** Opens a file in a browser of its own, and notes all that it tries. */
  async function open<T>(
    html: string,
    options: BrowserContextOptions,
    look: (page: Page, noted: readonly string[]) => Promise<T>,
  ): Promise<T> {
    const file = join(folder, 'report.html');
    writeFileSync(file, html);
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      const noted: string[] = [];
      await page.exposeFunction('note', (what: string) => noted.push(what));
      await page.addInitScript(() => {
        const { document, note } = globalThis as unknown as {
          document: { addEventListener(type: string, listener: (event: { violatedDirective: string; blockedURI: string }) => void): void };
          note(what: string): void;
        };
        document.addEventListener('securitypolicyviolation', (event) => note(`${event.violatedDirective} ${event.blockedURI}`));
      });
      page.on('console', (message) => noted.push(`console: ${message.text()}`));
      page.on('pageerror', (error) => noted.push(`error: ${error.message}`));
      page.on('request', (request) => {
        if (!request.url().startsWith('data:') && request.url() !== pathToFileURL(file).href) noted.push(`request: ${request.url()}`);
      });
      page.on('dialog', (dialog) => {
        noted.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      await page.goto(pathToFileURL(file).href);
      return await look(page, noted);
    } finally {
      await context.close();
    }
  }

  const html = (name: string, language: Language) => reportPage(REPORTS[name] as Report, language);

  it.each(CASES)('%s, %s: fits at every width, and obeys its policy', async (name, language) => {
    await open(html(name, language), {}, async (page, noted) => {
      for (const colorScheme of THEMES)
        for (const width of WIDTHS) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 800 });
          const beyond = await page.evaluate(`[document.documentElement, ...document.querySelectorAll('main *, header *, footer *')]
            .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5 || element.scrollWidth > innerWidth)
            .map((element) => element.outerHTML.slice(0, 100))`);
          expect([colorScheme, width, beyond]).toEqual([colorScheme, width, []]);
        }
      expect(noted).toEqual([]);
    });
  });

  it.each(CASES.filter(([name]) => name !== 'long'))(
    '%s, %s: is accessible to everyone in both themes, on narrow screens and wide ones',
    async (name, language) => {
      // Without its policy, which would keep out the checker's script as well.
      await open(html(name, language), { bypassCSP: true }, async (page) => {
        await page.evaluate(AXE);
        for (const [colorScheme, width] of [
          ['light', 360],
          ['dark', 1280],
        ] as const) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 800 });
          const violations = await page.evaluate(VIOLATIONS);
          expect([colorScheme, width, violations]).toEqual([colorScheme, width, []]);
        }
      });
    },
  );

  it('lets nothing run or load whatever stands in it', async () => {
    await open(reportPage(reportOfAll(XSS), 'en'), {}, async (page, noted) => {
      expect(await page.evaluate(`document.querySelectorAll('script, iframe, object, embed, form, link, base, svg').length`)).toBe(0);
      expect(await page.evaluate(`document.querySelectorAll('section[aria-label]').length`)).toBe(2 * XSS.length);
      expect(noted).toEqual([]);
    });
  });

  it('keeps out by its policy what somebody may write into the file later', async () => {
    const forged = html('student', 'en').replace(
      '</main>',
      '<img src="https://example.org/x.png"><script>document.title = "run"</script><p style="color: red">x</p></main>',
    );
    await open(forged, {}, async (page, noted) => {
      expect(await page.title()).not.toBe('run');
      const kept = noted.filter((what) => !/^(?:console|request): /.test(what)).map((what) => what.split(' ')[0]);
      expect(kept.sort()).toEqual(['img-src', 'script-src-elem', 'style-src-attr']);
    });
  });

  it.each([
    [1, 1],
    [100, 27],
  ])('prints %i records on A4, on no more than %i sheets, with all of them', async (records, sheets) => {
    await open(reportPage(reportOf(records), 'zh-TW'), { colorScheme: 'dark' }, async (page) => {
      const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
      const pages = [...pdf.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)].map(([, width, height]) => [Number(width), Number(height)]);
      expect(pages.length).toBeGreaterThan(records / 10 - 1);
      expect(pages.length).toBeLessThanOrEqual(sheets);
      // A4 in points, rounded as browsers do.
      for (const [width = 0, height = 0] of pages) expect([Math.round(width), Math.round(height)]).toEqual([595, 842]);
    });
  });

  it('is dark on white on paper in the dark theme, too, without what is only for a screen', async () => {
    await open(html('faults', 'en'), { colorScheme: 'dark' }, async (page) => {
      const colour = () => page.evaluate(`getComputedStyle(document.body).color`);
      const shown = () => page.evaluate(`getComputedStyle(document.querySelector('nav')).display !== 'none'`);
      expect([await colour(), await shown()]).toEqual(['rgb(231, 233, 236)', true]);
      await page.emulateMedia({ media: 'print' });
      expect([await colour(), await shown()]).toEqual(['rgb(27, 31, 36)', false]);
    });
  });

  it('begins for the keyboard with a link past the contents, which shows where the focus is', async () => {
    await open(html('faults', 'en'), {}, async (page) => {
      await page.keyboard.press('Tab');
      const focused = `(() => {
        const { className, textContent } = document.activeElement;
        const { outlineStyle } = getComputedStyle(document.activeElement);
        return [className, textContent.trim(), outlineStyle, document.activeElement.getBoundingClientRect().left >= 0];
      })()`;
      expect(await page.evaluate(focused)).toEqual(['skip', 'Skip to the contents', 'solid', true]);
      await page.keyboard.press('Enter');
      expect(await page.evaluate('document.activeElement.id')).toBe('main');
    });
  });

  it.each(Object.keys(SLIPS).flatMap((name) => LANGUAGES.map((language) => [name, language] as const)))(
    'a slip (%s, %s) is one sheet of A4, accessible to everyone and no wider than a telephone',
    async (name, language) => {
      await open(SLIPS[name]?.({ ...SLIP_FRAME, language }) ?? '', { bypassCSP: true, colorScheme: 'dark' }, async (page, noted) => {
        await page.setViewportSize({ width: 360, height: 800 });
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
        await page.evaluate(AXE);
        expect(await page.evaluate(VIOLATIONS)).toEqual([]);
        const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
        expect(pdf.match(/\/MediaBox/g)).toHaveLength(1);
        expect(noted).toEqual([]);
      });
    },
  );
});
