/** `lpx demo`: the whole exchange between two made-up schools, shown step by step in a temporary folder. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join, relative } from 'node:path';
import { type Finding, LpxError } from '../../errors.js';
import { type ExportedPackage, exportPackages } from '../../exchange/export.js';
import { importPackage } from '../../exchange/import.js';
import { loadFolder } from '../../exchange/load.js';
import { initStore, withStore } from '../../exchange/school-store.js';
import { listPackage, showStudent } from '../../exchange/show.js';
import { verifyPackage } from '../../exchange/verify.js';
import { withTemporary } from '../../io/temporary.js';
import { fill } from '../../messages/messages.js';
import type { Context, Outcome } from '../context.js';
import { generatePassword } from '../passwords.js';
import { findingOutput, findingText } from '../render/findings.js';
import { reportLines } from '../render/report.js';
import { columns } from '../render/text.js';

const STUDENT = 'A800000014';
const FROM = { code: '990001', name: '示範高中' };
/** The last day at the old school, within the sample's school year. */
const LEFT = '2021-01-22';
const TO = { code: '990002', name: '樣本高工' };

export async function demo(context: Context): Promise<Outcome> {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'lpx-demo-'));
  const outcome = await withTemporary([folder], () => perform(context, folder).finally(() => rm(folder, { recursive: true, force: true })));
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  if (outcome.codes.some(({ before, after }) => before !== after))
    throw new LpxError('LPX_INTERNAL', { detail: context.messages.demo.lost });
  const closing = context.paint.bold(fill(context.messages.demo.done, { seconds }));
  return {
    json: { seconds, package: outcome.report.package, refusal: outcome.refusal, courseCodes: outcome.codes },
    text: [...outcome.lines, closing, ...tryIt(context).map((line) => `  ${line}`)],
  };
}

/** Commands to type next, from where the reader is. */
export function tryIt({ script, cwd, home }: Pick<Context, 'script' | 'cwd' | 'home'>): string[] {
  const fromHere = (path: string) => {
    const way = relative(cwd, path);
    return way === '' || way.startsWith('..') || isAbsolute(way) ? path : way;
  };
  const quoted = (path: string) => (/[^\w./\\:-]/.test(path) ? `"${path}"` : path);
  const isClone = script !== undefined && basename(script) === 'lpx.js' && !script.includes('node_modules');
  const lpx = isClone ? `node ${quoted(fromHere(script))}` : 'lpx';
  const init = `${lpx} init --school ${FROM.code}`;
  return home === undefined ? [init] : [init, `${lpx} load ${quoted(fromHere(join(home, 'samples', 'transfer')))}`];
}

async function perform(context: Context, folder: string) {
  const { messages, paint } = context;
  const { demo: words } = messages;
  const lines: string[] = [];
  const say = (...said: string[]) => lines.push(...said);
  const step = (title: string) => say('', paint.bold(paint.cyan(title)));
  const [platform, oldSchool, newSchool, mail] = ['platform', 'old-school', 'new-school', 'mail'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  const password = Buffer.from(generatePassword());
  const now = context.now();
  const operator = context.operator();

  say(paint.bold(words.title), fill(words.schools, { from: `${FROM.name} (${FROM.code})`, to: `${TO.name} (${TO.code})`, folder }));
  await initStore(oldSchool, FROM);
  await initStore(newSchool, TO);

  step(words.load);
  await context.copySample(platform);
  const loaded = await withStore(oldSchool, (store) => loadFolder(store, { path: platform, now, operator }));
  say(
    ...loaded.students.map(
      ({ name, added, updated, unchanged }) =>
        `  ${paint.green('✔')} ${name}  ${fill(messages.load.student, { added, updated, unchanged })}`,
    ),
  );

  step(words.export);
  const request = {
    nationalIds: [STUDENT],
    skipEmpty: false,
    reason: 'transfer',
    left: LEFT,
    force: false,
    terms: ['1091'],
    toSchool: TO.code,
    outFolder: mail,
    encryption: 'aes256',
    password,
    now,
    operator,
  } as const;
  const exported = await withStore(oldSchool, (store) => exportPackages(store, request));
  const [{ zipFile }] = exported.packages as [ExportedPackage];
  say(
    `  ${paint.green('✔')} ${basename(zipFile)} + .md5`,
    ...exported.leftOut.map(
      (record) => `  ${paint.yellow('!')} ${messages.export.leftOut}: ${record.title} — ${messages.leftOut[record.reason]}`,
    ),
  );

  step(words.look);
  const entries = await listPackage(zipFile);
  say(
    ...columns(
      entries.map((entry) => [entry.bytes, messages.encryptions[entry.encryption as 'aes256'], paint.dim(entry.name)]),
      '  ',
    ),
  );

  step(words.verify);
  const report = await verifyPackage({ zipFile, password });
  say(...reportLines(context, report).map((line) => (line === '' ? line : `  ${line}`)));

  step(words.tamper);
  const { file: tampered, offset, bytes } = await tamper(zipFile, join(folder, 'tampered'));
  say(`  ${fill(words.tampered, { offset, bytes })}`);
  const attempt = (file: string) =>
    withStore(newSchool, (store) => importPackage(store, { zipFile: file, password, dryRun: false, createStudents: true, now, operator }));
  const [finding] = (await attempt(tampered)).report.findings;
  if (!finding) throw new LpxError('LPX_INTERNAL', { detail: 'the tampered package was accepted' });
  const refusal = findingOutput(messages, finding);
  await writeFile(`${tampered}.md5`, `${await md5Of(tampered)}  ${basename(tampered)}\n`);
  const forged = (await attempt(tampered)).report.findings.find((finding) => finding.severity === 'error');
  if (!forged) throw new LpxError('LPX_INTERNAL', { detail: 'the forged package was accepted' });
  const untouched = await withStore(newSchool, (store) => store.students());
  const refused = (seen: Finding) =>
    `  ${paint.red('✘')} ${fill(words.refused, { message: findingText(messages, seen) })}  ${paint.dim(seen.code)}`;
  say(refused(finding), `  ${words.forged}`, refused(forged));
  if (untouched.length === 0) say(`  ${words.refusedMeans}`);

  step(words.import);
  const imported = await attempt(zipFile);
  say(`  ${paint.green('✔')} ${fill(messages.import.imported, { id: imported.historyId })}`, `  ${words.again}`);
  const again = await attempt(zipFile);
  say(`  ${again.outcome === 'unchanged' ? messages.import.unchanged : again.outcome}`);

  step(words.codes);
  const codes = await compareCodes(oldSchool, newSchool, exported.students[0]?.courses.map((course) => course.courseCode) ?? []);
  say(
    ...columns(
      [
        ['', paint.dim(words.before), paint.dim(words.after)],
        ...codes.map((course) => [
          course.title,
          course.before,
          course.after === course.before ? paint.green(course.after) : paint.red(course.after),
        ]),
      ],
      '  ',
    ),
    '',
  );
  return { lines, report, refusal: refusal.message, codes };
}

/** A copy of a package with one byte in its middle flipped, next to a copy of its signature. */
async function tamper(zipFile: string, folder: string): Promise<{ file: string; offset: number; bytes: number }> {
  await mkdir(folder);
  const file = join(folder, basename(zipFile));
  await copyFile(zipFile, file);
  await copyFile(`${zipFile}.md5`, `${file}.md5`);
  const handle = await open(file, 'r+');
  const { size } = await handle.stat();
  const offset = Math.floor(size / 2);
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, offset);
  await handle.write(Buffer.from([(buffer[0] as number) ^ 1]), 0, 1, offset);
  await handle.close();
  return { file, offset, bytes: size };
}

const md5Of = async (file: string): Promise<string> =>
  createHash('md5')
    .update(await readFile(file))
    .digest('hex');

async function compareCodes(oldSchool: string, newSchool: string, sent: readonly string[]) {
  const codesIn = (folder: string) =>
    withStore(folder, async (store) => (await showStudent(store, STUDENT)).records.filter((record) => record.courseCode !== ''));
  const [before, after] = [await codesIn(oldSchool), await codesIn(newSchool)];
  return before
    .filter((record) => sent.includes(record.courseCode))
    .map((record) => ({
      title: record.title,
      before: record.courseCode,
      after: after.find((course) => course.title === record.title)?.courseCode ?? '',
    }));
}
