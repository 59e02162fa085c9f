/** Works on the packages of an inbox on threads. */
import type { EachPackage, ImportJob, VerifyJob } from '../exchange/batch-import.js';
import type { ImportResult } from '../exchange/import.js';
import type { VerificationReport } from '../exchange/verify.js';
import type { StoreLocation } from '../store/location.js';
import { type PoolOptions, runJobs } from './pool.js';

/** @param folder the store's */
export const importsOnThreads =
  (folder: StoreLocation, options: PoolOptions): EachPackage<(job: ImportJob) => Promise<ImportResult>> =>
  (packages, work) =>
    runJobs(packages, (found, thread) => work(found, (job) => thread.run('import', { ...job, folder }, {})), fitting(options, packages));

export const verificationsOnThreads =
  (options: PoolOptions): EachPackage<(job: VerifyJob) => Promise<VerificationReport>> =>
  (packages, work) =>
    runJobs(packages, (found, thread) => work(found, (job) => thread.run('verify', job, {})), fitting(options, packages));

const fitting = (options: PoolOptions, packages: readonly unknown[]): PoolOptions => ({
  ...options,
  threads: Math.min(options.threads, packages.length),
});
