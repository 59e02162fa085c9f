/** Whether a student of a package is the one on the roll: name or birth date has to agree, and neither may differ. */
import type { Facts, Finding, Severity } from '../../errors.js';
import { compareNames, differenceOf } from '../person-name.js';
import { basicDataPlace, studentPlace } from '../place.js';
import { type BasicData, basicDataWire } from '../portfolio.js';

type Person = Pick<BasicData, 'name' | 'birthDate'>;

/**
 * LPX_STUDENT_DIFFERS for each property that is another one, LPX_STUDENT_UNCONFIRMED when there is nothing to compare,
 * and LPX_NAME_SPELLED as a warning for a name that is only written otherwise.
 */
export function personFindings(roll: Person, sent: BasicData): Finding[] {
  const finding = (code: Finding['code'], severity: Severity, property: keyof Person, facts: Facts): Finding => ({
    code,
    severity,
    place: basicDataPlace(studentPlace(sent), basicDataWire(property)),
    facts: { stored: roll[property], received: sent[property], ...facts },
  });
  const compared = (['name', 'birthDate'] as const).filter((property) => !isBlank(roll[property]) && !isBlank(sent[property]));
  if (compared.length === 0) return [finding('LPX_STUDENT_UNCONFIRMED', 'error', 'name', {})];
  return compared.flatMap((property) => {
    const match = property === 'name' ? compareNames(roll.name, sent.name) : roll.birthDate === sent.birthDate ? 'same' : 'different';
    if (match === 'same') return [];
    const { position, a: here, b: there } = differenceOf(roll[property], sent[property]);
    return match === 'different'
      ? [finding('LPX_STUDENT_DIFFERS', 'error', property, { property: basicDataWire(property), position, here, there })]
      : [finding('LPX_NAME_SPELLED', 'warning', property, { spelling: match, position, here, there })];
  });
}

const isBlank = (text: string): boolean => text.trim() === '';
