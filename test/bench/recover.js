/**
 * `lpx recover` of a heap against `sha256sum` of the same heap, in pairs, either of them first by turns: a vault of so many students is
 * wiped, and its files lie in a heap, renamed, zipped, doubled, with 30 % of others' among them. All of it is in the page cache. A file
 * has about so many bytes; every 40th has 4 MB, and every 400th 10 MB. `node test/bench/recover.js [students] [bytes]`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';

const LPX = fileURLToPath(new URL('../../bin/lpx.js', import.meta.url));
const [students, bytes] = [Number(process.argv[2] ?? 1000), Number(process.argv[3] ?? 100_000)];
const FILES_EACH = 6;
const PAIRS = 5;

const folder = mkdtempSync(join(tmpdir(), 'lpx-bench-'));
const [store, platform, heap] = ['store', 'platform', 'heap'].map((name) => join(folder, name));
const lpx = (...words) => execFileSync(process.execPath, [LPX, '--store', store, '--json', ...words], { maxBuffer: 1 << 30 });

const sizeOf = (n) => (n % 400 === 7 ? 10e6 : n % 40 === 3 ? 4e6 : Math.round(bytes * (0.5 + Math.random())));

/** Made-up ids of the series A8 that pass the checksum. */
function nationalIds(count) {
  const ids = [];
  for (let n = 0; ids.length < count; n++) {
    const digits = [1, 0, 8, ...String(n).padStart(8, '0')].map(Number);
    const weights = [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1];
    if (digits.reduce((sum, digit, i) => sum + digit * weights[i], 0) % 10 === 0) ids.push(`A${digits.slice(2).join('')}`);
  }
  return ids;
}

/** A ZIP without compression, as students make one of PDFs. */
function zip(files) {
  const [parts, directory] = [[], []];
  let offset = 0;
  for (const [name, content] of files) {
    const path = Buffer.from(name);
    const header = Buffer.alloc(26);
    header.writeUInt16LE(20, 0);
    header.writeUInt16LE(0x800, 2);
    header.writeUInt32LE(crc32(content), 10);
    header.writeUInt32LE(content.length, 14);
    header.writeUInt32LE(content.length, 18);
    header.writeUInt16LE(path.length, 22);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), header, rest, path);
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), header, path, content);
    offset += 30 + path.length + content.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listed, end]);
}

function makeStore() {
  lpx('init', '--school', '990001');
  const sample = JSON.parse(
    readFileSync(fileURLToPath(new URL('../../samples/transfer/990001_2021_01_21_09_00_00.json', import.meta.url)), 'utf8'),
  )[0];
  const [course] = sample.課程學習成果紀錄.filter((record) => record.認證狀態 === '1');
  mkdirSync(join(platform, 'files'), { recursive: true });
  const md5s = [];
  const document = nationalIds(students).map((id, s) => {
    const basic = { ...sample.基本資料, '國民身分證統一編號(或居留證統一證號)': id, 擔任學校幹部經歷紀錄: [] };
    const results = Array.from({ length: FILES_EACH }, (_, i) => {
      const content = Buffer.concat([Buffer.from('%PDF-1.4\n'), randomBytes(sizeOf(s * FILES_EACH + i))]);
      const link = `files/${s}-${i}.pdf`;
      writeFileSync(join(platform, link), content);
      const md5 = execMd5(content);
      md5s.push(md5);
      const made = `2021-01-${String(10 + i)} 14:03:22`;
      return {
        ...course,
        '國民身分證統一編號(或居留證統一證號)': id,
        課程學習成果文件檔案連結: link,
        文件檔案MD5: md5,
        建立日期及時間: made,
      };
    });
    const none = Object.fromEntries(Object.keys(sample.多元表現).map((list) => [list, []]));
    return { ...sample, 基本資料: basic, 課程學習成果紀錄: results, 多元表現: none };
  });
  writeFileSync(join(platform, 'handover.json'), JSON.stringify(document));
  lpx('load', platform);
}

function makeHeap() {
  const files = readdirSync(join(platform, 'files'));
  let [count, total] = [0, 0];
  const put = (content, name = `IMG_${count}.bak`) => {
    mkdirSync(join(heap, String(count % 50)), { recursive: true });
    writeFileSync(join(heap, String(count % 50), name), content);
    count++;
    total += content.length;
  };
  let zipped = [];
  for (const [i, name] of files.entries()) {
    const content = readFileSync(join(platform, 'files', name));
    if (i % 3 === 0) zipped.push([`f/${i}.pdf`, content]);
    else put(content);
    if (i % 6 === 1) put(content);
    if (i % 7 < 3) put(randomBytes(sizeOf(i + 1)));
    if (zipped.length === 50) {
      put(zip(zipped), `${count}.zip`);
      zipped = [];
    }
  }
  if (zipped.length > 0) put(zip(zipped), `${count}.zip`);
  return { count, total };
}

/** Seconds on the clock, and of the processors. */
function timed(command, args) {
  const times = join(folder, 'times');
  const { status, stdout } = spawnSync('bash', ['-c', 'TIMEFORMAT="%R %U %S"; { time "$@" 2>&3; } 3>&2 2>"$0"', times, command, ...args], {
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`${command}: exit code ${status}`);
  const [wall, user, system] = readFileSync(times, 'utf8').trim().split(' ').map(Number);
  return { wall, cpu: user + system, stdout };
}

function wipe(n) {
  // Moved, not removed: ext4 takes no inode that was freed within the last minutes, and looks past each of them for every new file.
  renameSync(join(store, 'attachments'), join(folder, `gone-${n}`));
  mkdirSync(join(store, 'attachments'));
}

const RUNS = {
  sha256sum: () => timed('sh', ['-c', 'find "$0" -type f -print0 | xargs -0 sha256sum >/dev/null', heap]),
  recover: (pair) => {
    wipe(pair);
    const { stdout, ...times } = timed(process.execPath, [LPX, '--store', store, '--json', 'recover', heap]);
    const { contents, missing } = JSON.parse(stdout);
    if (contents !== students * FILES_EACH || missing.length > 0) throw new Error(`only ${contents} are back`);
    return times;
  },
};

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const shown = (all) => all.map((value) => value.toFixed(2).padStart(6)).join(' ');

const { createHash } = await import('node:crypto');
const execMd5 = (content) => createHash('md5').update(content).digest('hex');
try {
  makeStore();
  const { count, total } = makeHeap();
  console.log(`${students} students, ${count} files in the heap, ${(total / 1e6).toFixed(0)} MB, load ${loadavg()[0].toFixed(1)}`);
  const pairs = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const times = {};
    for (const name of pair % 2 === 0 ? ['sha256sum', 'recover'] : ['recover', 'sha256sum']) times[name] = RUNS[name](pair);
    pairs.push(times);
  }
  for (const name of Object.keys(RUNS)) {
    const of = pairs.map((pair) => pair[name]);
    console.log(`${name.padEnd(10)} wall ${shown(of.map(({ wall }) => wall))} s   cpu ${shown(of.map(({ cpu }) => cpu))} s`);
  }
  for (const what of ['wall', 'cpu']) {
    const ratios = pairs.map(({ recover, sha256sum }) => recover[what] / sha256sum[what]);
    console.log(`${what.padEnd(10)} recover / sha256sum: ${shown(ratios)}, median ${median(ratios).toFixed(2)}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
