/** What a file is by its content when it is neither JSON nor a text: people hand over what they have. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { openFile } from '../io/read.js';

/** A workbook of Excel or LibreOffice, or any other ZIP, such as a package. */
export type FileKind = 'xlsx' | 'xls' | 'ods' | 'zip';

/** As much of a file's beginning and end as shows what it is. */
const SHOWN_BYTES = 64 * 1024;

const ZIP = Buffer.from('PK\x03\x04', 'latin1');
const EMPTY_ZIP = Buffer.from('PK\x05\x06', 'latin1');
const OLE = Buffer.from('d0cf11e0a1b11ae1', 'hex');

/** @returns undefined for anything else, a text among it */
export function kindOfBytes(bytes: Buffer): FileKind | undefined {
  if (startsWith(bytes, OLE)) return 'xls';
  if (!startsWith(bytes, ZIP) && !startsWith(bytes, EMPTY_ZIP)) return undefined;
  const has = (name: string) => bytes.subarray(0, SHOWN_BYTES).includes(name) || bytes.subarray(-SHOWN_BYTES).includes(name);
  if (has('xl/workbook')) return 'xlsx';
  return has('application/vnd.oasis.opendocument.spreadsheet') ? 'ods' : 'zip';
}

/** The same of a plain file, of which only the beginning and the end are read. @throws as `openFile` */
export function kindOfFile(path: string): FileKind | undefined {
  const fd = openFile(path, 'r');
  try {
    const stats = fstatSync(fd);
    const part = (from: number) => {
      const bytes = Buffer.alloc(Math.min(SHOWN_BYTES, stats.size));
      return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, from));
    };
    return kindOfBytes(Buffer.concat([part(0), part(Math.max(0, stats.size - SHOWN_BYTES))]));
  } finally {
    closeSync(fd);
  }
}

/** The first bytes of a plain file. @throws as `openFile` */
export function beginningOf(path: string, bytes: number): Buffer {
  const fd = openFile(path, 'r');
  try {
    const beginning = Buffer.alloc(bytes);
    return beginning.subarray(0, readSync(fd, beginning, 0, bytes, 0));
  } finally {
    closeSync(fd);
  }
}

const startsWith = (bytes: Buffer, start: Buffer): boolean => bytes.subarray(0, start.length).equals(start);
