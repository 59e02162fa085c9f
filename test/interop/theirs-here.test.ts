/** Other people's packages in lpx, as docs/interop.md lists them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { errorOfReport } from '#lpx/exchange/verify.js';
import {
  contentOf,
  exportFrom,
  importTo,
  PASSWORD,
  school,
  sign,
  studentIn,
  TRANSFER_STUDENT,
  transferSchool,
} from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { describeWith } from '../support/tools.js';
import { WRITERS } from './writers.js';

const PAGE = fileURLToPath(new URL('../../docs/interop.md', import.meta.url));
/** The content of a package, unpacked, to be packed again by others. */
let content = '';
let name = '';

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lpx-interop-'));
  const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
  content = join(folder, 'content');
  name = basename(zipFile);
  for (const entry of await contentOf(zipFile)) {
    mkdirSync(join(content, dirname(entry.name)), { recursive: true });
    writeFileSync(join(content, entry.name), entry.content);
  }
  return () => rmSync(folder, { recursive: true });
});

for (const writer of WRITERS) {
  describeWith(writer.tool ? [writer.tool] : [], `a package made by ${writer.name}`, () => {
    async function made(): Promise<{ folder: string; zipFile: string }> {
      const folder = tempFolder();
      mkdirSync(join(folder, 'mail'));
      const zipFile = join(folder, 'mail', name);
      await writer.pack(content, zipFile, PASSWORD.toString());
      sign(zipFile);
      return { folder, zipFile };
    }

    it('verifies and imports, records and files', async () => {
      const { folder, zipFile } = await made();
      const store = await school(folder, '990002');

      const result = await importTo(store, zipFile);

      expect(result.outcome, JSON.stringify(result.report.findings)).toBe('imported');
      const { records } = await studentIn(store, TRANSFER_STUDENT);
      expect(records.map(({ record }) => record.document?.name ?? record.media?.name)).toContain('讀一條河.pdf');
    });

    it('distinguishes a wrong password from damage', async () => {
      const { folder, zipFile } = await made();
      const { report } = await importTo(await school(folder, '990002'), zipFile, { password: Buffer.from('wrong') });
      expect(errorOfReport(report)?.code).toBe('LPX_PASSWORD_WRONG');
    });
  });
}

describe('the page about other software', () => {
  it('lists every writer whose packages the tests import', () => {
    const section = readFileSync(PAGE, 'utf8').split('<a id="writers">')[1] ?? '';
    expect([...section.matchAll(/^- (.+)$/gm)].map(([, writer]) => writer)).toEqual(WRITERS.map((writer) => writer.name));
  });
});
