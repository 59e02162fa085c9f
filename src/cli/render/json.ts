/** JSON as it is printed: without a character that a terminal would obey, or that would turn the writing around. Those are escaped. */
import { HIDDEN_CHARACTERS } from '../../messages/messages.js';

const escaped = (json: string): string =>
  json.replace(HIDDEN_CHARACTERS, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

export const jsonText = (value: object): string => `${escaped(JSON.stringify(value, null, 2))}\n`;

/** The same in one line. */
export const jsonLine = (value: object): string => `${escaped(JSON.stringify(value))}\n`;
