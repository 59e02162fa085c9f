/** The table of results of an inbox. */
import { expect, it } from 'vitest';
import type { Context } from '#lpx/cli/context.js';
import { countsLine, NO_COUNTS, resultTable, tableRow } from '#lpx/cli/render/inbox.js';
import { messagesIn } from '#lpx/messages/messages.js';

it('says of an inbox that was left before all was done how many packages have no result, not that it has none', () => {
  const context = { messages: messagesIn('zh-TW') } as Context;
  expect(countsLine(context, NO_COUNTS)).toBe('這個資料夾裡沒有交換檔。');
  expect(countsLine(context, NO_COUNTS, 2)).toBe('尚無結果 2 個');
  expect(countsLine(context, { ...NO_COUNTS, imported: 1 }, 2)).toBe('已匯入 1 個、尚無結果 2 個');
});

it('has no columns about importing where packages were only checked, and the sending school of those that wait', () => {
  const messages = messagesIn('zh-TW');
  const row = tableRow(messages, { file: '990001_2021_01_22_10_30_00.zip', outcome: 'waiting', movedTo: '' });
  const { name, rows } = resultTable(messages, [row], true);
  expect([name, rows[0]]).toEqual(['檢查結果', ['檔名', '結果', '送件學校', '身分證號', '姓名', 'MD5', '代碼', '原因', '處理方式']]);
  expect(rows[1]?.slice(0, 3)).toEqual(['990001_2021_01_22_10_30_00.zip', '待處理', '990001']);
  expect(resultTable(messages, [row], false).rows[0]).toHaveLength(12);
});
