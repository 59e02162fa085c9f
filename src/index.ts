/**
 * The library: a student's learning portfolio from one school's store to the next. Each function runs in a thread of its
 * own, so that a server keeps answering, and rejects with `LpxError`.
 */
export { type Code, type Facts, type Finding, LpxError, type Place, type Severity } from './errors.js';
export type { ExportedPackage, ExportedStudent, ExportResult, LeftOut, SkippedStudent } from './exchange/export.js';
export type { ImportedStudent, ImportResult, RecordChange } from './exchange/import.js';
export type { LoadedStudent, LoadResult } from './exchange/load.js';
export type { FileView, RecordView, StudentView } from './exchange/show.js';
export type { PackageFacts, PasswordSource, SignatureSource, StudentFacts, VerificationReport } from './exchange/verify.js';
export {
  type ActOptions,
  type ExportOptions,
  exportPackage,
  type ImportOptions,
  importPackage,
  type LoadOptions,
  loadFolder,
  type ShownPackage,
  showPackage,
  type VerifyOptions,
  verifyPackage,
} from './library/exchange.js';
export { type CallOptions, createStore, type NewSchool, openStore, type ProgressOptions, type Store } from './library/store.js';
export type { UnfitStudent } from './spec/findings.js';
export type { School } from './store/store.js';
