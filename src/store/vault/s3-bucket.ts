/**
 * A bucket of S3-compatible storage. Only the part of the protocol that every server supports is used: no conditional requests, no
 * trailers, no reliance on the server's checksums. Uploads carry their MD5, whole ones also their SHA-256; callers check what they read.
 */
import { createHash } from 'node:crypto';
import type { CompletedPart, S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { LpxError } from '../../errors.js';
import type { S3Location } from './s3-location.js';

type Sdk = typeof import('@aws-sdk/client-s3');

/** What tests set otherwise. */
export interface S3Tuning {
  /** Bytes of a part, at least 5 MiB on Amazon's servers. Files up to this size are sent as one. */
  readonly partBytes?: number;
  /** How long a server may say nothing, in ms. */
  readonly patience?: number;
  /** How often a request is made before it counts as failed. */
  readonly attempts?: number;
}

const PART_BYTES = 8 * 1024 * 1024;
const CONNECT_MS = 10_000;
const PATIENCE_MS = 60_000;
const ATTEMPTS = 4;
/** How long a request that others may be waiting for takes at most, with all of its attempts, in ms. */
const BRIEF_MS = 5_000;
/** Requests to a server at a time. */
const SOCKETS = 32;

/** An object as a listing has it. */
export interface S3Object {
  readonly key: string;
  readonly bytes: number;
}

/** A file to send. */
export interface S3Source {
  readonly bytes: number;
  /** Its next bytes. */
  next(bytes: number): Promise<Buffer>;
  /** Called once all was read, before it counts as sent. @throws when it is not what was to be sent */
  prove(): void;
}

/** A multipart upload as it begins, for whoever has to abort it after this process is gone. */
export type OnUpload = (uploadId: string) => Promise<void>;

export class S3Bucket {
  readonly location: S3Location;
  readonly #tuning: S3Tuning;
  #opened: Promise<{ readonly sdk: Sdk; readonly client: S3Client }> | undefined;

  constructor(location: S3Location, tuning: S3Tuning = {}) {
    this.location = location;
    this.#tuning = tuning;
  }

  /** What messages call an object, or the bucket and what comes before its keys. */
  shown(key: string = this.location.prefix): string {
    return `s3://${this.location.bucket}/${key}`;
  }

  /** The size of an object in bytes; undefined where there is none. @param abortSignal see `brief` */
  async sizeOf(key: string, abortSignal?: AbortSignal): Promise<number | undefined> {
    return this.#askOfObject(key, undefined, async ({ sdk, client }) => {
      const { ContentLength } = await client.send(new sdk.HeadObjectCommand({ Bucket: this.location.bucket, Key: key }), {
        ...(abortSignal && { abortSignal }),
      });
      return ContentLength;
    });
  }

  /**
   * Reads an object to its end, from its beginning once more where the connection breaks.
   * @param begin called before the first byte, each time
   * @returns whether it is there
   */
  async read(key: string, begin: () => (bytes: Uint8Array) => void | Promise<void>): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      let hasBegun = false;
      try {
        return await this.#askOfObject(key, false, async ({ sdk, client }) => {
          const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: this.location.bucket, Key: key }));
          hasBegun = true;
          const take = begin();
          for await (const chunk of Body as unknown as AsyncIterable<Uint8Array>) await take(chunk);
          return true;
        });
      } catch (error) {
        // The SDK repeats requests, and not what breaks off in an answer.
        const isBrokenOff = hasBegun && error instanceof LpxError && error.code === 'LPX_S3_UNREACHABLE';
        if (!isBrokenOff || attempt >= (this.#tuning.attempts ?? ATTEMPTS)) throw error;
      }
    }
  }

  /** Puts an object in the place of whatever is there, at once. @param sha256 of all its bytes, in hex digits */
  async write(key: string, source: S3Source, sha256: string, onUpload: OnUpload): Promise<void> {
    const partBytes = this.#tuning.partBytes ?? PART_BYTES;
    if (source.bytes > partBytes) return this.#writeParts(key, source, partBytes, onUpload);
    const Body = await source.next(source.bytes);
    source.prove();
    const ChecksumSHA256 = Buffer.from(sha256, 'hex').toString('base64');
    await this.#ask(key, ({ sdk, client }) =>
      client.send(
        new sdk.PutObjectCommand({ Bucket: this.location.bucket, Key: key, Body, ContentMD5: md5Of(Body), ChecksumSHA256, ContentType }),
      ),
    );
  }

  /** Within a change, others who write wait for it: so it does not wait long. @throws LPX_S3_UNREACHABLE where nobody answers at once */
  async remove(key: string): Promise<void> {
    await this.#askOfObject(key, undefined, ({ sdk, client }) =>
      client.send(new sdk.DeleteObjectCommand({ Bucket: this.location.bucket, Key: key }), { abortSignal: this.brief() }),
    );
  }

  /** Ends a request that has taken too long for others who wait. */
  brief(): AbortSignal {
    return AbortSignal.timeout(Math.min(BRIEF_MS, this.#tuning.patience ?? BRIEF_MS));
  }

  /** The objects whose keys begin so. */
  async *list(prefix: string): AsyncGenerator<S3Object> {
    for (let ContinuationToken: string | undefined; ; ) {
      const page = await this.#ask(prefix, ({ sdk, client }) =>
        client.send(new sdk.ListObjectsV2Command({ Bucket: this.location.bucket, Prefix: prefix, ContinuationToken })),
      );
      for (const { Key: key = '', Size: bytes = 0 } of page.Contents ?? []) yield { key, bytes };
      if (!page.IsTruncated || page.NextContinuationToken === undefined) return;
      // The same page would come for ever.
      if (page.NextContinuationToken === ContinuationToken) throw notS3(this.shown(prefix));
      ContinuationToken = page.NextContinuationToken;
    }
  }

  /** Forgets a multipart upload that did not come to its end. It does not wait long: a later sweep does it as well. */
  async abort(key: string, uploadId: string): Promise<void> {
    await this.#askOfObject(key, undefined, ({ sdk, client }) =>
      client.send(new sdk.AbortMultipartUploadCommand({ Bucket: this.location.bucket, Key: key, UploadId: uploadId }), {
        abortSignal: this.brief(),
      }),
    );
  }

  close(): void {
    this.#opened?.then(
      ({ client }) => client.destroy(),
      () => {},
    );
    this.#opened = undefined;
  }

  async #writeParts(key: string, source: S3Source, partBytes: number, onUpload: OnUpload): Promise<void> {
    const target = { Bucket: this.location.bucket, Key: key };
    const { UploadId } = await this.#ask(key, ({ sdk, client }) =>
      client.send(new sdk.CreateMultipartUploadCommand({ ...target, ContentType })),
    );
    if (UploadId === undefined) throw new LpxError('LPX_S3_UNREACHABLE', { address: this.shown(key), reason: 'serverFails' });
    try {
      await onUpload(UploadId);
      const parts: CompletedPart[] = [];
      for (let from = 0; from < source.bytes; from += partBytes) {
        const Body = await source.next(Math.min(partBytes, source.bytes - from));
        const PartNumber = parts.length + 1;
        const { ETag } = await this.#ask(key, ({ sdk, client }) =>
          client.send(new sdk.UploadPartCommand({ ...target, UploadId, PartNumber, Body, ContentMD5: md5Of(Body) })),
        );
        parts.push({ ETag, PartNumber });
      }
      source.prove();
      await this.#ask(key, ({ sdk, client }) =>
        client.send(new sdk.CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: parts } })),
      );
    } catch (error) {
      await this.abort(key, UploadId).catch(() => {});
      throw error;
    }
  }

  /** A request about one object. @param absent what it comes to where there is none */
  async #askOfObject<T, A>(key: string, absent: A, request: Request<T>): Promise<T | A> {
    try {
      return await this.#ask(key, request);
    } catch (error) {
      if (error instanceof LpxError && isNotFound(error.cause)) return absent;
      throw error;
    }
  }

  /** @throws what `s3Error` makes of an error */
  async #ask<T>(key: string, request: Request<T>): Promise<T> {
    this.#opened ??= this.#open();
    const opened = await this.#opened;
    try {
      return await request(opened);
    } catch (error) {
      throw error instanceof LpxError ? error : s3Error(error, { bucket: this.location.bucket, address: this.shown(key) });
    }
  }

  /** @throws LPX_S3_CLIENT_MISSING */
  async #open() {
    // The SDK tells users of Node.js 20 what lpx's own documents tell them.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
    const sdk = await import('@aws-sdk/client-s3').catch((cause) => {
      throw new LpxError('LPX_S3_CLIENT_MISSING', {}, { cause });
    });
    const { endpoint, region, pathStyle } = this.location;
    const options: S3ClientConfig = {
      ...(endpoint !== '' && { endpoint }),
      // Servers of other makers take any; Amazon's own is in the profile or AWS_REGION.
      ...(region !== '' ? { region } : endpoint !== '' && { region: 'us-east-1' }),
      forcePathStyle: pathStyle,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: this.#tuning.attempts ?? ATTEMPTS,
      requestHandler: {
        connectionTimeout: CONNECT_MS,
        socketTimeout: this.#tuning.patience ?? PATIENCE_MS,
        httpAgent: { maxSockets: SOCKETS },
        httpsAgent: { maxSockets: SOCKETS },
      },
    };
    return { sdk, client: new sdk.S3Client(options) };
  }
}

/** What it is, those who name it know; nothing is to be shown by a browser. */
const ContentType = 'application/octet-stream';

const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('base64');

/** What an error of the SDK has to say, which is not always of its own class. */
interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  /** There once a server has answered, however unlike S3. */
  readonly $response?: unknown;
}

type Request<T> = (opened: { readonly sdk: Sdk; readonly client: S3Client }) => Promise<T>;

const isNotFound = (error: unknown): boolean => {
  const { name, $metadata } = (error ?? {}) as Failure;
  return $metadata?.httpStatusCode === 404 && name !== 'NoSuchBucket';
};

/** What answers at an address is no S3-compatible storage. */
export const notS3 = (address: string, cause?: unknown): LpxError =>
  new LpxError('LPX_S3_REFUSED', { address, reason: 'notS3' }, { cause });

const KEYS_WRONG: ReadonlySet<string> = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'ExpiredToken']);

/**
 * Turns an error of the SDK into ours: LPX_S3_CREDENTIALS, LPX_S3_BUCKET, LPX_S3_REFUSED, LPX_S3_UNREACHABLE. Any other
 * error passes through.
 */
function s3Error(error: unknown, { bucket, address }: { readonly bucket: string; readonly address: string }): unknown {
  const { name = '', code = '', message = '', $metadata } = error as Failure;
  const cause = { cause: error };
  const refused = (reason: string) => new LpxError('LPX_S3_REFUSED', { address, reason }, cause);
  const unreachable = (reason: string) => new LpxError('LPX_S3_UNREACHABLE', { address, reason }, cause);
  if (/^(?:Credentials|Token)ProviderError$/.test(name)) return new LpxError('LPX_S3_CREDENTIALS', {}, cause);
  if (name === 'NoSuchBucket') return new LpxError('LPX_S3_BUCKET', { bucket }, cause);
  const status = $metadata?.httpStatusCode;
  if (status === undefined) {
    if (/region is missing/i.test(message)) return refused('noRegion');
    if (/CERT|SIGNATURE|^ERR_(?:TLS|SSL)/.test(code)) return refused('certificate');
    if (/Timeout|^AbortError$/.test(name) || code === 'ETIMEDOUT') return unreachable('noAnswer');
    if (/^HPE_/.test(code) || '$response' in (error as Failure)) return notS3(address, error);
    return /^E[A-Z_]+$/.test(code) ? unreachable(code) : error;
  }
  if (status === 429 || status === 503) return unreachable('serverBusy');
  if (status === 408 || status >= 500) return unreachable('serverFails');
  if (status === 401 || status === 403) return refused(KEYS_WRONG.has(name) ? 'keysWrong' : 'denied');
  if (status === 301 || name === 'AuthorizationHeaderMalformed') return refused('otherRegion');
  return notS3(address, error);
}
