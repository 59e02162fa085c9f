/** The reasons for an export that `--reason` takes; apart from the use case, which is loaded when it runs. */
import type { ExportReason } from '../exchange/export.js';

export const EXPORT_REASONS: readonly ExportReason[] = ['transfer', 'borrowed-study', 'experimental'];
