/** Names that Windows keeps for itself, or does not take. */
import { win32 } from 'node:path';
import { LpxError } from '../errors.js';

const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])(?:\.|$)/i;
const CUT_SHORT = /[. ]$/;
const NOT_TAKEN = /[<>:"|?*]/;

/** Whether Windows takes a name for a device (`CON`, `COM1.txt`), or for the name without its end (`a.`). */
export const isReservedOnWindows = (name: string): boolean => DEVICE.test(name) || CUT_SHORT.test(name);

/**
 * Refuses to make a file or folder that Windows would not take, or, which is worse, takes from Node.js although Explorer can
 * neither open nor remove it afterwards. @throws LPX_WRITE_FAILED
 */
export function assertNameable(path: string, platform = process.platform): void {
  if (platform !== 'win32') return;
  const names = path.slice(win32.parse(path).root.length).split(/[\\/]/);
  const isFine = (name: string) => /^\.{0,2}$/.test(name) || !(isReservedOnWindows(name) || NOT_TAKEN.test(name));
  if (!names.every(isFine)) throw new LpxError('LPX_WRITE_FAILED', { file: path, reason: 'windowsName' });
}
