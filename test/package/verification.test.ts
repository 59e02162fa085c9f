import { describe, expect, it } from 'vitest';
import { type Code, type Finding, LpxError } from '#lpx/errors.js';
import { CHECKS, type CheckName, Verification } from '#lpx/package/verification.js';

type Values = Record<CheckName, string>;
const finding = (code: Code, severity: Finding['severity']): Finding => ({ code, severity, place: {}, facts: {} }) as unknown as Finding;
const passing =
  (value: string, findings: readonly Finding[] = []) =>
  () =>
    Promise.resolve({ value, findings });
const failing = (error: Error) => () => Promise.reject(error);
const statuses = (verification: Verification<Values>) => Object.fromEntries(verification.checks.map(({ name, status }) => [name, status]));
const codes = (verification: Verification<Values>) => verification.findings.map(({ code }) => code);

describe('a verification', () => {
  it('hands on what a step came to, and reports every check', async () => {
    const verification = new Verification<Values>(false);
    for (const name of CHECKS) expect(await verification.step(name, passing(name))).toBe(name);
    expect(new Set(Object.values(statuses(verification)))).toEqual(new Set(['passed']));
    expect(verification.valueOf('schema')).toBe('schema');
  });

  it('ends with the first step that failed, also when a later one had run by then', async () => {
    const verification = new Verification<Values>(false);
    await verification.step('directory', passing('entries', [finding('LPX_ENTRY_IGNORED', 'note')]));
    const error = new LpxError('LPX_SIGNATURE_MISMATCH', { signature: 'x.md5', expected: 'a', actual: 'b' });
    await expect(verification.step('signature', failing(error))).rejects.toBe(error);
    expect(statuses(verification)).toMatchObject({ signature: 'failed', directory: 'skipped' });
    expect(codes(verification)).toEqual(['LPX_SIGNATURE_MISMATCH']);
    expect(verification.valueOf('directory')).toBeUndefined();
    expect(verification.isVerdict(error)).toBe(true);
  });

  it('fails a step with an error among its findings, and reports all of them', async () => {
    const verification = new Verification<Values>(false);
    const findings = [finding('LPX_TEXT_LONG', 'warning'), finding('LPX_DATE', 'error')];
    const error = await verification.step('rules', passing('', findings)).catch((error) => error);
    expect(error).toMatchObject({ code: 'LPX_DATE' });
    expect(verification.isVerdict(error)).toBe(true);
    expect(codes(verification)).toEqual(['LPX_TEXT_LONG', 'LPX_DATE']);
  });

  it('counts a repair as an error under strict', async () => {
    const repaired = passing('', [finding('LPX_REPAIRED', 'warning')]);
    await expect(new Verification<Values>(true).step('schema', repaired)).rejects.toMatchObject({ code: 'LPX_REPAIRED' });
    await expect(new Verification<Values>(false).step('schema', repaired)).resolves.toBe('');
  });

  it('leaves errors about the machine to the caller', async () => {
    const verification = new Verification<Values>(false);
    for (const error of [new LpxError('LPX_DISK_FULL', { file: 'x' }), new Error('broken')]) {
      await expect(verification.step('attachments', failing(error))).rejects.toBe(error);
      expect(verification.isVerdict(error)).toBe(false);
    }
    expect(verification.findings).toEqual([]);
  });

  it('reports a step that was left out as skipped, and goes on', async () => {
    const verification = new Verification<Values>(false);
    verification.skip('signature', [finding('LPX_UNSIGNED', 'warning')]);
    await verification.step('directory', passing('entries'));
    expect(statuses(verification)).toMatchObject({ signature: 'skipped', directory: 'passed' });
    expect(codes(verification)).toEqual(['LPX_UNSIGNED']);
  });
});
