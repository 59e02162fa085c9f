import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { BINARY } from '../support/cli.js';
import { SAMPLES } from '../support/schools.js';
import { describeWith } from '../support/tools.js';

/** Runs a command on a terminal of 110 columns, types each answer after a while, prints all that the terminal was sent. */
const ON_A_TERMINAL = `
import fcntl, os, pty, select, signal, struct, sys, termios, time
answers = sys.argv[1].split(',') if sys.argv[1] else []
pid, fd = pty.fork()
if pid == 0:
    time.sleep(0.2)
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 110, 0, 0))
start = typed = time.time()
while time.time() - start < 30:
    if select.select([fd], [], [], 0.1)[0]:
        try: data = os.read(fd, 65536)
        except OSError: break
        if not data: break
        sys.stdout.buffer.write(data)
    if answers and time.time() - typed > 2:
        os.write(fd, answers.pop(0).encode() + b'\\r')
        sys.stdout.buffer.write(b'<typed>')
        typed = time.time()
else:
    os.kill(pid, signal.SIGKILL)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

const sample = join(SAMPLES, 'package', '990001_2021_01_22_10_30_00.zip');
async function onTerminal(answers: string, words: readonly string[]) {
  const { stdout, exitCode } = await execa('python3', ['-c', ON_A_TERMINAL, answers, process.execPath, BINARY, ...words], {
    reject: false,
    env: { LANG: 'C.UTF-8', LC_ALL: '', LPX_PASSWORD: '', NO_COLOR: '', TERM: 'xterm-256color' },
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
});
