/** Packages that are only installed where something asks for them: a database, a queue, logs for machines. */
import { createRequire } from 'node:module';

/**
 * Loads an npm package by `require`: the bundle leaves that as it is, and on Node.js 20 compiled code cannot `import` anything.
 * @returns undefined where the package is not installed, as in a single file
 */
export function optionalPackage<T>(name: string): T | undefined {
  try {
    return createRequire(import.meta.url)(name) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
