/** Heaps of files as they come in after a loss: students' own copies renamed, zipped, doubled, with others' files among them. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withStore } from '#lpx/exchange/school-store.js';
import { rawZip } from './zips.js';

/** The contents of a store's vault, by SHA-256. */
export async function contentsOf(store: string): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  await withStore(store, async ({ attachments }) => {
    for await (const { sha256 } of attachments.list()) {
      const content = await attachments.read(sha256);
      if (content) contents.set(sha256, content);
    }
  });
  return contents;
}

/** Takes everything out of a store's vault, as a disk does that is gone. */
export function wipe(store: string): void {
  const folder = join(store, 'attachments');
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
}

/** An unencrypted ZIP, as students make one. */
export const plainZip = (files: Readonly<Record<string, Buffer>>): Buffer =>
  rawZip(
    Object.entries(files).map(([name, content]) => ({ name, content, plain: true })),
    Buffer.alloc(0),
  );

/** Numbers that are the same in every run. */
export function repeatableNumbers(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x7fff_ffff;
  };
}

export interface MixedHeap {
  readonly files: number;
  readonly bytes: number;
  readonly aliens: number;
}

/**
 * Writes contents as a mixed heap: under names of all kinds, in folders, a third of them in ZIPs and ZIPs in ZIPs, a third of them
 * twice, and so many files of others that they are 30 % of all; some of those have the size of a content.
 */
export function writeHeap(folder: string, contents: readonly Buffer[]): MixedHeap {
  const random = repeatableNumbers();
  const names = ['掃描', 'IMG_', '報告 (最終版)', 'Copy of ', 'download', '未命名', 'a'];
  const nameOf = (i: number) => `${names[i % names.length]}${i}${['.pdf', '', '.bak', '.PDF', ' (1).pdf'][i % 5]}`;
  const placed: { readonly path: string; readonly content: Buffer }[] = [];
  const zipped: Buffer[] = [];
  const place = (content: Buffer) => {
    const i = placed.length;
    placed.push({ path: join('學生', String(i % 13), i % 4 === 0 ? '備份/舊' : '.', nameOf(i)), content });
  };
  for (const content of contents) {
    if (random() < 1 / 3) zipped.push(content);
    else place(content);
    if (random() < 1 / 3) place(content);
  }
  const aliens = Math.round((3 / 7) * (placed.length + zipped.length));
  for (let i = 0; i < aliens; i++) {
    const like = contents[Math.floor(random() * contents.length)] as Buffer;
    const bytes = i % 3 === 0 ? like.length : like.length + 1 + i;
    const alien = Buffer.alloc(bytes, `alien ${i} `);
    if (i % 2 === 0) place(alien);
    else zipped.push(alien);
  }
  for (let i = 0; i * 20 < zipped.length; i++) {
    const some = Object.fromEntries(zipped.slice(i * 20, (i + 1) * 20).map((content, j) => [`f/${nameOf(j)}`, content]));
    const zip = plainZip(some);
    placed.push({ path: join('壓縮', `${i}${i % 3 === 0 ? '.zip' : '.bin'}`), content: i % 2 === 0 ? zip : plainZip({ 'in.zip': zip }) });
  }
  for (const { path, content } of placed) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return { files: placed.length, bytes: placed.reduce((sum, { content }) => sum + content.length, 0), aliens };
}

/** Whether a store's vault has exactly these contents, each the one of its hash. */
export async function holdsExactly(store: string, hashes: Iterable<string>): Promise<boolean> {
  const wanted = new Set(hashes);
  return withStore(store, async ({ attachments }) => {
    let held = 0;
    for await (const { sha256 } of attachments.list()) {
      if (!wanted.has(sha256) || (await attachments.check(sha256)) !== 'sound') return false;
      held++;
    }
    return held === wanted.size;
  });
}

/** The bytes of the attachments of a store, to be seen as they are. */
export const heldFile = (store: string, sha256: string): Buffer => readFileSync(join(store, 'attachments', sha256.slice(0, 2), sha256));
