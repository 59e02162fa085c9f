import { readdirSync } from 'node:fs';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { lpx, lpxJson } from '../support/cli.js';
import { outputFaults } from '../support/output-schemas.js';
import { tempFolder } from '../support/temp.js';

describe('the demonstration', () => {
  it.each(['C.UTF-8', 'zh_TW.UTF-8'])('shows the whole exchange under %s, and leaves nothing behind', async (LANG) => {
    const TMPDIR = tempFolder();
    const { code, out, err } = await lpx(['demo'], { env: { LANG, TMPDIR } });
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('LPX_SIGNATURE_MISMATCH');
    expect(out).toMatch(/A80000\*{4} 林小禾.*雨後\.mp3.*LPX_ENTRY_DAMAGED/);
    expect(out).toMatch(/109990001\S+ +109990001/);
    expect(readdirSync(TMPDIR)).toEqual([]);
  });

  it('ends with commands that work where the reader is, and fetch nothing by name', async () => {
    const cwd = tempFolder();
    const { out } = await lpx(['demo'], { cwd });
    const commands = out.split('\n').slice(-2);
    expect(out).not.toContain('npx');
    for (const command of commands) {
      expect(command).toMatch(/^ {2}node \S+ (?:init|load) /);
      expect((await execa(command.trim(), { cwd, shell: true, reject: false })).exitCode).toBe(0);
    }
  });

  it('shows that every course code survived, also in its JSON', async () => {
    const { json } = await lpxJson(['demo']);
    expect(outputFaults(json)).toEqual([]);
    expect(json.courseCodes.length).toBeGreaterThan(0);
    for (const { before, after } of json.courseCodes) expect(after).toBe(before);
  });
});
