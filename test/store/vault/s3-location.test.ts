import { describe, expect, it } from 'vitest';
import { s3Location, s3Url } from '#lpx/store/vault/s3-location.js';

const codeOf = (url: string) => {
  try {
    return s3Location(url);
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('the address of a bucket', () => {
  it('names bucket, prefix, server and region, and has one form', () => {
    const nothing = { prefix: '', endpoint: '', region: '', pathStyle: false };
    for (const [url, location, canonical] of [
      ['s3://files', { ...nothing, bucket: 'files' }, 's3://files'],
      ['s3://files/', { ...nothing, bucket: 'files' }, 's3://files'],
      ['s3://my.files-2/lpx/schools/', { ...nothing, bucket: 'my.files-2', prefix: 'lpx/schools' }, 's3://my.files-2/lpx/schools'],
      ['s3://files?path-style', { ...nothing, bucket: 'files', pathStyle: true }, 's3://files?path-style'],
      [
        's3://files/a?region=ap-east-2&endpoint=https%3A%2F%2Fs3.example.tw:9000&path-style=1',
        { bucket: 'files', prefix: 'a', endpoint: 'https://s3.example.tw:9000', region: 'ap-east-2', pathStyle: true },
        's3://files/a?endpoint=https://s3.example.tw:9000&region=ap-east-2&path-style',
      ],
    ] as const) {
      expect(s3Location(url)).toEqual(location);
      expect(s3Url(location)).toBe(canonical);
      expect(s3Location(canonical)).toEqual(location);
    }
  });

  it('is refused in any other form', () => {
    for (const url of [
      's3:',
      's3://',
      's3:///a',
      's3://Files',
      's3://f',
      's3://files/../other',
      's3://files/a//b',
      's3://files/%2e%2e/b',
      's3://files/學校',
      's3://files/a#b',
      's3://files?endpoint=ftp://host',
      's3://files?endpoint=https://host/path',
      's3://files?endpoint=host',
      's3://files?region=a b',
      's3://files?region=a&region=b',
      's3://files?path-style=no',
      's3://files?versioning',
      's3://files?__proto__=1',
      's3://files?region=%',
    ])
      expect([url, codeOf(url)]).toEqual([url, 'LPX_S3_URL']);
  });

  it('never has credentials in it, wherever they are put', () => {
    for (const url of [
      's3://AKIA:secret@files/a',
      's3://user@files',
      's3://files?endpoint=https://AKIA:secret@host',
      's3://files?accessKeyId=AKIA',
      's3://files?secret=x',
      's3://files?X-Amz-Credential=x',
      's3://files?sessionToken=x',
      's3://AKIA:sec/ret@files',
    ])
      expect([url, codeOf(url)]).toEqual([url, 'LPX_S3_SECRET']);
  });
});
