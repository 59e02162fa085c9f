/** Whether a folder is on another computer: there, SQLite's locks do not keep two computers apart. */
import { readFileSync, statfsSync } from 'node:fs';
import { resolve } from 'node:path';
import { nearestThere } from '../../io/read.js';

/** What the system says of a folder; passed in by tests. */
export interface FolderFacts {
  readonly platform: NodeJS.Platform;
  /** The number of the file system (`statfs`), of Linux. */
  readonly typeOf: (folder: string) => number;
  /** The text of `/proc/self/mounts`. */
  readonly mounts: () => string;
}

/** NFS, SMB, CIFS, SMB2, AFS, Coda, NCP, Ceph, Lustre, BeeGFS, by the numbers that `statfs` gives them. */
const NETWORK_TYPES: ReadonlySet<number> = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x73757245, 0x564c, 0x00c36400, 0x0bd00bd0, 0x19830326,
]);
/** File systems of programs; which one it is, the list of mounts says. */
const FUSE = 0x65735546;
const NETWORK_PROGRAMS = /^fuse\.(?:sshfs|rclone|s3fs|davfs|glusterfs|gvfsd-fuse|smbnetfs)/;

/** `\\server\share`, also in its long form; not `\\?\C:\` and `\\.\`. */
const UNC = /^(?:\\\\\?\\UNC\\|\\\\(?![?.]\\))[^\\]/i;

const OF_SYSTEM: FolderFacts = {
  platform: process.platform,
  typeOf: (folder) => statfsSync(folder).type,
  mounts: () => readFileSync('/proc/self/mounts', 'utf8'),
};

/** Of a folder that is not there yet, by the one around it. What cannot be found out is not taken for one. */
export function isNetworkFolder(folder: string, { platform, typeOf, mounts }: FolderFacts = OF_SYSTEM): boolean {
  if (platform === 'win32') return UNC.test(folder);
  if (platform !== 'linux') return false;
  try {
    const type = typeOf(nearestThere(resolve(folder)));
    return NETWORK_TYPES.has(type) || (type === FUSE && NETWORK_PROGRAMS.test(mountTypeOf(resolve(folder), mounts())));
  } catch {
    return false;
  }
}

/** The type of the file system that is mounted nearest above a folder. Lines are `source folder type options …`. */
function mountTypeOf(folder: string, mounts: string): string {
  const above = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, point = '']) => point !== '' && `${folder}/`.startsWith(point === '/' ? '/' : `${point}/`))
    .sort(([, a = ''], [, b = '']) => b.length - a.length);
  return above[0]?.[2] ?? '';
}
