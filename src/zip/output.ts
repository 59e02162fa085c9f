/**
 * The file of an archive, written from its start to its end by the thread that encrypts, and its digests. With a helper
 * these follow the file: the helper reads what is written, close behind, and hashes it.
 */
import { close, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import type { KeyMemory } from './crypto/aes-keys.js';
import { type Digests, type Growth, newGrowth, RunningDigest, setGrowth } from './threads/digest.js';
import type { Helper } from './threads/helper.js';
import { writeFully } from './threads/jobs.js';

/** Where the bytes of an archive go. */
export interface ZipOutput {
  /** Writes bytes after those before; the caller may overwrite them afterwards. */
  write(bytes: Buffer): void;
}

/** Who hashes the file, and what else it does while it waits for bytes. */
export interface OutputHelp {
  readonly helper: Helper;
  readonly ahead: { readonly keys: KeyMemory; readonly password: Buffer } | undefined;
}

/** What hashes the file as it grows. */
interface Hashing {
  written(bytes: Buffer, total: number): void;
  end(total: number): Promise<Digests>;
  /** Gives up; nothing reads the file any more once it resolves. */
  abort(): Promise<void>;
}

export class FileOutput implements ZipOutput {
  readonly #file: string;
  readonly #fd: number;
  readonly #hashing: Hashing;
  #bytes = 0;

  /** Creates the file, readable by its owner alone. @throws what the system throws when it cannot */
  constructor(file: string, help?: OutputHelp) {
    this.#file = file;
    this.#fd = openSync(file, 'wx', 0o600);
    this.#hashing = help ? followedBy(help, file) : hashedHere();
  }

  /** @throws LPX_DISK_FULL and others as `fileError` says */
  write(bytes: Buffer): void {
    writeFully(this.#fd, bytes, this.#file);
    this.#bytes += bytes.length;
    this.#hashing.written(bytes, this.#bytes);
  }

  /** Waits until all is hashed and on the disk. */
  async finish(): Promise<Digests> {
    const [digests] = await Promise.all([this.#hashing.end(this.#bytes), promisify(fsync)(this.#fd)]);
    return digests;
  }

  /** Closes the file, finished or not. */
  async close(): Promise<void> {
    await this.#hashing.abort();
    await promisify(close)(this.#fd);
  }
}

/** Hashes on the thread that writes. */
function hashedHere(): Hashing {
  const digest = new RunningDigest();
  return {
    written: (bytes) => digest.update(bytes),
    end: async () => digest.end(),
    abort: async () => {},
  };
}

/** Hashes on the helper, behind the thread that writes. */
function followedBy({ helper, ahead }: OutputHelp, file: string): Hashing {
  const growth: Growth = newGrowth();
  const following = helper.run({ kind: 'follow', file, growth, ahead });
  const ended = following.then(
    () => {},
    () => {},
  );
  return {
    written: (_, total) => setGrowth(growth, total),
    end: (total) => {
      setGrowth(growth, total, 'ended');
      return following;
    },
    abort: () => {
      setGrowth(growth, 0, 'failed');
      return ended;
    },
  };
}
