/** Files with passwords, as people write and keep them. */
import { decodeText, withoutMarks } from '../encoding.js';

/** Beyond this many bytes a file is not one with a password. */
export const PASSWORD_FILE_BYTES = 64 * 1024;

/** The lines with anything but blanks, byte for byte but for a byte order mark; of UTF-16, in UTF-8. */
export function passwordLines(bytes: Buffer): Buffer[] {
  const decoded = decodeText(bytes);
  const read = decoded?.encoding === 'UTF-16' ? Buffer.from(decoded.text) : bytes;
  // In UTF-8 and in CP950 the bytes of line ends and blanks stand for nothing else.
  const lines = withoutMarks(read.toString('latin1')).split(/[\r\n]/);
  return lines.filter((text) => /[^ \t\0]/.test(text)).map((line) => Buffer.from(line, 'latin1'));
}
