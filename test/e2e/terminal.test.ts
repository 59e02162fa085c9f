import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { widthOf } from '#lpx/cli/render/text.js';
import { BINARY, lpx } from '../support/cli.js';
import { SAMPLES, TRANSFER_STUDENT } from '../support/schools.js';
import { tempFolder } from '../support/temp.js';
import { describeWith } from '../support/tools.js';

/** Runs a command on a terminal of so many columns, types an answer to each question, prints all that the terminal was sent. */
const ON_A_TERMINAL = `
import fcntl, os, pty, select, signal, struct, sys, termios, time
answers = sys.argv[1].split(',')
pid, fd = pty.fork()
if pid == 0:
    time.sleep(0.2)
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 30, int(os.environ['WIDTH']), 0, 0))
os.write(fd, os.environ['EARLY'].encode())
start = time.time()
asked = None
while time.time() - start < 60:
    if select.select([fd], [], [], 0.1)[0]:
        try: data = os.read(fd, 65536)
        except OSError: break
        if not data: break
        sys.stdout.buffer.write(data)
        if '◆'.encode() in data: asked = time.time()
    if answers and asked and time.time() - asked > 0.3:
        answer, asked = answers.pop(0), None
        os.write(fd, b'\\x04' if answer == 'Ctrl-D' else b'\\x03' if answer == 'Ctrl-C' else answer.encode() + b'\\r')
        sys.stdout.buffer.write(b'<typed>')
else:
    os.kill(pid, signal.SIGKILL)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

const sample = join(SAMPLES, 'package', '990001_2021_01_22_10_30_00.zip');
/** An answer of nothing. */
const ENTER = '';

async function onTerminal(answers: string, words: readonly string[], columns = 110, early = '') {
  const { stdout, exitCode } = await execa('python3', ['-c', ON_A_TERMINAL, answers, process.execPath, BINARY, ...words], {
    reject: false,
    env: { LANG: 'C.UTF-8', LC_ALL: '', LPX_PASSWORD: '', NO_COLOR: '', TERM: 'xterm-256color', WIDTH: String(columns), EARLY: early },
  });
  return { out: String(stdout), code: exitCode };
}

describeWith(['python3'], 'on a terminal', () => {
  it('a password is asked for, never shown, and nothing moves while it is typed', async () => {
    const { out, code } = await onTerminal('Sample-Pass-2021', ['verify', sample]);
    expect(code).toBe(0);
    expect(out).not.toContain('Sample-Pass');
    expect(out.slice(0, out.indexOf('<typed>'))).toContain('Password');
    expect(out.slice(0, out.indexOf('<typed>'))).not.toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/);
    expect(out).toContain('\u001b[32m✔');
  });

  it('a wrong one ends with exit 4, and the cursor is back', async () => {
    const { out, code } = await onTerminal('wrong', ['verify', sample]);
    expect(code).toBe(4);
    expect(out.lastIndexOf('\u001b[?25h')).toBeGreaterThan(out.lastIndexOf('\u001b[?25l'));
  });

  it.each(['Ctrl-C', 'Ctrl-D'])('%s at a password ends with exit 9 and a message, and the cursor is back', async (key) => {
    const { out, code } = await onTerminal(key, ['verify', sample]);
    expect(code).toBe(9);
    expect(out.split('LPX_INTERRUPTED')).toHaveLength(2);
    expect(out.lastIndexOf('\u001b[?25h')).toBeGreaterThan(out.lastIndexOf('\u001b[?25l'));
  });

  it.each(['Ctrl-C', 'Ctrl-D'])('%s at a question ends with exit 9 and a message, and the cursor is back', async (key) => {
    const folder = tempFolder();
    const store = ['--store', join(folder, 'store')];
    await lpx([...store, 'init', '--school', '990001']);
    await lpx([...store, 'load', join(SAMPLES, 'transfer')]);
    const emptied = join(folder, 'emptied');
    cpSync(join(SAMPLES, 'transfer'), emptied, { recursive: true });
    for (const name of readdirSync(emptied).filter((name) => name.endsWith('.json'))) {
      const [student] = JSON.parse(readFileSync(join(emptied, name), 'utf8'));
      writeFileSync(join(emptied, name), JSON.stringify([{ ...student, 課程學習成果紀錄: [] }]));
    }
    const { out, code } = await onTerminal(key, [...store, 'load', emptied]);
    expect([code, out]).toEqual([9, expect.stringContaining('LPX_INTERRUPTED')]);
    expect(out.lastIndexOf('\u001b[?25h')).toBeGreaterThan(out.lastIndexOf('\u001b[?25l'));
  });

  it.each([
    ['a wrong --password-file', ['verify', sample, '--password-file', 'nope.txt']],
    ['a wrong --password-file for files', ['files', sample, '--out', 'out', '--password-file', 'nope.txt']],
    ['two signatures', ['verify', sample, '--md5', '0'.repeat(32), '--signature', 'other.md5']],
    ['an --attachments that is a file', ['load', SAMPLES, '--attachments', BINARY]],
  ])('%s ends the process with an error', async (_, words) => {
    const { out, code } = await onTerminal(ENTER, words);
    expect([code, out]).toEqual([2, expect.stringMatching(/LPX_(?:USAGE|FILE_NOT_FOUND)/)]);
  });

  it('an Enter that came before the question does not turn No into Yes', async () => {
    const store = ['--store', join(tempFolder(), 'store')];
    await lpx([...store, 'init', '--school', '990001']);
    await lpx([...store, 'load', join(SAMPLES, 'transfer')]);
    const { out, code } = await onTerminal(ENTER, [...store, 'undo', '2'], 110, '\r');
    expect([code, out]).toEqual([2, expect.stringContaining('LPX_DECLINED')]);
    expect((await lpx([...store, 'history'])).out.split('\n')[0]).toContain('#2');
  });

  it('Enter makes a new password, shown once with how to say it, which opens the package', async () => {
    const folder = tempFolder();
    const store = ['--store', join(folder, 'store')];
    await lpx([...store, 'init', '--school', '990001']);
    await lpx([...store, 'load', join(SAMPLES, 'transfer')]);
    const words = ['export', TRANSFER_STUDENT, '--reason', 'transfer', '--left', '2021-01-22', '--out', join(folder, 'mail')];
    const { out, code } = await onTerminal(ENTER, ['--lang', 'zh-TW', ...store, ...words]);
    expect(code).toBe(0);
    const password = /[A-Za-z2-9]{5}(?:-[A-Za-z2-9]{5}){3}/.exec(out)?.[0] ?? '';
    const [group = ''] = password.split('-');
    const said = [...group].map((character) =>
      /[0-9]/.test(character) ? character : `${/[A-Z]/.test(character) ? '大寫' : '小寫'} ${character}`,
    );
    expect(out).toContain(`${group}  ${said.join('、')}`);
    expect(out.split(password)).toHaveLength(2);
    const [zip = ''] = readdirSync(join(folder, 'mail')).filter((name) => name.endsWith('.zip'));
    expect((await lpx(['verify', join(folder, 'mail', zip)], { env: { LPX_PASSWORD: password } })).code).toBe(0);
  });

  it('with --no-color nothing has a colour or a style, prompts neither', async () => {
    const { out, code } = await onTerminal('wrong', ['--no-color', 'verify', sample]);
    expect(code).toBe(4);
    expect(out).toContain('Password');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal takes for a style is looked for
    expect(out).not.toMatch(/\u001b\[[0-9;]*m/);
  });

  it('of 80 columns each entry of the history is one line, and in Chinese too', async () => {
    const store = ['--store', join(tempFolder(), 'store')];
    await lpx([...store, 'init', '--school', '990001']);
    for (const sample of ['transfer', 'full']) await lpx([...store, 'load', join(SAMPLES, sample)]);
    await lpx([...store, 'school', '--name', '國立示範大學附屬高級中等學校（原示範縣立示範高級農工職業學校）']);
    const { out } = await onTerminal('', ['--lang', 'zh-TW', '--no-color', ...store, 'history'], 80);
    const lines = out.replace('<typed>', '').trim().split(/\r?\n/);
    expect(lines.map((line) => line.slice(0, 3))).toEqual(['#4 ', '#3 ', '#2 ', '#1 ']);
    expect(lines.filter((line) => widthOf(line) > 80)).toEqual([]);
  });

  it('lpx alone says where one is, and what may come next', async () => {
    const { out, code } = await onTerminal('', ['--store', join(SAMPLES, 'none'), 'where']);
    const alone = await onTerminal('', []);
    expect([code, alone.code]).toEqual([0, 0]);
    for (const screen of [out, alone.out]) expect(screen).toMatch(/Store[\s\S]*What may come next:[\s\S]*lpx /);
  });
});
