import { LpxError } from '../errors.js';
import { type Day, dayOf, isDay } from '../spec/terms.js';
import type { Context } from './context.js';

/** A day as an option gives it, else today in Taiwan. @throws LPX_DAY */
export function dayFrom({ now }: Context, option: string | undefined): Day {
  if (option === undefined) return dayOf(now());
  if (!isDay(option)) throw new LpxError('LPX_DAY', { value: option });
  return option;
}
