import { readdirSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { WorkFolder } from '#lpx/store/processes/work-folder.js';
import { tempFolder } from '../../support/temp.js';

vi.mock('#lpx/store/sqlite/driver.js', () => ({
  openSqlite: () => {
    throw new Error('database is locked');
  },
}));

it('a work folder is refused, after a few tries, where files cannot be locked, and leaves nothing', async () => {
  const parent = tempFolder();
  await expect(WorkFolder.create(parent, 'work-')).rejects.toMatchObject({
    code: 'LPX_WRITE_FAILED',
    facts: { file: parent, reason: 'ENOLCK' },
  });
  expect(readdirSync(parent)).toEqual([]);
});
