import { describe, expect, it } from 'vitest';
import { isNetworkFolder } from '#lpx/store/sqlite/network-folder.js';

const MOUNTS = `/dev/sda1 / ext4 rw 0 0
clerk@files:/school /mnt/school fuse.sshfs rw 0 0
gocryptfs /mnt/school/private fuse.gocryptfs rw 0 0`;

describe('a network folder', () => {
  it.each<[string, NodeJS.Platform, string, number, boolean]>([
    ['ext4', 'linux', '/', 0xef53, false],
    ['NFS', 'linux', '/', 0x6969, true],
    ['CIFS', 'linux', '/', 0xff534d42, true],
    ['SMB 2', 'linux', '/', 0xfe534d42, true],
    ['a folder over SSH', 'linux', '/mnt/school', 0x65735546, true],
    ['one that is not there yet, over SSH', 'linux', '/mnt/school/lpx', 0x65735546, true],
    ['an encrypted folder of this computer', 'linux', '/mnt/school/private', 0x65735546, false],
    ['a share of Windows', 'win32', '\\\\server\\share\\lpx', 0, true],
    ['a share by its long name', 'win32', '\\\\?\\UNC\\server\\share', 0, true],
    ['a drive', 'win32', 'C:\\lpx', 0, false],
    ['a drive by its long name', 'win32', '\\\\?\\C:\\lpx', 0, false],
  ])('is known by what the system says of it: %s', (_, platform, folder, type, expected) => {
    const typeOf = () => type;
    expect(isNetworkFolder(folder, { platform, typeOf, mounts: () => MOUNTS })).toBe(expected);
  });

  it('is none where the system does not say', () => {
    const fails = () => {
      throw new Error('ENOSYS');
    };
    expect(isNetworkFolder('/', { platform: 'linux', typeOf: fails, mounts: fails })).toBe(false);
  });
});
