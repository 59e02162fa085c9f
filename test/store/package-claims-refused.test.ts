import type fs from 'node:fs';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { packageBaseName } from '#lpx/package/layout.js';
import { filesOf, type PackageClaim } from '#lpx/store/package-claims.js';
import { createStore, openStore } from '#lpx/store/sqlite/open.js';
import { md5 } from '../support/schools.js';
import { smallPortfolio } from '../support/small-portfolio.js';
import { tempFolder } from '../support/temp.js';

/** What the system answers to a link; nothing for as it is. */
const answer = vi.hoisted(() => ({ code: '' }));
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const linkSync: typeof fs.linkSync = (from, to) => {
    if (answer.code !== '') throw Object.assign(new Error(answer.code), { code: answer.code, syscall: 'link' });
    real.linkSync(from, to);
  };
  return { ...real, linkSync };
});
afterEach(() => {
  answer.code = '';
});

const ZIP = Buffer.from('content of a ZIP');
const DIGESTS = { bytes: ZIP.length, md5: md5(ZIP), contentsDigest: 'b'.repeat(64) };

/** Two packages of one export, with its password, as a process leaves them that died before it published them. */
async function left({ secondPart = true } = {}) {
  const folder = tempFolder();
  const mail = join(folder, 'mail');
  mkdirSync(mail);
  const store = await createStore(join(folder, 'store'), { code: '990001', name: '' });
  const work = await store.attachments.workFolder();
  const claims: PackageClaim[] = [];
  for (const [i, nationalId] of ['A800000014', 'B800000015'].entries()) {
    const { id } = await store.change(async (change) => ({
      keep: true,
      result: await change.addStudent({ ...smallPortfolio().basicData, nationalId }, {}),
    }));
    const claim = await store.claims.claim({
      nameAt: (moment) => packageBaseName('990001', moment),
      now: new Date('2021-01-21T09:00:30+08:00'),
      work,
      outFolder: mail,
      passwordFile: i === 0 ? join(mail, 'pw.txt') : undefined,
      entry: { school: '', reason: 'transfer', terms: '', left: '2021-01-21', overridden: '', operator: 'clerk' },
      students: [{ id, counts: { courseResults: 1, multiPerformances: 0, attachments: 0 }, contentsDigest: '' }],
    });
    claims.push(claim as PackageClaim);
  }
  for (const claim of claims) {
    for (const { part } of filesOf(claim)) writeFileSync(part, ZIP);
    writeFileSync(claim.signature.part, `${md5(ZIP)}  ${claim.name}.zip`);
  }
  await store.claims.written((secondPart ? claims : claims.slice(0, 1)).map((claim) => ({ claim, digests: DIGESTS })));
  work.leave();
  await store.close();
  const sweep = async () => {
    const open = await openStore(store.folder);
    const exports = (await open.history()).filter(({ kind }) => kind === 'export').length;
    await open.close();
    return { exports, files: readdirSync(mail).length };
  };
  return { mail, claims, sweep };
}

it.each(['EROFS', 'EIO', 'ENOSPC', 'EACCES'])('an export whose names cannot be given for now (%s) waits until they can', async (code) => {
  const { mail, claims, sweep } = await left();
  answer.code = code;
  expect(await sweep()).toEqual({ exports: 0, files: 5 });
  answer.code = '';
  expect(await sweep()).toEqual({ exports: 2, files: 5 });
  expect(readdirSync(mail).sort()).toEqual([...claims.flatMap(({ name }) => [`${name}.zip`, `${name}.zip.md5`]), 'pw.txt'].sort());
});

it('packages of one export are finished together: none without the one that has the password', async () => {
  const { mail, claims, sweep } = await left();
  writeFileSync(claims[0]?.zip.file as string, 'another program’s');
  expect(await sweep()).toEqual({ exports: 0, files: 1 });
  expect(readdirSync(mail)).toEqual([`${claims[0]?.name}.zip`]);
});

it('of an export that died before its last package was written, nothing is left', async () => {
  const { sweep } = await left({ secondPart: false });
  expect(await sweep()).toEqual({ exports: 0, files: 0 });
});
