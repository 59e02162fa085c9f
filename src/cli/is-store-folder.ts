import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a folder is a store: it has the database in it. */
export const isStoreFolder = (folder: string): boolean => existsSync(join(folder, 'lpx.sqlite'));
