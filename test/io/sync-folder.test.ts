import { expect, it } from 'vitest';
import { syncFolder } from '#lpx/io/publish.js';
import { failing } from '../support/failing-fs.js';
import { tempFolder } from '../support/temp.js';

/** What becomes of a folder that cannot be opened, or that cannot be synced. */
const attempts = async (code: string) => {
  const folder = tempFolder();
  return [await failing(1, code, () => syncFolder(folder)), await failing(2, code, () => syncFolder(folder))];
};

it.each(['EPERM', 'EACCES', 'EINVAL', 'EISDIR', 'ENOTSUP', 'ENOSYS', 'EBADF'])(
  'takes %s for a system that syncs no folders',
  async (code) => {
    for (const { failed, error } of await attempts(code)) expect([failed, error]).toEqual([expect.any(String), undefined]);
  },
);

it.each([
  ['EIO', 'LPX_WRITE_FAILED'],
  ['ENOSPC', 'LPX_DISK_FULL'],
  ['EDQUOT', 'LPX_DISK_FULL'],
  ['ENOENT', 'LPX_WRITE_FAILED'],
  ['EROFS', 'LPX_WRITE_FAILED'],
])('says of %s that the disk failed: %s', async (code, expected) => {
  for (const { failed, error } of await attempts(code))
    expect([failed, error]).toEqual([expect.any(String), expect.objectContaining({ code: expected })]);
});
