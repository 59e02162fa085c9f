/**
 * Gives whole columns of a workbook a format. hucre formats cells alone, and a clerk fills in cells that are not there yet. So a template
 * has a second row of empty cells in the format that their columns are to have: here it moves to the columns, and the row goes.
 */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { CENTRAL_HEADER_BYTES, END_RECORD_BYTES, LOCAL_HEADER_BYTES, METHOD } from '../zip/format.js';

/** @param workbook as hucre writes it: no comment, no ZIP64, sizes in the local headers */
export function withColumnFormats(workbook: Uint8Array): Buffer {
  const zip = Buffer.from(workbook.buffer, workbook.byteOffset, workbook.byteLength);
  const end = Buffer.from(zip.subarray(zip.length - END_RECORD_BYTES));
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (let at = end.readUInt32LE(16); at < zip.length - END_RECORD_BYTES; ) {
    const nameBytes = zip.readUInt16LE(at + 28);
    const next = at + CENTRAL_HEADER_BYTES + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
    const central = Buffer.from(zip.subarray(at, next));
    const localAt = central.readUInt32LE(42);
    const dataAt = localAt + LOCAL_HEADER_BYTES + zip.readUInt16LE(localAt + 26) + zip.readUInt16LE(localAt + 28);
    const local = Buffer.from(zip.subarray(localAt, dataAt));
    let data = zip.subarray(dataAt, dataAt + central.readUInt32LE(20));
    const name = central.toString('utf8', CENTRAL_HEADER_BYTES, CENTRAL_HEADER_BYTES + nameBytes);
    if (/^xl\/worksheets\/[^/]+\.xml$/.test(name)) {
      const isDeflated = central.readUInt16LE(10) === METHOD.deflated;
      const content = Buffer.from(formatColumns((isDeflated ? inflateRawSync(data) : data).toString('utf8')));
      data = isDeflated ? deflateRawSync(content) : content;
      for (const [header, start] of [
        [local, 14],
        [central, 16],
      ] as const) {
        header.writeUInt32LE(crc32(content), start);
        header.writeUInt32LE(data.length, start + 4);
        header.writeUInt32LE(content.length, start + 8);
      }
    }
    central.writeUInt32LE(offset, 42);
    centrals.push(central);
    locals.push(local, data);
    offset += local.length + data.length;
    at = next;
  }
  const directory = Buffer.concat(centrals);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

/** @param sheet the XML of a worksheet */
function formatColumns(sheet: string): string {
  const row = /<row r="2"[^>]*>.*?<\/row>/s.exec(sheet)?.[0] ?? '';
  const formats = [...row.matchAll(/<c r="([A-Z]+)2" s="(\d+)"\/>/g)];
  return formats
    .reduce((xml, [, letters = '', style]) => {
      const number = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
      return xml.replace(`<col min="${number}" max="${number}" `, `$&style="${style}" `);
    }, sheet)
    .replace(row, '');
}
