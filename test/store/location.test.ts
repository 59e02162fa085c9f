import { describe, expect, it } from 'vitest';
import type { LpxError } from '#lpx/errors.js';
import { isDatabaseUrl, postgresLocation, shownLocation } from '#lpx/store/location.js';

const codeFor = (url: string): string => {
  try {
    postgresLocation(url);
    return 'taken';
  } catch (error) {
    // Whatever is wrong with it, a URL is never repeated: what looks like a host may be a password.
    expect(`${(error as LpxError).message} ${JSON.stringify((error as LpxError).facts)}`).not.toMatch(/secret/i);
    return (error as LpxError).code;
  }
};

describe('the address of a database', () => {
  it('is taken apart once, and shown without user and settings', () => {
    const location = postgresLocation('postgresql://clerk%40a@db.example:6432/learning%2Fdata?school=01a302&sslmode=verify-full&sslkey=/k');
    expect(location).toEqual({
      school: '01A302',
      settings: { user: 'clerk@a', host: 'db.example', port: '6432', dbname: 'learning/data', sslmode: 'verify-full', sslkey: '/k' },
    });
    expect(shownLocation(location)).toBe('postgres://db.example:6432/learning%2Fdata?school=01A302');
    expect(shownLocation(postgresLocation('postgres://[::1]:5432/db'))).toBe('postgres://[::1]:5432/db');
    expect(shownLocation(postgresLocation('postgres://?service=lpx'))).toBe('postgres:///?service=lpx');
    expect(postgresLocation('postgres:///db?host=/run/postgresql').settings).toEqual({ dbname: 'db', host: '/run/postgresql' });
    expect(shownLocation('/srv/lpx')).toBe('/srv/lpx');
  });

  it('is refused with a password in it, wherever that is', () => {
    for (const url of [
      'postgres://clerk:secret@db/lpx',
      'postgres://clerk:@db/lpx',
      'postgres://clerk:se/secret@db/lpx',
      'postgres://clerk:se@secret@db/lpx',
      'postgres://:secret@/lpx',
      'postgres://db/lpx?password=secret',
      'postgres://db/lpx?school=990001&PASSWORD=secret',
      'postgres://db/lpx?sslpassword=secret',
      ' postgres://clerk:secret@db/lpx',
      'postgres://clerk%3Asecret@db/lpx',
      'postgres://db/lpx?service=clerk:secret',
      'postgres://db?dbname=postgres://clerk:secret@db/lpx',
      'postgres://db/user=clerk%20password=secret',
      'postgres://clerk:5?host=secret@db/lpx',
    ])
      expect([url, codeFor(url)]).toEqual([url, 'LPX_DATABASE_PASSWORD']);
  });

  it('is refused in another form, without repeating it', () => {
    for (const url of [
      'postgres:db',
      'postgres:/db',
      'postgres://db:secret/lpx',
      'postgres://db:123456/lpx',
      'postgres://a/b/secret',
      'postgres://db/lpx?secret',
      'postgres://db/%E0%A4%A',
      'postgres://db/lpx#secret',
    ])
      expect([url, isDatabaseUrl(url), codeFor(url)]).toEqual([url, true, 'LPX_DATABASE_URL']);
    expect(codeFor('postgres://db/lpx?options=-csecret')).toBe('LPX_DATABASE_SETTING');
    expect(codeFor('postgres://db/lpx?school=99')).toBe('LPX_SCHOOL_CODE');
    expect(['/srv/lpx', './jdbc:x', 'C:\\lpx', 'C:/lpx', '//server/share', 'lpx:2'].filter(isDatabaseUrl)).toEqual([]);
  });
});
