/** lpx as a process: its words, its streams, its user, its signals and its exit code. */
import { userInfo } from 'node:os';

/**
 * @param load gives `main` of src/cli/main.ts
 * @param supplied what comes with lpx, wherever it lies: `home`, `script`, `version`, `copySample`
 */
export async function run(load, supplied) {
  const { stdin, stdout, stderr } = process;
  const env = { ...process.env };
  // Taken out before anything else runs: no thread, child process or report of Node's ever has it.
  delete process.env.LPX_PASSWORD;
  // What lpx writes is its user's alone, whatever the user's umask says.
  process.umask(0o077);
  const main = load();
  process.exitCode = await main(process.argv.slice(2), {
    ...supplied,
    stdin,
    stdout,
    stderr,
    env,
    cwd: cwd(),
    now: () => new Date(),
    operator,
  });

  // The command has said what it did: a signal that comes now does not change its exit code.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

  // Work that still waits, such as for who writes to a pipe, is not waited for: nothing could end it any more.
  if (process.exitCode !== 9) await new Promise((resolve) => stderr.write('', resolve));
  process.exit();
}

/** Empty where somebody has deleted the folder. */
function cwd() {
  try {
    return process.cwd();
  } catch {
    return '';
  }
}

/** A user whom the system has no name for is nobody. */
function operator() {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}
