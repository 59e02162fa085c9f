import { describe, expect, it } from 'vitest';
import { messagesIn } from '#lpx/messages/messages.js';
import { dateText, momentText, termText } from '#lpx/report/dates.js';

const [zh, en] = [messagesIn('zh-TW'), messagesIn('en')];

describe('dates of a report', () => {
  it.each([
    ['2020/01/20', '民國109年1月20日', '20 Jan 2020'],
    ['2020-01-20 16:05:09', '民國109年1月20日 16:05', '20 Jan 2020 16:05'],
    ['1911/12/31', '西元1911年12月31日', '31 Dec 1911'],
    ['2020/13/01', '2020/13/01', '2020/13/01'],
    ['next week', 'next week', 'next week'],
    ['', '', ''],
  ])('%s is in ROC years in Chinese, in Western ones in English', (text, roc, western) => {
    expect(dateText(zh, text)).toBe(roc);
    expect(dateText(en, text)).toBe(western);
  });

  it('are those of Taiwan’s clocks, whatever the computer’s', () => {
    expect(momentText(en, new Date('2021-01-21T16:30:00Z'))).toBe('22 Jan 2021 00:30');
  });

  it.each([
    ['1081', '108學年度第1學期', '2019-20, semester 1'],
    ['0882', '88學年度第2學期', '1999-00, semester 2'],
    ['0000', '0000', '0000'],
  ])('name the term %s', (term, roc, western) => {
    expect(termText(zh, term)).toBe(roc);
    expect(termText(en, term)).toBe(western);
  });
});
