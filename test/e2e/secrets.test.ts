/** A password that was given where it does not belong is not printed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lpx } from '../support/cli.js';
import { transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';

const SECRET = 'Qx7-Sekrit-93';

const left = ['--reason', 'transfer', '--left', '2021-01-22'];

describe('a password in the place of something else is not printed,', () => {
  it.each<[string, string[], string]>([
    ['as a list of schools', ['load', '--schools', 'pw.txt'], 'row 1'],
    ['as course codes', ['load', '--course-codes', 'pw.txt'], 'row 1'],
    ['as a list to export', ['export', '--list', 'pw.txt', ...left], 'row 1'],
    ['as a list of who left', ['leave', '--as', 'transferred', '--left', '2021-01-22', '--list', 'pw.txt'], 'row 1'],
    ['as a list of picks', ['pick', '--list', 'pw.txt'], 'row 1'],
    ['as the value of an unknown option', ['verify', 'x.zip', `--password=${SECRET}`], 'There is no option --password.'],
    ['behind an unknown short option', ['verify', 'x.zip', `-p${SECRET}`], 'There is no option -p.'],
    ['as the value of an option that takes none', ['verify', 'x.zip', `--password-stdin=${SECRET}`], '--password-stdin'],
  ])('%s', async (_, words, place) => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'pw.txt'), `${SECRET}\n`);
    const store = await transferSchool(folder);
    for (const json of [[], ['--json']]) {
      const { code, out, err } = await lpx([...json, '--store', store, ...words], { cwd: folder });
      expect([code, out + err]).toEqual([expect.toSatisfy((code) => code === 2 || code === 6), expect.stringContaining(place)]);
      expect(out + err).not.toMatch(/x7-|Sekrit/i);
    }
  });
});
