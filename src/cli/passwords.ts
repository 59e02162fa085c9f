/**
 * Where passwords come from: a file, standard input, the environment, a hidden prompt, or chance. Never
 * the command line, which any user of the machine can read.
 */
import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { LpxError } from '../errors.js';
import type { NewPasswordSource, PasswordSource } from '../exchange/verify.js';
import { readBounded, readSmall } from '../io/read.js';
import { fill } from '../messages/messages.js';
import { PASSWORD_FILE_BYTES, passwordLines } from '../roster/password-files.js';
import type { Context } from './context.js';
import { ask } from './prompts.js';
import { columns } from './render/text.js';

export interface PasswordOptions {
  readonly passwordFile?: string;
  readonly passwordStdin?: boolean;
  readonly generatePassword?: boolean;
  readonly passwordOut?: string;
}

/** Letters and digits that cannot be taken for one another on paper or by telephone. */
const CLEAR_CHARACTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';
/** Four groups of five: 116 bits. */
const GROUPS = 4;
const GROUP_CHARACTERS = 5;

/** The password of a package that is there. @throws LPX_USAGE, LPX_FILE_NOT_FOUND; on use LPX_PASSWORD_MISSING */
export async function passwordFor(context: Context, options: PasswordOptions): Promise<PasswordSource> {
  return (await passwordAtHand(context, options)) ?? (() => askHidden(context, context.messages.prompt.password));
}

/** A password for a new package; what `--generate-password` makes, the export writes out. */
export async function newPasswordFor(context: Context, options: PasswordOptions): Promise<NewPasswordSource> {
  const { usage } = context.messages;
  const { generatePassword: isGenerated, passwordOut, passwordFile, passwordStdin } = options;
  if (passwordOut !== undefined && !isGenerated) throw new LpxError('LPX_USAGE', { problem: usage.passwordOutAlone });
  if (isGenerated) {
    if (passwordFile !== undefined || passwordStdin) throw new LpxError('LPX_USAGE', { problem: usage.severalPasswords });
    if (passwordOut === undefined) throw new LpxError('LPX_USAGE', { problem: usage.passwordOut });
    saySource(context, '--generate-password');
    return Buffer.from(generatePassword());
  }
  return (await passwordAtHand(context, options)) ?? ((assertFit) => askTwice(context, assertFit));
}

/** Groups of clear characters: strong, and readable over the telephone. */
export function generatePassword(): string {
  const group = () => Array.from({ length: GROUP_CHARACTERS }, () => CLEAR_CHARACTERS[randomInt(CLEAR_CHARACTERS.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}

export async function passwordAtHand(context: Context, options: PasswordOptions): Promise<Buffer | undefined> {
  const { passwordFile, passwordStdin } = options;
  if (passwordFile !== undefined && passwordStdin) throw new LpxError('LPX_USAGE', { problem: context.messages.usage.severalPasswords });
  if (passwordFile !== undefined) {
    const file = resolve(context.cwd, passwordFile);
    saySource(context, '--password-file');
    return firstLine(await readSmall(file, PASSWORD_FILE_BYTES, 'file-or-pipe'));
  }
  if (passwordStdin) {
    saySource(context, '--password-stdin');
    return firstLine(await readBounded(context.stdin, PASSWORD_FILE_BYTES, 'stdin'));
  }
  return context.env.LPX_PASSWORD ? Buffer.from(context.env.LPX_PASSWORD) : undefined;
}

/** An option wins over the environment; who set both should know. */
function saySource({ env, messages, note }: Context, option: string): void {
  if (env.LPX_PASSWORD) note(fill(messages.prompt.optionWins, { option }));
}

/** @throws LPX_PASSWORD_MISSING when there is none */
function firstLine(bytes: Buffer): Buffer {
  const [line] = passwordLines(bytes);
  if (line === undefined) throw new LpxError('LPX_PASSWORD_MISSING');
  return line;
}

/** Asks for a new password twice, unless the first is not fit; of one that is left empty, a strong one is made and shown. */
async function askTwice(context: Context, assertFit: (typed: Buffer) => void): Promise<Buffer> {
  const first = await askHidden(context, context.messages.prompt.newPassword, 'may be empty');
  if (first.length === 0) return shownOnce(context, generatePassword());
  assertFit(first);
  const second = await askHidden(context, context.messages.prompt.repeat);
  if (!first.equals(second)) throw new LpxError('LPX_PASSWORD_UNEQUAL');
  return first;
}

/** Shows a password that was made, a group a line, with how to say each character on the telephone. */
function shownOnce({ stderr, messages: { prompt } }: Context, password: string): Buffer {
  const said = (character: string) =>
    /[0-9]/.test(character) ? character : fill(/[A-Z]/.test(character) ? prompt.capital : prompt.small, { letter: character });
  const rows = password.split('-').map((group) => [group, [...group].map(said).join(prompt.between)]);
  const lines = ['', prompt.made, '', `  ${password}`, '', ...columns(rows, '  '), '', `  ${prompt.hyphens}`, ''];
  stderr.write(`${lines.join('\n')}\n`);
  return Buffer.from(password);
}

/** @throws LPX_PASSWORD_MISSING without a terminal or an answer, LPX_INTERRUPTED */
async function askHidden(context: Context, message: string, answers: 'may be empty' | 'needed' = 'needed'): Promise<Buffer> {
  if (!context.stdin.isTTY || !context.stderr.isTTY) throw new LpxError('LPX_PASSWORD_MISSING');
  const { password } = await import('@clack/prompts');
  const answer = await ask(context, (asking) => password({ message, ...asking }));
  if (!answer && answers === 'needed') throw new LpxError('LPX_PASSWORD_MISSING');
  return Buffer.from(answer ?? '');
}
