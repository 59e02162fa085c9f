/** The use cases that the library runs in a thread of their own: requests and results are data, which threads can pass to each other. */
import { LpxError } from '../errors.js';
import { type ExportRequest, exportPackages } from '../exchange/export.js';
import { type ImportRequest, importPackage } from '../exchange/import.js';
import { type LoadRequest, loadFolder } from '../exchange/load.js';
import { type Checking, noteVerifications, verifyNoted } from '../exchange/note-verification.js';
import { initStore, type StoreLocation, withStore } from '../exchange/school-store.js';
import { showPackage } from '../exchange/show.js';
import { type VerifyRequest, verifyPackage } from '../exchange/verify.js';
import { canonicalCode } from '../plain-text.js';
import { isSchoolCode } from '../spec/identifiers/school-code.js';
import { isDay, isTerm } from '../spec/terms.js';
import type { School } from '../store/store.js';
import type { Caller } from '../threads/serve.js';

/** A request without what does not pass between threads. */
type Posted<R> = Omit<R, keyof Caller | 'known' | 'helper' | 'random' | 'seen'>;
type OfStore<R> = Posted<R> & { readonly folder: StoreLocation };

/** The store is opened for each call, as a command opens it: what a dead process left is swept, and a later version's store is refused. */
export const USE_CASES = {
  create: async ({
    folder,
    school,
    group,
    attachments,
    now,
    operator,
  }: {
    readonly folder: StoreLocation;
    readonly school: School;
    readonly group: string;
    readonly attachments: string | undefined;
    readonly now: Date;
    readonly operator: string;
  }): Promise<School> => {
    await initStore(folder, school, { group, attachments, made: { at: now, operator } });
    return schoolOf(folder);
  },
  open: ({ folder }: { readonly folder: StoreLocation }): Promise<School> => schoolOf(folder),
  load: ({ folder, ...request }: OfStore<LoadRequest>, { onProgress }: Caller) =>
    withStore(folder, (store) => loadFolder(store, { ...request, onProgress })),
  export: ({ folder, ...request }: OfStore<ExportRequest>, caller: Caller) => {
    const checked = checkedExport(request);
    return withStore(folder, (store) => exportPackages(store, { ...checked, ...caller }));
  },
  import: ({ folder, ...request }: OfStore<ImportRequest>, caller: Caller) =>
    withStore(folder, (store) => importPackage(store, { ...request, ...caller })),
  verify: (request: Posted<VerifyRequest>, caller: Caller) => verifyPackage({ ...request, ...caller }),
  check: ({ folder, now, operator, ...request }: OfStore<VerifyRequest> & Checking, caller: Caller) =>
    withStore(folder, (store) =>
      verifyNoted({ ...request, ...caller }, (checked) => noteVerifications(store, [checked], { now, operator })),
    ),
  show: (request: Posted<VerifyRequest>, caller: Caller) => showPackage({ ...request, ...caller }),
} as const;

export type LibraryUseCases = typeof USE_CASES;

const schoolOf = (folder: StoreLocation): Promise<School> => withStore(folder, async ({ school }) => school);

/** The command line checks its words itself. @throws LPX_DAY, LPX_TERM, LPX_SCHOOL_CODE */
function checkedExport<R extends Pick<ExportRequest, 'left' | 'terms' | 'toSchool'>>(request: R): R {
  if (!isDay(request.left)) throw new LpxError('LPX_DAY', { value: request.left });
  for (const value of request.terms) if (!isTerm(value)) throw new LpxError('LPX_TERM', { value });
  const toSchool = canonicalCode(request.toSchool);
  if (toSchool !== '' && !isSchoolCode(toSchool)) throw new LpxError('LPX_SCHOOL_CODE', { value: request.toSchool });
  return { ...request, toSchool };
}
