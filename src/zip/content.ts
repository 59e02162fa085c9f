/** Entries to put into an archive, and their bytes. */

/** Salts and ZipCrypto headers come from here; tests pass their own to get the same archive twice. */
export type RandomSource = (bytes: number) => Buffer;

/** The properties of a stored entry before its bytes are read. */
export interface StoredEntry {
  /** Path inside the archive, forward slashes. */
  readonly name: string;
  readonly modified: Date;
  readonly bytes: number;
}

/** The bytes of a stored entry. Opened when its turn comes, or earlier. */
export interface ByteSource {
  /** Fills `into` as far as it can; 0 at the end. */
  read(into: Buffer): number;
  close(): void;
}
