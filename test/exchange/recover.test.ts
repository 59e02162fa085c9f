import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeCp950 } from '#lpx/encoding.js';
import { backupStore } from '#lpx/exchange/backup.js';
import { writeStudentFiles } from '#lpx/exchange/files.js';
import { type RecoverRequest, recoverFiles } from '#lpx/exchange/recover.js';
import { withStore } from '#lpx/exchange/school-store.js';
import { readIdentities } from '#lpx/io/age.js';
import { classOf } from '../support/batches.js';
import { contentsOf, holdsExactly, plainZip, wipe, writeHeap } from '../support/heaps.js';
import { exportFrom, importTo, NOW, OPERATOR, PASSWORD, school, studentIn, TRANSFER_STUDENT, transferSchool } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { rawZip } from '../support/zips.js';

const recover = (store: string, paths: readonly string[], request: Partial<RecoverRequest> = {}) =>
  withStore(store, (open) => recoverFiles(open, { paths, passwords: [], dryRun: false, now: NOW, operator: OPERATOR, ...request }));

const RECORD_TABLES = ['students', 'own_records', 'received_records', 'former_records', 'picks', 'attachments'] as const;

/** Students of the heap: 30 in every run, 1,000 in `npm run soak`. */
const STUDENTS = Number(process.env.LPX_HEAP_STUDENTS ?? 30);

/** The transfer sample's school, with nothing left in its vault, and what was in it. */
async function wiped(folder: string) {
  const store = await transferSchool(folder);
  const contents = await contentsOf(store);
  wipe(store);
  return { store, contents, hashes: [...contents.keys()] };
}

describe('recovery from a heap', () => {
  it('brings back every file that is in a mixed heap, none wrong, and changes no record', async () => {
    const folder = tempFolder();
    const { store } = await classOf(folder, STUDENTS);
    const contents = await contentsOf(store);
    const digests = () =>
      withStore(store, (open) => open.readRows((rows) => Promise.all(RECORD_TABLES.map((table) => rows.digestOf(table)))));
    const before = await digests();
    const heap = join(folder, 'heap');
    const [, ...inHeap] = [...contents];
    writeHeap(
      heap,
      inHeap.map(([, content]) => content),
    );
    wipe(store);

    const result = await recover(store, [heap]);
    expect([result.contents, result.missing.length > 0]).toEqual([inHeap.length, true]);
    expect(
      await holdsExactly(
        store,
        inHeap.map(([sha256]) => sha256),
      ),
    ).toBe(true);
    expect(await digests()).toEqual(before);
    expect(await recover(store, [heap])).toMatchObject({ contents: 0, lacking: 1, historyId: 0 });
  });

  it('refuses a path that is not there, also where nothing is lacking', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    await expect(recover(store, [folder, join(folder, 'mistyped')])).rejects.toMatchObject({
      code: 'LPX_FILE_NOT_FOUND',
      place: { file: join(folder, 'mistyped') },
    });
  });

  it('changes nothing in a dry run, and says what would come back from where', async () => {
    const folder = tempFolder();
    const { store, contents } = await wiped(folder);
    writeHeap(join(folder, 'heap'), [...contents.values()]);
    const result = await recover(store, [join(folder, 'heap')], { dryRun: true });
    expect([result.contents, result.missing, result.historyId]).toEqual([contents.size, [], 0]);
    expect(result.recovered.every(({ from, state }) => from.startsWith(join(folder, 'heap')) && state === 'lost')).toBe(true);
    expect(await holdsExactly(store, [])).toBe(true);
  });

  it('replaces a broken file, and names the student and the record of one that no copy is found of', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const contents = [...(await contentsOf(store))];
    const [[broken, bytes], [lost]] = contents as [[string, Buffer], [string, Buffer]];
    await withStore(store, async ({ attachments }) => {
      writeFileSync(attachments.locationOf(broken), Buffer.alloc(bytes.length));
      rmSync(attachments.locationOf(lost));
    });
    mkdirSync(join(folder, 'heap'));
    writeFileSync(join(folder, 'heap', 'x'), bytes);
    const { recovered, missing } = await recover(store, [join(folder, 'heap')]);
    expect([...new Set(recovered.map(({ sha256, state }) => `${sha256} ${state}`))]).toEqual([`${broken} broken`]);
    expect(missing.every(({ sha256, state }) => sha256 === lost && state === 'lost')).toBe(true);
    expect(missing[0]?.place).toMatchObject({
      student: TRANSFER_STUDENT,
      name: '林小禾',
      ref: expect.stringMatching(/^O\d+$/),
      title: expect.stringMatching(/./),
    });
  });

  it('finds files in a package and in the other school’s, with one of several passwords, and names those that stay locked', async () => {
    const folder = tempFolder();
    const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
    const there = await school(folder, '990002');
    await importTo(there, zipFile);
    const hashes = [...(await contentsOf(there)).keys()];
    wipe(there);
    const locked = await recover(there, [join(folder, 'mail')], { passwords: [Buffer.from('another one')] });
    expect([locked.contents, locked.heap?.locked]).toEqual([0, [zipFile]]);
    copyFileSync(zipFile, join(folder, 'mail', 'without a name'));
    rmSync(zipFile);
    await recover(there, [join(folder, 'mail')], { passwords: [Buffer.from('another one'), PASSWORD] });
    expect(await holdsExactly(there, hashes)).toBe(true);
  });

  it('tries the passwords of a table on packages of any name', async () => {
    const folder = tempFolder();
    const { zipFile } = await exportFrom(await transferSchool(folder), join(folder, 'mail'));
    const there = await school(folder, '990002');
    await importTo(there, zipFile);
    wipe(there);
    copyFileSync(zipFile, join(folder, 'renamed.zip'));
    writeFileSync(join(folder, 'passwords.csv'), `檔名,密碼\nelse.zip,wrong-one-1\nother.zip,${PASSWORD}\n`);
    const { missing } = await recover(there, [join(folder, 'renamed.zip')], { passwordTable: join(folder, 'passwords.csv') });
    expect(missing).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')(
    'finds files under names that are not UTF-8, and shows them by Big5 or with escapes',
    async () => {
      const folder = tempFolder();
      const { store, contents } = await wiped(folder);
      const [first, second, ...others] = [...contents.values()] as [Buffer, Buffer, ...Buffer[]];
      const heap = join(folder, 'heap');
      const bytesOf = (...parts: readonly (string | Buffer)[]) => Buffer.concat([`${heap}/`, ...parts].map((part) => Buffer.from(part)));
      const big5 = encodeCp950('歷程檔案') as Buffer;
      mkdirSync(heap);
      mkdirSync(bytesOf(big5));
      writeFileSync(bytesOf(big5, '/', big5, '.pdf'), first);
      writeFileSync(bytesOf(Buffer.from([0xff, 0xfe]), '.pdf'), second);
      const zipped = others.map((content, i) => ({
        name: Buffer.concat([big5, Buffer.from(`${i}.pdf`)]),
        content,
        plain: true,
        record: { flags: 0 },
      }));
      writeFileSync(bytesOf(big5, '.zip'), rawZip(zipped, Buffer.alloc(0)));
      const { recovered, missing, heap: report } = await recover(store, [heap]);
      expect([missing, report?.unread]).toEqual([[], []]);
      expect(await holdsExactly(store, contents.keys())).toBe(true);
      const from = new Set(recovered.map((file) => file.from.slice(heap.length + 1)));
      expect(from).toEqual(
        new Set(['歷程檔案/歷程檔案.pdf', '\\xff\\xfe.pdf', ...others.map((_, i) => `歷程檔案.zip » 歷程檔案${i}.pdf`)]),
      );
    },
  );

  it('finds files in another store’s attachments', async () => {
    const folder = tempFolder();
    const { store, hashes } = await wiped(folder);
    const twin = await transferSchool(join(folder, 'twin'));
    await recover(store, [twin]);
    expect(await holdsExactly(store, hashes)).toBe(true);
  });

  it.each([false, true])('finds files in a backup (encrypted: %s), whose objects are the store’s own', async (isEncrypted) => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const hashes = [...(await contentsOf(store)).keys()];
    const backup = join(folder, 'backup');
    const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
    const key = await generateX25519Identity();
    writeFileSync(join(folder, 'identity'), `${key}\n`);
    const recipients = isEncrypted ? [await identityToRecipient(key)] : [];
    await withStore(store, (open) =>
      backupStore(open, { folder: backup, recipients, identities: undefined, keep: undefined, now: NOW, operator: OPERATOR }),
    );
    wipe(store);
    if (isEncrypted) expect((await recover(store, [backup])).heap).toMatchObject({ sealed: [backup], locked: [] });
    await recover(store, [backup], { identities: await readIdentities([join(folder, 'identity')]) });
    expect(await holdsExactly(store, hashes)).toBe(true);
  });

  it('finds the files of a student’s own copy with a manifest, renamed as they may be', async () => {
    const folder = tempFolder();
    const store = await transferSchool(folder);
    const hashes = [...(await contentsOf(store)).keys()];
    const listing = () => ({ name: 'list.csv', content: Buffer.from('') });
    const request = {
      who: TRANSFER_STUDENT,
      picked: false,
      manifest: true,
      outFolder: join(folder, 'copy'),
      listing,
      now: NOW,
      operator: OPERATOR,
    };
    const copy = await withStore(store, (open) => writeStudentFiles(open, request));
    expect(execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS.txt'], { cwd: copy.folder }).toString()).toBe('');
    const manifest = readFileSync(join(copy.folder, 'manifest.json'), 'utf8');
    expect(manifest).not.toContain(TRANSFER_STUDENT);
    expect(JSON.parse(manifest)).toMatchObject({
      lpxManifest: 1,
      school: { code: '990001' },
      student: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    for (const [i, { path }] of copy.files.entries()) renameSync(join(copy.folder, path), join(copy.folder, `IMG_${i}`));
    wipe(store);
    expect((await recover(store, [copy.folder])).missing).toEqual([]);
    expect(await holdsExactly(store, hashes)).toBe(true);
  });

  it('follows no link, waits for no pipe, and goes on past what cannot be read', async () => {
    const folder = tempFolder();
    const { store, contents } = await wiped(folder);
    const [heap, outside] = [join(folder, 'heap'), join(folder, 'outside')];
    writeHeap(outside, [...contents.values()]);
    mkdirSync(heap);
    symlinkSync(outside, join(heap, 'link'));
    execFileSync('mkfifo', [join(heap, 'pipe')]);
    writeFileSync(join(heap, 'broken.zip'), Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), Buffer.alloc(400)]));
    const { heap: seen, contents: found } = await recover(store, [heap]);
    expect([found, seen?.files, seen?.unread.map(({ from, error }) => [from, error.code])]).toEqual([
      0,
      1,
      [[join(heap, 'broken.zip'), expect.stringMatching(/^LPX_/)]],
    ]);
  });

  it('counts the files in ZIPs, and not the ZIPs', async () => {
    const folder = tempFolder();
    const { store } = await wiped(folder);
    const inner = plainZip({ 'a.pdf': Buffer.from('a'), 'b.pdf': Buffer.from('b') });
    mkdirSync(join(folder, 'heap'));
    writeFileSync(join(folder, 'heap', 'outer.zip'), plainZip({ '1.zip': inner, '2.zip': inner, '3.zip': Buffer.from('no ZIP') }));
    expect((await recover(store, [join(folder, 'heap')])).heap).toMatchObject({ files: 4, archives: 3 });
  });

  it('unpacks a ZIP in a ZIP only so deep', async () => {
    const folder = tempFolder();
    const { store, contents, hashes } = await wiped(folder);
    const nested = (depth: number, zip: Buffer): Buffer => (depth === 0 ? zip : nested(depth - 1, plainZip({ 'in.zip': zip })));
    const files = plainZip(Object.fromEntries([...contents.values()].map((content, i) => [`${i}`, content])));
    writeFileSync(join(folder, 'deep.zip'), nested(5, files));
    expect((await recover(store, [join(folder, 'deep.zip')])).contents).toBe(0);
    writeFileSync(join(folder, 'deep.zip'), nested(4, files));
    await recover(store, [join(folder, 'deep.zip')]);
    expect(await holdsExactly(store, hashes)).toBe(true);
  });

  it('is an entry of the history with the students whose files are back, and leaves no staged file', async () => {
    const folder = tempFolder();
    const { store, contents } = await wiped(folder);
    writeHeap(join(folder, 'heap'), [...contents.values()]);
    const { historyId, recovered } = await recover(store, [join(folder, 'heap')]);
    const [entry] = await withStore(store, (open) => open.history({ kinds: ['recover'] }));
    expect(entry).toMatchObject({
      id: historyId,
      file: 'heap',
      details: { files: contents.size, byMd5: 0, missing: 0 },
      students: [{ nationalId: TRANSFER_STUDENT, attachments: recovered.length }],
    });
    expect(readdirSync(join(store, 'attachments')).filter((name) => !/^[0-9a-f]{2}$/.test(name))).toEqual([]);
    expect(existsSync(join(folder, 'heap'))).toBe(true);
    expect((await studentIn(store, TRANSFER_STUDENT)).records.length).toBeGreaterThan(0);
  });
});
