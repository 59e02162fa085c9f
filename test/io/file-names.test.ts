import { describe, expect, it } from 'vitest';
import { distinctNames, safeName } from '#lpx/io/file-names.js';
import { assertNameable } from '#lpx/io/windows-names.js';
import fc from '../support/properties.js';

const named = (text: string, ending = '.pdf') => safeName(text, ending, '檔案');

describe('a name that is made of a text', () => {
  it.each([
    ['期末報告', '期末報告.pdf'],
    ['a/b\\c:d*e?f"g<h>i|j', 'a_b_c_d_e_f_g_h_i_j.pdf'],
    ['../../etc/passwd', '_._.._etc_passwd.pdf'],
    ['CON', '_CON.pdf'],
    ['com¹', '_com¹.pdf'],
    ['nul .tar', '_nul .tar.pdf'],
    ['  blank. . ', 'blank.pdf'],
    ['tab\there\u0000\u001b[31m', 'tab_here__[31m.pdf'],
    ['報告\u202Efdp', '報告fdp.pdf'],
    ['zero\u200Bwidth\uFEFF', 'zerowidth.pdf'],
    ['-rf', '_rf.pdf'],
    ['.hidden', '_hidden.pdf'],
    ['\ud800', '_.pdf'],
    ['...', '檔案.pdf'],
    ['', '檔案.pdf'],
    ['e\u0301', '\u00e9.pdf'],
    ['葛\u{e0100}', '葛\u{e0100}.pdf'],
  ])('is one that every system takes: %j', (text, name) => {
    expect(named(text)).toBe(name);
  });

  it('is as long as Windows and Linux take it, cut between characters, with its ending whole', () => {
    expect(named('長'.repeat(300))).toBe(`${'長'.repeat(65)}.pdf`);
    expect(named('a'.repeat(300), ' (12).pdf')).toBe(`${'a'.repeat(71)} (12).pdf`);
    expect(named('👩‍🏫'.repeat(80))).toMatch(/^(?:👩🏫)+\.pdf$/u);
  });

  it('is taken by Windows and stays in its folder, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.constantFrom('', '.pdf', ' (2).mp4'), (text, ending) => {
        const name = safeName(text, ending, 'file');
        expect(() => assertNameable(`C:\\out\\${name}`, 'win32')).not.toThrow();
        expect(name).not.toMatch(/[/\\\p{Cc}\p{Cf}]|^\.|^$/u);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(201);
      }),
      { numRuns: 50 },
    );
  });
});

describe('names of one folder', () => {
  it('are never two alike to Windows or macOS', () => {
    const name = distinctNames();
    const given = ['報告', '報告', 'A', 'a', 'é', 'e\u0301', 'Straße', 'STRASSE', 'a (2)'].map((text) => name('109', text, '.pdf', 'x'));
    expect(given).toEqual([
      '報告.pdf',
      '報告 (2).pdf',
      'A.pdf',
      'a (2).pdf',
      'é.pdf',
      'é (2).pdf',
      'Straße.pdf',
      'STRASSE (2).pdf',
      'a (2) (2).pdf',
    ]);
    expect(name('110', '報告', '.pdf', 'x')).toBe('報告.pdf');
  });

  it('stay apart also where only their ends differ, which are cut off', () => {
    const name = distinctNames();
    const long = '長'.repeat(200);
    expect([name('', `${long}一`, '.pdf', 'x'), name('', `${long}二`, '.pdf', 'x')]).toEqual([
      `${'長'.repeat(65)}.pdf`,
      `${'長'.repeat(64)} (2).pdf`,
    ]);
  });
});
