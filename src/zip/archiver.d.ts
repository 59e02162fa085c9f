/** The part of archiver 8 that lpx builds on; the package ships no types. */
declare module 'archiver' {
  import type { Readable, Transform } from 'node:stream';

  export interface EntryData {
    name: string;
    date: Date;
  }

  /** What `Archiver` asks of a format: append one entry, end the archive, be a readable stream. */
  export interface ArchiveModule {
    append(source: Buffer | Readable, data: never, callback: (error?: Error | null) => void): void;
    finalize(): void;
    on(event: string, listener: (...args: never[]) => void): unknown;
    pipe(destination: NodeJS.WritableStream): unknown;
    unpipe(destination?: NodeJS.WritableStream): unknown;
  }

  export class Archiver extends Transform {
    protected _format: string;
    protected _module: ArchiveModule;
    protected _modulePipe(): void;
    append(source: Buffer | Readable, data: EntryData): this;
    abort(): this;
    finalize(): Promise<void>;
  }
}
