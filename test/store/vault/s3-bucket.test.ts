import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createPlainServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { LpxError } from '#lpx/errors.js';
import { accessFor } from '#lpx/store/access.js';
import { WorkArea } from '#lpx/store/processes/work-area.js';
import { S3Bucket, type S3Tuning } from '#lpx/store/vault/s3-bucket.js';
import { s3Location } from '#lpx/store/vault/s3-location.js';
import { S3Vault } from '#lpx/store/vault/s3-vault.js';
import { S3_KEYS } from '../../support/s3.js';
import { tempFolder } from '../../support/temp.js';

/** A bucket of a server. */
async function bucketAt(server: Server, tuning: S3Tuning): Promise<S3Bucket> {
  Object.assign(process.env, S3_KEYS);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const bucket = new S3Bucket(s3Location(`s3://files/p?endpoint=http://127.0.0.1:${port}&path-style`), tuning);
  onTestFinished(() => bucket.close());
  return bucket;
}

/** What `init` finds when it tries a server. */
async function probed(server: Server): Promise<string> {
  const bucket = await bucketAt(server, { attempts: 1, patience: 2_000 });
  const vault = new S3Vault(bucket, new WorkArea(join(tempFolder(), 'attachments'), 'staging-', { access: accessFor('') }));
  try {
    await vault.probe();
    return 'taken';
  } catch (error) {
    if (!(error instanceof LpxError)) throw error;
    return `${error.code} ${error.facts.reason}`;
  }
}

/** A server that puts and deletes whatever it is asked to, and answers all else so. */
const answering = (answer: RequestListener): Server =>
  createServer((request, response) => {
    request.resume();
    if (request.method === 'GET') answer(request, response);
    else response.writeHead(request.method === 'PUT' ? 200 : 204).end();
  });

const LISTING = `<?xml version="1.0"?><ListBucketResult><Name>files</Name><IsTruncated>TOKEN</ListBucketResult>`;
const listing = (more: string) => LISTING.replace('TOKEN', more);
const WHOLE = listing('false</IsTruncated>');
const isListing = (url = '') => url.includes('list-type=2');

it.each<[string, () => Server]>([
  ['knows no bucket', () => createServer((request, response) => void request.resume().on('end', () => response.writeHead(404).end()))],
  ['does not speak HTTP', () => createPlainServer((socket) => void socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n'))],
  ['says a page of login', () => answering((_, response) => void response.writeHead(200).end('<html>Log in</html>'))],
  [
    'gives nothing back of what was put there',
    () => answering(({ url }, response) => void (isListing(url) ? response.end(WHOLE) : response.writeHead(204).end())),
  ],
  [
    'lists the same page for ever',
    () =>
      answering(({ url }, response) =>
        isListing(url)
          ? void response.end(listing('true</IsTruncated><NextContinuationToken>t</NextContinuationToken>'))
          : void response.end('lpx'),
      ),
  ],
])('a server that %s is no storage for attachments', async (_, server) => {
  expect(await probed(server())).toBe('LPX_S3_REFUSED notS3');
});

it('a server that does what lpx needs is taken', async () => {
  expect(await probed(answering(({ url }, response) => void response.end(isListing(url) ? WHOLE : 'lpx')))).toBe('taken');
});

it('does not wait again for a server that leaves unanswered what others wait for', async () => {
  const asked: string[] = [];
  const server = createServer(({ method = '' }) => void asked.push(method));
  const bucket = await bucketAt(server, { patience: 300 });
  const noAnswer = { code: 'LPX_S3_UNREACHABLE', facts: { reason: 'noAnswer' } };
  await expect(bucket.remove('p/a')).rejects.toMatchObject(noAnswer);
  await expect(bucket.sizeOf('p/a', bucket.brief())).rejects.toMatchObject(noAnswer);
  await expect(bucket.abort('p/a', 'upload')).rejects.toMatchObject(noAnswer);
  expect(asked).toEqual(['DELETE', 'HEAD', 'DELETE']);
  server.closeAllConnections();
});
