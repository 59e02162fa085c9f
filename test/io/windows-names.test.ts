import { describe, expect, it } from 'vitest';
import { LpxError } from '#lpx/errors.js';
import { assertNameable, isReservedOnWindows } from '#lpx/io/windows-names.js';

const refusal = (path: string, platform: NodeJS.Platform) => {
  try {
    assertNameable(path, platform);
    return '';
  } catch (error) {
    return error instanceof LpxError ? `${error.code} ${error.facts.reason}` : String(error);
  }
};

describe('a file or folder that lpx makes on Windows', () => {
  it.each(['CON', 'nul', 'aux.txt', 'COM1', 'com¹.log', 'LPT9', 'CONOUT$', 'end.', 'blank ', 'a?b', 'a:b', 'a|b'])(
    'is refused under a name that Windows keeps for itself or does not take: %s',
    (name) => {
      expect(refusal(`C:\\學習歷程\\${name}`, 'win32')).toBe('LPX_WRITE_FAILED windowsName');
      expect(refusal(`C:\\學習歷程\\${name}\\990001.zip`, 'win32')).toBe('LPX_WRITE_FAILED windowsName');
    },
  );

  it.each([
    'C:\\學習 歷程\\990001_2021_01_22_10_30_00.zip',
    '\\\\server\\share\\out',
    '\\\\?\\C:\\out',
    'D:\\',
    'D:out',
    '..\\console\\.lpx',
    'C:/a/b',
  ])('has any other name: %s', (path) => {
    expect(refusal(path, 'win32')).toBe('');
  });
});

it('has any name elsewhere', () => {
  expect(refusal('/srv/CON/a:b?', 'linux')).toBe('');
});

it('knows the names in packages that would be devices', () => {
  expect(['CON', 'con.pdf', 'COM³.txt', 'a.', 'b '].filter((name) => !isReservedOnWindows(name))).toEqual([]);
  expect(['CONTENT', 'com10.txt', 'null', '.con'].filter(isReservedOnWindows)).toEqual([]);
});
