/** The use cases that a batch runs in its threads: requests and results are data, which threads can pass to each other. */
import { type ImportJob, passwordBook, type VerifyJob } from '../exchange/batch-import.js';
import { type ExportOfBatch, type ExportRequest, exportPackages } from '../exchange/export.js';
import { importPackage } from '../exchange/import.js';
import { type CheckedPackage, type Checking, noteVerifications } from '../exchange/note-verification.js';
import { verifyPackage } from '../exchange/verify.js';
import { removeWhenInterrupted } from '../io/temporary.js';
import { SharedFiles } from '../package/writer.js';
import { appendPasswords } from '../roster/sent-passwords.js';
import { namingDamage } from '../store/health/damage.js';
import type { StoreLocation } from '../store/location.js';
import { openStore } from '../store/open.js';
import type { WorkFolder } from '../store/processes/work-folder.js';
import type { Store } from '../store/store.js';
import type { Caller } from '../threads/serve.js';
import { ZipEngine } from '../zip/engine.js';

/** An export of a batch, without what does not pass between threads. */
export type BatchExportJob = Omit<ExportRequest, keyof Caller | 'engine' | 'random' | 'batch' | 'shared'> & {
  /** The store's. */
  readonly folder: StoreLocation;
  readonly batch: Omit<ExportOfBatch, 'beforePublishing' | 'work'>;
  /** Where the password is written down before the package has its name; undefined where whoever gave it has done so. */
  readonly passwordTable?: string | undefined;
  /** The SHA-256 of files that other jobs of the batch export too: the same in each job. */
  readonly sharedFiles: ReadonlySet<string>;
};

/**
 * The use cases of one thread. Its store and its engine stay open from job to job; the engine works alone, since the
 * batch has a thread for each core.
 */
export function batchUseCases() {
  const engine = new ZipEngine();
  let shared: SharedFiles | undefined;
  let work: WorkFolder | undefined;
  let opened: Store | undefined;
  const inStore = async <T>(folder: StoreLocation, job: (store: Store) => Promise<T>): Promise<T> => {
    opened ??= await openStore(folder);
    const store = opened;
    return namingDamage(store, () => job(store));
  };
  return {
    export: ({ folder, passwordTable, sharedFiles, batch, ...request }: BatchExportJob, { password }: Caller) =>
      inStore(folder, async (store) => {
        shared ??= new SharedFiles(sharedFiles);
        work ??= await store.attachments.workFolder();
        const finished = removeWhenInterrupted(work.path);
        return exportPackages(store, {
          ...request,
          shared,
          password,
          engine,
          batch: {
            ...batch,
            work,
            beforePublishing: async (packages) => {
              if (passwordTable === undefined) return;
              const text = Buffer.from(password as Uint8Array).toString('latin1');
              appendPasswords(
                passwordTable,
                packages.map(({ file, md5 }) => ({ file, md5, password: text, job: batch.job })),
              );
            },
          },
        }).finally(finished);
      }),
    import: ({ folder, passwords, ...request }: ImportJob & { readonly folder: StoreLocation }) =>
      inStore(folder, (store) => importPackage(store, { ...request, password: passwordBook(passwords), engine })),
    verify: ({ passwords, ...request }: VerifyJob) => verifyPackage({ ...request, password: passwordBook(passwords), engine }),
    /** Appends to the history that a package was verified. */
    note: ({ folder, checked, ...checking }: Checking & { readonly folder: StoreLocation; readonly checked: CheckedPackage }) =>
      inStore(folder, (store) => noteVerifications(store, [checked], checking)),
    /** Ends what lives from job to job. */
    close: async (_request: object) => {
      await work?.remove();
      work = undefined;
      await opened?.close();
      opened = undefined;
      await engine.close();
    },
  } as const;
}

export type BatchUseCases = ReturnType<typeof batchUseCases>;
