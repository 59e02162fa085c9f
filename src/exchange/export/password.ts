/** The password of an export: asked for, checked, and stripped of blanks that nobody knows of. */
import { type Code, type Finding, LpxError } from '../../errors.js';
import { passwordFrom } from '../../package/password-source.js';
import { PASSWORD_CHARACTERS, type PersonalWords, type Weakness, weaknessOf } from '../../package/password-strength.js';
import type { ExportRequest } from '../export.js';

interface ExportPassword {
  readonly password: Buffer;
  readonly overridden: readonly Code[];
  readonly findings: readonly Finding[];
}

/**
 * Readers in the field turn a password into bytes in their own ways; only printable ASCII is the same in all
 * (docs/spec.md#encryption). Blanks at its ends come from a file or a copy, and nobody who types the password knows of them.
 * @throws LPX_PASSWORD_MISSING, LPX_PASSWORD_UNSUITABLE, LPX_PASSWORD_WEAK
 */
export async function passwordOf({ password, weakPassword }: ExportRequest, personal: PersonalWords): Promise<ExportPassword> {
  const assertFit = (entered: Buffer): Weakness | undefined => {
    const typed = withoutBlankEnds(entered);
    if (typed.length === 0) throw new LpxError('LPX_PASSWORD_MISSING');
    if (typed.some((byte) => byte < 0x20 || byte > 0x7e)) throw new LpxError('LPX_PASSWORD_UNSUITABLE');
    const weakness = weaknessOf(typed.toString('latin1'), personal);
    if (weakness && !weakPassword) throw new LpxError('LPX_PASSWORD_WEAK', { weakness, least: PASSWORD_CHARACTERS });
    return weakness;
  };
  const given = await passwordFrom(password, assertFit);
  const weakness = assertFit(given);
  const typed = withoutBlankEnds(given);
  const findings: Finding[] = typed.length < given.length ? [{ code: 'LPX_PASSWORD_BLANKS', severity: 'note', place: {}, facts: {} }] : [];
  return { password: typed, overridden: weakness ? ['LPX_PASSWORD_WEAK'] : [], findings };
}

/** The part of a password that is not blanks at its ends; the same memory, which is overwritten in the end. */
function withoutBlankEnds(given: Buffer): Buffer {
  const isBlank = (byte: number | undefined) => byte === 0x20 || byte === 0x09;
  let [start, end] = [0, given.length];
  while (start < end && isBlank(given[start])) start++;
  while (end > start && isBlank(given[end - 1])) end--;
  return given.subarray(start, end);
}
