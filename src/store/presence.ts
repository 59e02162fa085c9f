/** How processes that use one store see each other, where its database says so and not its folder. */

export interface Presence {
  /** Lets others see, from here on, that the process of this work folder lives. */
  announce(work: string): Promise<void>;
  /** Whether the process of a work folder lives. */
  isAlive(work: string): Promise<boolean>;
  /** Takes the turn at something, by its key, if nobody has it. @returns what ends the turn; undefined when somebody has it */
  tryTurn(key: string): Promise<(() => void) | undefined>;
}
