/** The types of the library: a call with too little or with something else does not compile. Checked by `tsc -p test`. */
import { describe, expectTypeOf, it } from 'vitest';
import type { ExportRequest } from '#lpx/exchange/export.js';
import type { ImportRequest } from '#lpx/exchange/import.js';
import type { LoadRequest } from '#lpx/exchange/load.js';
import {
  createStore,
  type ExportOptions,
  type ExportResult,
  exportPackage,
  type ImportOptions,
  type ImportResult,
  importPackage,
  type LoadOptions,
  type LpxError,
  openStore,
  type PasswordSource,
  type Store,
  type VerificationReport,
  verifyPackage,
} from '#lpx/index.js';

describe('the types of the library', () => {
  it('say what a call takes', () => {
    expectTypeOf(openStore).parameter(0).toEqualTypeOf<string>();
    expectTypeOf(createStore).returns.resolves.toEqualTypeOf<Store>();
    expectTypeOf(exportPackage).parameters.toEqualTypeOf<[Store, ExportOptions]>();
    expectTypeOf<ExportOptions['reason']>().toEqualTypeOf<'transfer' | 'borrowed-study' | 'experimental'>();
    expectTypeOf<string>().toExtend<PasswordSource>();
    expectTypeOf<Uint8Array>().toExtend<PasswordSource>();
    expectTypeOf<() => Promise<string>>().toExtend<PasswordSource>();
    expectTypeOf<number>().not.toExtend<PasswordSource>();
  });

  it('ask for what has no default', () => {
    type Required<T> = { [K in keyof T]-?: undefined extends T[K] ? never : K }[keyof T];
    expectTypeOf<Required<ExportOptions>>().toEqualTypeOf<'nationalIds' | 'reason' | 'outFolder' | 'password'>();
    expectTypeOf<Required<ImportOptions>>().toEqualTypeOf<'zipFile' | 'password'>();
    expectTypeOf<Required<LoadOptions>>().toEqualTypeOf<'path'>();
  });

  it('say what comes back', () => {
    expectTypeOf(exportPackage).returns.resolves.toEqualTypeOf<ExportResult>();
    expectTypeOf(importPackage).returns.resolves.toEqualTypeOf<ImportResult>();
    expectTypeOf(verifyPackage).returns.resolves.toEqualTypeOf<VerificationReport>();
    expectTypeOf<LpxError['code']>().toExtend<`LPX_${string}`>();
  });

  it('let no store be made up', () => {
    expectTypeOf<{ folder: string; school: { code: string; name: string }; close(): Promise<void> }>().not.toExtend<Store>();
  });

  it('offer every option that the use cases have, but for those of the command line and of tests', () => {
    // What is missing stands in the error. An option that a use case gains goes into src/library/exchange.ts too.
    type Own =
      | 'namedAt'
      | 'random'
      | 'limits'
      | 'known'
      | 'helper'
      | 'accept'
      | 'retried'
      | 'batch'
      | 'engine'
      | 'shared'
      | 'seen'
      | 'request';
    expectTypeOf<Exclude<keyof ExportRequest, keyof ExportOptions | Own>>().toEqualTypeOf<never>();
    expectTypeOf<Exclude<keyof ImportRequest, keyof ImportOptions | Own>>().toEqualTypeOf<never>();
    expectTypeOf<Exclude<keyof LoadRequest, keyof LoadOptions | Own>>().toEqualTypeOf<never>();
  });
});
