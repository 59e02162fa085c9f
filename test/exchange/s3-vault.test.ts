import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListMultipartUploadsCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { accessFor } from '#lpx/store/access.js';
import { WorkArea } from '#lpx/store/processes/work-area.js';
import { S3Bucket, type S3Tuning } from '#lpx/store/vault/s3-bucket.js';
import { s3Location } from '#lpx/store/vault/s3-location.js';
import { S3Vault } from '#lpx/store/vault/s3-vault.js';
import { describeS3, S3_KEYS, S3_KEYS_OF_NOBODY } from '../support/s3.js';
import { tempFolder } from '../support/temp.js';

const shaOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const CONTENT = Buffer.from('content');
const SHA = shaOf(CONTENT);
/** More than a part, and no multiple of it. */
const LARGE = Buffer.alloc(250_000, 'x');
const PART = 100_000;

describeS3('a vault in a bucket', (server) => {
  let count = 0;

  const vaultAt = (url: string, area: string, tuning: S3Tuning = {}) =>
    new S3Vault(
      new S3Bucket(s3Location(url), { attempts: 1, patience: 5_000, ...tuning }),
      new WorkArea(area, 'staging-', { access: accessFor('') }),
    );
  /** A vault of this test's own, and its folder of work folders. */
  const newVault = (tuning?: S3Tuning) => {
    const [prefix, area] = [`prefix/${++count}`, join(tempFolder(), 'attachments')];
    return { vault: vaultAt(server.urlOf(prefix), area, tuning), prefix, area };
  };
  const stageIn = async (vault: S3Vault, contents: readonly Buffer[]) => {
    const staging = await vault.stage();
    const files = contents.map((content) => {
      const stagedAt = staging.nextPath();
      writeFileSync(stagedAt, content);
      return { sha256: shaOf(content), bytes: content.length, stagedAt };
    });
    return { staging, files };
  };
  const keep = async (vault: S3Vault, contents: readonly Buffer[]) => {
    const { staging, files } = await stageIn(vault, contents);
    await staging.secured(files);
    await staging.keepAll(files);
    staging.committed();
    await staging.discard();
  };
  const listed = async (vault: S3Vault) => {
    const held: string[] = [];
    for await (const { sha256, bytes } of vault.list()) held.push(`${sha256} ${bytes}`);
    return held.sort();
  };
  const uploadsUnder = async (prefix: string) =>
    (await server.client().send(new ListMultipartUploadsCommand({ Bucket: 'files', Prefix: prefix }))).Uploads ?? [];

  it('keeps contents, small and in parts, and gives each back whole', async () => {
    const { vault, area, prefix } = newVault({ partBytes: PART });
    const contents = [CONTENT, LARGE, Buffer.alloc(0), Buffer.alloc(PART, 'y')];
    await keep(vault, contents);
    expect(await listed(vault)).toEqual(contents.map((content) => `${shaOf(content)} ${content.length}`).sort());
    const out = tempFolder();
    for (const content of contents) {
      const sha256 = shaOf(content);
      await vault.copyTo(sha256, join(out, sha256), 'report.pdf');
      expect(readFileSync(join(out, sha256))).toEqual(content);
      expect(await vault.read(sha256)).toEqual(content);
      expect(await vault.check(sha256)).toBe('sound');
    }
    expect([readdirSync(area), await uploadsUnder(prefix)]).toEqual([[], []]);
  });

  it('finds what is lost and what has changed in the bucket, however it is read', async () => {
    const { vault, prefix } = newVault();
    await keep(vault, [CONTENT]);
    const lost = shaOf(Buffer.from('never there'));
    expect([...(await vault.lost([SHA, lost]))]).toEqual([lost]);
    const flipped = Buffer.from('conteNt');
    await server.client().send(new PutObjectCommand({ Bucket: 'files', Key: `${prefix}/${SHA.slice(0, 2)}/${SHA}`, Body: flipped }));
    const out = tempFolder();
    const work = await vault.workFolder();
    for (const [sha256, state, code] of [
      [SHA, 'broken', 'LPX_ATTACHMENT_BROKEN'],
      [lost, 'lost', 'LPX_ATTACHMENT_LOST'],
    ] as const) {
      const error = { code, facts: { file: `s3://files/${prefix}/${sha256.slice(0, 2)}/${sha256}`, entry: 'a.pdf' } };
      expect([await vault.check(sha256), await vault.read(sha256)]).toEqual([state, undefined]);
      await expect(vault.copyTo(sha256, join(out, code), 'a.pdf')).rejects.toMatchObject(error);
      await expect(vault.withLocal([{ sha256, path: 'a.pdf' }], work, async () => {})).rejects.toMatchObject(error);
    }
    await work.remove();
  });

  it('has contents as files on this computer for as long as they are read', async () => {
    const { vault } = newVault();
    await keep(vault, [CONTENT, LARGE]);
    const work = await vault.workFolder();
    const named = [CONTENT, LARGE, CONTENT].map((content, i) => ({ sha256: shaOf(content), path: `${i}.pdf` }));
    const seen = await vault.withLocal(named, work, async (pathOf) => {
      expect(readFileSync(pathOf(SHA))).toEqual(CONTENT);
      return [pathOf(SHA), pathOf(shaOf(LARGE))];
    });
    expect(seen.map((path) => existsSync(path))).toEqual([false, false]);
    await work.remove();
  });

  it('replaces a broken content by an intact one, and sends again what was removed before the change', async () => {
    const { vault, prefix } = newVault();
    await server.client().send(new PutObjectCommand({ Bucket: 'files', Key: `${prefix}/${SHA.slice(0, 2)}/${SHA}`, Body: 'broken!' }));
    const { staging, files } = await stageIn(vault, [CONTENT, LARGE]);
    await staging.secured(files);
    await vault.remove(shaOf(LARGE));
    await staging.keepAll(files);
    staging.committed();
    await staging.discard();
    expect([await vault.check(SHA), await vault.check(shaOf(LARGE))]).toEqual(['sound', 'sound']);
  });

  it('hands what was sent and not committed to the next sweep, uploads in parts among it', async () => {
    const { vault, area, prefix } = newVault({ partBytes: PART });
    const { staging, files } = await stageIn(vault, [CONTENT, LARGE]);
    await staging.secured(files);
    await staging.discard();
    const [left = ''] = readdirSync(area);
    expect(readdirSync(join(area, left)).sort()).toEqual(['in-use', 'sent']);
    const other = newVault({ partBytes: PART });
    const moved: string[] = [];
    const sweep = async () =>
      vaultAt(server.urlOf(prefix), area).sweep(async (some) => {
        moved.push(...some);
        for (const sha256 of some) await vault.remove(sha256);
      });
    await sweep();
    expect([moved.sort(), readdirSync(area), await listed(vault)]).toEqual([[SHA, shaOf(LARGE)].sort(), [], []]);
    await other.vault.sweep(async () => {});
  });

  it('takes back the parts of an upload that was cut short', async () => {
    const { vault, area, prefix } = newVault({ partBytes: PART });
    const { staging, files } = await stageIn(vault, [LARGE]);
    const [file] = files;
    writeFileSync(file?.stagedAt as string, LARGE.subarray(0, 150_000));
    await expect(staging.secured(files)).rejects.toMatchObject({ code: 'LPX_FILE_CHANGED' });
    await staging.discard();
    expect(await uploadsUnder(prefix)).toEqual([]);
    // As a killed process leaves it.
    const key = `${prefix}/${shaOf(LARGE).slice(0, 2)}/${shaOf(LARGE)}`;
    const bucket = new S3Bucket(s3Location(server.urlOf(prefix)), { partBytes: PART });
    let upload = '';
    const stuck = bucket.write(
      key,
      { bytes: LARGE.length, next: () => new Promise(() => {}), prove: () => {} },
      shaOf(LARGE),
      async (id) => {
        upload = id;
      },
    );
    stuck.catch(() => {});
    while (upload === '') await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await uploadsUnder(prefix)).length).toBe(1);
    mkdirSync(join(area, 'staging-dead'));
    writeFileSync(join(area, 'staging-dead', 'in-use'), '');
    writeFileSync(join(area, 'staging-dead', 'sent'), `${shaOf(LARGE)}\n${shaOf(LARGE)} ${upload}\n${'../'.repeat(20)} x\n`);
    await vault.sweep(async () => {});
    expect(await uploadsUnder(prefix)).toEqual([]);
  });

  it('says what is wrong with a bucket, its credentials, and its server', async () => {
    const area = tempFolder();
    const checked = (url: string, tuning?: S3Tuning) => vaultAt(url, area, tuning).check(SHA);
    await expect(checked(server.urlOf('', 'missing'))).rejects.toMatchObject({ code: 'LPX_S3_BUCKET', facts: { bucket: 'missing' } });
    await expect(checked('s3://files?endpoint=http://127.0.0.1:1&path-style')).rejects.toMatchObject({
      code: 'LPX_S3_UNREACHABLE',
      facts: { reason: 'ECONNREFUSED' },
    });
    const withKeys = async (keys: Readonly<Record<string, string>>) => {
      Object.assign(process.env, keys);
      const vault = vaultAt(server.urlOf(), area);
      const refused = await listed(vault).then(String, (error) => [error.code, error.facts.reason]);
      Object.assign(process.env, S3_KEYS);
      return refused;
    };
    expect(await withKeys({ AWS_SECRET_ACCESS_KEY: 'wrong' })).toEqual(['LPX_S3_REFUSED', 'keysWrong']);
    expect(await withKeys(S3_KEYS_OF_NOBODY)).toEqual(['LPX_S3_REFUSED', 'denied']);
    server.hold();
    const held = checked(server.urlOf(), { patience: 300 }).finally(() => server.release());
    await expect(held).rejects.toMatchObject({ code: 'LPX_S3_UNREACHABLE', facts: { reason: 'noAnswer' } });
  });

  it('keeps apart schools that share a bucket', async () => {
    const [one, other] = [newVault(), newVault()];
    await keep(one.vault, [CONTENT]);
    expect([await other.vault.check(SHA), await listed(other.vault)]).toEqual(['lost', []]);
    await other.vault.remove(SHA);
    expect(await one.vault.check(SHA)).toBe('sound');
    const keys = (await server.client().send(new ListObjectsV2Command({ Bucket: 'files', Prefix: `${one.prefix}/` }))).Contents;
    expect(keys?.map(({ Key }) => Key)).toEqual([`${one.prefix}/${SHA.slice(0, 2)}/${SHA}`]);
  });
});
