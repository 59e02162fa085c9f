/** The kinds of what happens to a school's store. */
export const HISTORY_KINDS = [
  'init',
  'school',
  'load',
  'export',
  'import',
  'pick',
  'register',
  'files',
  'receipt',
  'leave',
  'recover',
  'verify',
  'erase',
  'backup',
  'rehearsal',
  'restore',
  'repair',
  'probe',
  'undo',
  'remove',
] as const;
export type HistoryKind = (typeof HISTORY_KINDS)[number];
