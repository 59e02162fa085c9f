/** The part of archiver 7 and its encryption that tests use; the packages ship no types. */
declare module 'archiver7' {
  interface Archiver extends NodeJS.ReadableStream {
    /** @param destination the folder's name in the archive; false for none */
    directory(folder: string, destination: string | false): this;
    finalize(): Promise<void>;
  }
  const archiver: {
    registerFormat(name: string, format: unknown): void;
    isRegisteredFormat(name: string): boolean;
    create(format: string, options: object): Archiver;
  };
  export default archiver;
}

declare module 'archiver-zip-encrypted' {
  const format: unknown;
  export default format;
}
