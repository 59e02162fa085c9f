/**
 * A server of S3-compatible storage for tests: OpenStack Swift, as Debian has it, all of its parts in one process, and what it keeps in a
 * folder of its own. `/etc/swift/swift.conf` is Debian's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll } from 'vitest';
import { freePort } from './free-port.js';
import { describeWith } from './tools.js';

/** Of a user who may do everything, and of one who may do nothing. */
export const S3_KEYS = { AWS_ACCESS_KEY_ID: 'test:tester', AWS_SECRET_ACCESS_KEY: 'testing', AWS_EC2_METADATA_DISABLED: 'true' } as const;
export const S3_KEYS_OF_NOBODY = { ...S3_KEYS, AWS_ACCESS_KEY_ID: 'test:reader', AWS_SECRET_ACCESS_KEY: 'reading' } as const;

const BUCKET = 'files';

const PARTS = ['account', 'container', 'object', 'proxy'] as const;
const PROGRAM = fileURLToPath(new URL('s3-server.py', import.meta.url));

export class S3Server {
  #folder = '';
  #ports: readonly number[] = [];
  #process: ChildProcess | undefined;

  /** Starts it, with a bucket. The environment has the keys of the user who may do everything from here on. */
  async start(): Promise<void> {
    this.#folder = mkdtempSync(join(tmpdir(), 'lpx-test-s3-'));
    mkdirSync(join(this.#folder, 'devices', 'd1'), { recursive: true });
    for (const part of PARTS) writeFileSync(join(this.#folder, `${part}.conf`), configurationOf(this.#folder, part));
    const ports = new Set<number>();
    while (ports.size < PARTS.length) ports.add(await freePort());
    this.#ports = [...ports];
    process.once('exit', () => this.#process?.kill('SIGKILL'));
    Object.assign(process.env, S3_KEYS);
    try {
      await this.resume();
      await this.client().send(new CreateBucketCommand({ Bucket: BUCKET }));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#ports.at(-1)}`;
  }

  /** The URL of its bucket, or of another one, for `lpx init --attachments`. */
  urlOf(prefix = '', bucket = BUCKET): string {
    return `s3://${bucket}/${prefix}?endpoint=${this.endpoint}&region=us-east-1&path-style`;
  }

  client(): S3Client {
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
    return new S3Client({
      endpoint: this.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: S3_KEYS.AWS_ACCESS_KEY_ID, secretAccessKey: S3_KEYS.AWS_SECRET_ACCESS_KEY },
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
  }

  /** From here on nobody answers, until `release`. */
  hold(): void {
    this.#process?.kill('SIGSTOP');
  }

  release(): void {
    this.#process?.kill('SIGCONT');
  }

  /** As a power cut ends it: it keeps what it has confirmed. */
  async kill(): Promise<void> {
    const ended = this.#process && once(this.#process, 'exit');
    this.#process?.kill('SIGKILL');
    await ended;
    this.#process = undefined;
  }

  /** Runs it, again after `kill`, and waits until it answers. */
  async resume(): Promise<void> {
    const log = openSync(join(this.#folder, 'log'), 'a');
    const server = spawn('/usr/bin/python3', [PROGRAM, this.#folder, ...this.#ports.map(String)], { stdio: ['ignore', 'pipe', log] });
    closeSync(log);
    this.#process = server;
    const [said] = await Promise.race([once(server.stdout as Readable, 'data'), once(server, 'exit')]);
    if (!(said instanceof Buffer)) throw new Error(`the S3 server does not start: ${readFileSync(join(this.#folder, 'log'), 'utf8')}`);
  }

  async stop(): Promise<void> {
    await this.kill();
    if (this.#folder !== '') rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A group of tests with a server, which runs as long as they do. Where tools are required, it fails without. */
export function describeS3(name: string, tests: (server: S3Server) => void): void {
  describeWith(['swift'], name, () => {
    const server = new S3Server();
    beforeAll(() => server.start());
    afterAll(() => server.stop());
    tests(server);
  });
}

const PROXY = `catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth copy slo versioned_writes`;

function configurationOf(folder: string, part: (typeof PARTS)[number]): string {
  const common = `[DEFAULT]
devices = ${join(folder, 'devices')}
swift_dir = ${folder}
mount_check = false
log_level = ERROR
`;
  if (part !== 'proxy') return `${common}[pipeline:main]\npipeline = ${part}-server\n[app:${part}-server]\nuse = egg:swift#${part}\n`;
  const filters = PROXY.split(' ').map(
    (name) => `[filter:${name}]\nuse = egg:swift#${name === 'cache' ? 'memcache' : name}\n${OPTIONS[name] ?? ''}`,
  );
  return `${common}[pipeline:main]\npipeline = ${PROXY} proxy-server\n[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n${filters.join('')}`;
}

/** Nothing answers at that address: it does without a cache. */
const OPTIONS: Readonly<Record<string, string>> = {
  cache: 'memcache_servers = 127.0.0.1:1\n',
  s3api: 'location = us-east-1\nmin_segment_size = 1\n',
  tempauth: 'user_test_tester = testing .admin\nuser_test_reader = reading\n',
};
