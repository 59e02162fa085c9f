/** Where attachments are in S3-compatible storage, as a URL: `s3://bucket/prefix?endpoint=https://…&region=…&path-style`. */
import { LpxError } from '../../errors.js';

export interface S3Location {
  readonly bucket: string;
  /** Before the keys of all objects, without slashes around it; may be empty. */
  readonly prefix: string;
  /** The server's URL; empty for Amazon's own. */
  readonly endpoint: string;
  /** Empty for what the SDK's own files and variables say. */
  readonly region: string;
  /** Whether the bucket is part of the path, and not of the host's name. */
  readonly pathStyle: boolean;
}

/** Whether a text that names a place for attachments means a bucket. */
export const isS3Url = (named: string): boolean => /^s3:/i.test(named);

/** `s3://bucket/prefix?parameters`; after the bucket all may be missing. */
const URL_FORM = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([^?#]*))?(?:\?([^#]*))?$/;
/** What keys may be made of everywhere: no escape is needed, and no path of a file system is left. */
const PREFIX = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*)?$/;
const REGION = /^[a-z0-9-]{1,40}$/;
/** Whatever has such a name may be a key. */
const SECRET = /key|secret|token|passw|credential|signature/i;

/** @throws LPX_S3_URL; LPX_S3_SECRET for a URL with credentials in it */
export function s3Location(url: string): S3Location {
  // What comes before an @ is credentials, in whatever form the rest is: it is not repeated in an error.
  if (url.includes('@')) throw new LpxError('LPX_S3_SECRET');
  const [isUrl, bucket = '', path = '', query = ''] = URL_FORM.exec(url) ?? [];
  const given = new Map<string, string>();
  for (const part of query.split('&').filter((text) => text !== '')) {
    const [name = '', ...value] = part.split('=');
    if (SECRET.test(name)) throw new LpxError('LPX_S3_SECRET');
    if (given.has(name)) throw new LpxError('LPX_S3_URL');
    given.set(name, decoded(value.join('=')));
  }
  const prefix = path.replace(/^\/+|\/+$/g, '');
  const { endpoint = '', region = '', 'path-style': pathStyle, ...unknown } = Object.fromEntries(given);
  const isWhole =
    isUrl !== undefined && Object.keys(unknown).length === 0 && PREFIX.test(prefix) && ['', undefined, '1'].includes(pathStyle);
  if (!isWhole || !(region === '' || REGION.test(region)) || !(endpoint === '' || isEndpoint(endpoint))) throw new LpxError('LPX_S3_URL');
  return { bucket, prefix, endpoint, region, pathStyle: pathStyle !== undefined };
}

/** The URL of a location, in its one form. */
export function s3Url({ bucket, prefix, endpoint, region, pathStyle }: S3Location): string {
  const parameters = [
    ...(endpoint === '' ? [] : [`endpoint=${endpoint}`]),
    ...(region === '' ? [] : [`region=${region}`]),
    ...(pathStyle ? ['path-style'] : []),
  ];
  return `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}${parameters.length === 0 ? '' : `?${parameters.join('&')}`}`;
}

/** `http(s)://host[:port]`, and nothing else that a URL may have. */
function isEndpoint(text: string): boolean {
  try {
    const { protocol, host, origin } = new URL(text);
    return ['http:', 'https:'].includes(protocol) && host !== '' && (text === origin || text === `${origin}/`);
  } catch {
    return false;
  }
}

/** @throws LPX_S3_URL */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new LpxError('LPX_S3_URL', {}, { cause });
  }
}
