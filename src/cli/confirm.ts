/** Questions that a person answers with yes or no. */
import { LpxError } from '../errors.js';
import type { Context } from './context.js';
import { ask } from './prompts.js';

/** Whether there is somebody to ask: a terminal, and no JSON on it. */
export const canAsk = ({ stdin, stderr, json }: Context): boolean => stdin.isTTY === true && stderr.isTTY === true && !json;

/** Asks; `--yes` answers. @returns false without a terminal. @throws LPX_DECLINED for a no, LPX_INTERRUPTED */
export async function confirm(context: Context, message: string): Promise<boolean> {
  if (context.yes) return true;
  if (!canAsk(context)) return false;
  const prompts = await import('@clack/prompts');
  const { yes: active, no: inactive } = context.messages.prompt;
  const { stdin } = context;
  // The library takes a line feed, which some terminals send for Enter, for a key that moves the mark to the other answer.
  prompts.settings.actions.delete('enter');
  // The library knows `y` and `n`: the words that it shows are typed too.
  const onKey = (typed: string | undefined) => {
    const letter = typed === active ? 'y' : typed === inactive ? 'n' : undefined;
    if (letter) stdin.emit('keypress', letter, { name: letter, sequence: letter });
  };
  stdin.on('keypress', onKey);
  try {
    const isYes = await ask(context, (asking) => prompts.confirm({ message, active, inactive, initialValue: false, ...asking }));
    if (!isYes) throw new LpxError('LPX_DECLINED');
    return true;
  } finally {
    stdin.off('keypress', onKey);
  }
}
