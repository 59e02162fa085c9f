/** The surroundings of a command, and its outcome. */
import type { Finding, LpxError } from '../errors.js';
import type { StartedHelper } from '../exchange/start-helper.js';
import type { Language, Messages } from '../messages/messages.js';
import type { Painter } from './render/printable.js';

/** The world outside, passed in so that tests and the demonstration can replace it. */
export interface Surroundings {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Empty where it is gone: then no command runs. */
  readonly cwd: string;
  /** The folder lpx lies in; undefined where lpx is a single file. */
  readonly home: string | undefined;
  /** The file that Node.js was told to run; undefined where lpx is a single file. */
  readonly script?: string | undefined;
  readonly version: string;
  /** Writes the sample of a made-up student who transfers into a folder, which is made. */
  readonly copySample: (folder: string) => Promise<void>;
  readonly now: () => Date;
  /** The name by which the system knows whoever runs lpx. */
  readonly operator: () => string;
}

/** The global options, read. */
export interface Context extends Surroundings {
  readonly language: Language;
  readonly messages: Messages;
  /** Styles, for any stream: whether it has colours is decided when a text is printed. */
  readonly paint: Painter;
  /** Whether colours are welcome on a terminal: `--no-color`, `NO_COLOR` and dumb terminals say no. */
  readonly color: boolean;
  readonly json: boolean;
  /** With `json`: a line for each event, and the outcome as the last of them. */
  readonly jsonLines: boolean;
  readonly quiet: boolean;
  /** Whether a result says all there is. */
  readonly verbose: boolean;
  readonly debug: boolean;
  readonly yes: boolean;
  readonly storeOption: string | undefined;
  /** Whether a signal came after a change was committed: finish what is under way, begin nothing more. */
  readonly stopping: () => boolean;
  /** Aborts at a signal: for commands that end by themselves once they have committed something. */
  readonly interrupt: AbortSignal;
  /** Aborts at a second signal: for commands that finish what is under way after the first one. */
  readonly insisted: AbortSignal;
  /** Says something beside the result, once the command is done; `--quiet` drops it. */
  readonly note: (line: string) => void;
  /** What moves on the terminal: it rests while somebody is asked, and ends with the command. */
  readonly moving: Set<{ readonly rest: () => void; readonly start: () => void }>;
  /** Prints lines of the result at once, as a command does that runs for long. */
  readonly print: (lines: readonly string[]) => void;
  /** A thread that was started for this command before its code was loaded. */
  readonly helper?: StartedHelper | undefined;
}

/** The outcome of a command. Printed in one place: as text, or as the JSON of its schema. */
export interface Outcome {
  /** The command's own part of its JSON output; `ok`, `command` and `error` are added. */
  readonly json: object;
  /** Lines of the result, for stdout. Texts from outside stand in them as they are: the printer makes them inert. */
  readonly text: readonly string[];
  /** Whether its JSON is on stdout already. */
  readonly isPrinted?: boolean;
  /** A file for stdout, as it is, in place of the lines. */
  readonly file?: Uint8Array;
  /** Findings, for stderr; `--quiet` drops mere notes. */
  readonly findings?: readonly Finding[];
  /** Lines that are not part of the result, for stderr; `--quiet` drops them. */
  readonly notes?: readonly string[];
  /** Set when the command's answer is no. */
  readonly error?: LpxError | undefined;
}
