/** Whether a student of a package is the one on the roll: name or birth date has to agree, and neither may differ. */
import type { Finding } from '../../errors.js';
import { compareNames, differenceOf } from '../person-name.js';
import { basicDataPlace, studentPlace } from '../place.js';
import { type BasicData, basicDataWire } from '../portfolio.js';

type Person = Pick<BasicData, 'name' | 'birthDate'>;

/**
 * LPX_STUDENT_DIFFERS for each property that is another one, LPX_STUDENT_UNCONFIRMED when there is nothing to compare,
 * and LPX_NAME_SPELLED as a warning for a name that is only written otherwise.
 */
export function personFindings(roll: Person, sent: BasicData): Finding[] {
  const placeOf = (property: keyof Person) => basicDataPlace(studentPlace(sent), basicDataWire(property));
  const compared = (['name', 'birthDate'] as const).filter((property) => !isBlank(roll[property]) && !isBlank(sent[property]));
  if (compared.length === 0) return [{ code: 'LPX_STUDENT_UNCONFIRMED', severity: 'error', place: placeOf('name'), facts: {} }];
  return compared.flatMap((property): Finding[] => {
    const match = property === 'name' ? compareNames(roll.name, sent.name) : roll.birthDate === sent.birthDate ? 'same' : 'different';
    if (match === 'same') return [];
    const [place, stored, received] = [placeOf(property), roll[property], sent[property]];
    if (match !== 'different')
      return [{ code: 'LPX_NAME_SPELLED', severity: 'warning', place, facts: { spelling: match, stored, received } }];
    const { position } = differenceOf(stored, received);
    const facts = { property: basicDataWire(property), position, stored, received };
    return [{ code: 'LPX_STUDENT_DIFFERS', severity: 'error', place, facts }];
  });
}

const isBlank = (text: string): boolean => text.trim() === '';
