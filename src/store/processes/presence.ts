/** How processes that use one store see each other, where its database says so and not its folder. */

import type { WorkFolder } from './work-folder.js';

export interface Presence {
  /** Lets others see, until the folder is removed or left, that the process of this work folder lives. */
  announce(work: WorkFolder): Promise<void>;
  /** What the database knows a work folder by. */
  nameOf(work: WorkFolder): string;
  /** Whether the process of a work folder lives, by that name or the folder's own. */
  isAlive(work: string): Promise<boolean>;
  /** Whether a work folder is one of this computer, where the files are that its process left. */
  isHere(work: string): boolean;
  /** Takes the turn at something, by its key, if nobody has it. @returns what ends the turn; undefined when somebody has it */
  tryTurn(key: string): Promise<(() => void) | undefined>;
}
