/**
 * The library: a student's learning portfolio from one school's store to the next. Each function runs in a thread of its
 * own, so that a server keeps answering, and rejects with `LpxError`.
 */
export { type Code, type Facts, type Finding, LpxError, type Place, type Severity } from './errors.js';
export type { ExportedPackage, ExportedStudent, ExportResult, LeftOut, NamedStudent, SkippedStudent } from './exchange/export.js';
export type { ImportedStudent, RecordChange } from './exchange/import/plan.js';
export type { ImportResult } from './exchange/import.js';
export type { LoadedStudent, LoadResult, NamedRecord } from './exchange/load.js';
export type { FileView, RecordVersion, RecordView, StudentView } from './exchange/show.js';
export type { PackageFacts, PasswordSource, SignatureSource, StudentFacts, VerificationReport } from './exchange/verify.js';
export {
  type ActOptions,
  type CheckOptions,
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
export type { Password } from './package/password-source.js';
export type { CheckName, CheckResult, CheckStatus } from './package/verification.js';
export type { UnfitStudent } from './spec/findings.js';
export type { BasicData, RecordCounts } from './spec/portfolio.js';
export type { ExchangeReason } from './spec/status-changes.js';
export type { BasicDataChange, School } from './store/store.js';
export type { Encryption } from './zip/writer.js';
