import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '#lpx/cli/program.js';
import { failureOutput } from '#lpx/cli/render/findings.js';
import { CATALOGUE, type Code, EXIT, type FactsOf, type Finding, LpxError } from '#lpx/errors.js';
import { type CommandName, LANGUAGES, messagesIn } from '#lpx/messages/messages.js';

const codes = Object.keys(CATALOGUE) as Code[];
const holesIn = (text: string) => [...text.matchAll(/\{(\w+)(?::\w+)?\}/g)].map((match) => match[1] as string);
const ID = 'A800000014';
const OTHER_ID = 'B800000013';
const PLACE = { student: ID, name: '林小禾', otherStudent: OTHER_ID };

/** An error of a code, with an id in whatever its sentence is filled with. */
function errorOfCode(code: Code): LpxError {
  const facts = Object.fromEntries(holesIn(CATALOGUE[code].what + CATALOGUE[code].next).map((name) => [name, `${ID}/${OTHER_ID}.pdf`]));
  return new LpxError<Code>(code, facts as FactsOf<Code>, { place: PLACE });
}

describe('an error', () => {
  it('has its English sentence as message, filled in', () => {
    expect(new LpxError('LPX_FILE_UNREADABLE', { file: 'a.zip', reason: 'EACCES' }).message).toBe('a.zip cannot be read (no permission).');
    expect(new LpxError('LPX_STORE_DAMAGED', { folder: '/lpx', part: 'database' }).message).toMatch(/\/lpx.*database/);
  });

  it('of no code shows a national id to a log, neither in the message nor in the properties', () => {
    const shown = codes.filter((code) => /800000014|800000013|林小禾/.test(errorOfCode(code).message));
    expect(shown).toEqual([]);
    const { facts: _, ...logged } = { ...errorOfCode('LPX_NOT_IN_STORE') };
    expect(inspect(errorOfCode('LPX_NOT_IN_STORE')) + JSON.stringify(logged)).not.toMatch(/800000014|800000013/);
  });

  it('has who and where in its place alone', () => {
    const named = codes.flatMap((code) =>
      [CATALOGUE[code].what, CATALOGUE[code].next].flatMap(holesIn).filter((name) => /student|where|person|nationalId/i.test(name)),
    );
    expect(named).toEqual([]);
    expect(errorOfCode('LPX_NOT_IN_STORE').place).toEqual(PLACE);
  });

  it('needs every fact of its sentences, and no other: anything else does not compile', () => {
    // @ts-expect-error `reason` is missing
    new LpxError('LPX_FILE_UNREADABLE', { file: 'a.zip' });
    // @ts-expect-error there is nothing to fill in
    new LpxError('LPX_NOT_A_ZIP', { file: 'a.zip' });
    // @ts-expect-error the facts are missing
    new LpxError('LPX_FILE_NOT_FOUND');
    // @ts-expect-error `advice` is a fact of what to do
    const finding: Finding = { code: 'LPX_BRIEF_LONG', severity: 'warning', place: {}, facts: { count: 1, limit: 0 } };
    expect(finding.code).toBe('LPX_BRIEF_LONG');
  });
});

describe.each(LANGUAGES)('what an error means for the data, in %s', (language) => {
  const messages = messagesIn(language);
  const meaning = (code: Code, command: CommandName) => failureOutput(messages, command, errorOfCode(code)).consequence;

  it('depends on its code: only the package’s own fault is a reason against the package', () => {
    expect(meaning('LPX_SIGNATURE_MISMATCH', 'verify')).toBe(messages.consequence.packageRefused.verify);
    for (const code of ['LPX_FILE_NOT_FOUND', 'LPX_PASSWORD_MISSING', 'LPX_PASSWORD_WRONG', 'LPX_INTERNAL'] as const)
      expect(meaning(code, 'verify')).toBe(messages.consequence.notDone.verify);
  });

  it('is refined by the command', () => {
    expect(meaning('LPX_SIGNATURE_MISMATCH', 'import')).toBe(messages.consequence.notDone.import);
    expect(meaning('LPX_FILE_NOT_FOUND', 'load')).toBe(messages.consequence.notDone.load);
    expect(meaning('LPX_STOPPED', 'load')).toBe(messages.consequence.partlyDone.load);
  });

  it('of no command that writes is that nothing was done, where nobody knows whether it was', () => {
    const certain = Object.entries(messages.consequence.notDone).filter(
      ([command, sentence]) => meaning('LPX_DATABASE_LOST', command as CommandName) === sentence,
    );
    expect(certain.map(([command]) => command)).toEqual([
      ...['batch-status', 'code', 'where', 'help', 'completion', 'advise', 'demo', 'output'],
    ]);
    const dry = messagesIn(language, 'here', { dryRun: true });
    expect(failureOutput(dry, 'erase', errorOfCode('LPX_DATABASE_LOST')).consequence).toBe(messages.consequence.notDone.erase);
  });
});

describe.each(LANGUAGES)('the help in %s', (language) => {
  it('lists every exit code with what it means', () => {
    const messages = messagesIn(language);
    let help = '';
    const program = buildProgram(language, '', async () => {}).configureOutput({ writeOut: (text) => (help += text) });
    program.outputHelp();
    for (const [name, code] of Object.entries(EXIT))
      expect(help).toMatch(new RegExp(`^ +${code}  ${messages.exits[name as keyof typeof EXIT].replaceAll(/[()]/g, '\\$&')}$`, 'm'));
  });
});
