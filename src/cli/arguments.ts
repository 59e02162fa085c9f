/** Values of options and arguments, read. */
import { LpxError } from '../errors.js';
import { fill } from '../messages/messages.js';
import { type Day, dayOf, isDay } from '../spec/terms.js';
import type { Context } from './context.js';

/** A day as an option gives it, else today in Taiwan. @throws LPX_DAY */
export function dayFrom({ now }: Context, option: string | undefined): Day {
  if (option === undefined) return dayOf(now());
  if (!isDay(option)) throw new LpxError('LPX_DAY', { value: option });
  return option;
}

/** A whole number that an option or argument gives. @throws LPX_USAGE */
export function wholeNumber(
  { messages }: Context,
  option: string,
  text: string,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= from && value <= to)) throw new LpxError('LPX_USAGE', { problem: fill(messages.usage.wholeNumber, { option, from, to }) });
  return value;
}
