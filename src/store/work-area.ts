/** Where processes that use one store have their work folders, and each sees whose are left over. */
import { lstatSync } from 'node:fs';
import { fileError } from '../io/file-error.js';
import { makeFolders } from '../io/folders.js';
import { type Access, setMode } from './access.js';
import { sweepWorkFolders, WorkFolder } from './work-folder.js';

export class WorkArea {
  readonly #folder: string;
  readonly #prefix: string;
  /** The modes of what is made in it. */
  readonly access: Access;

  /** @param prefix of the names of work folders */
  constructor(folder: string, prefix: string, access: Access) {
    this.#folder = folder;
    this.#prefix = prefix;
    this.access = access;
  }

  /** A folder of this process, known by its lock while the process lives. @throws LPX_DISK_FULL, LPX_WRITE_FAILED */
  async create(): Promise<WorkFolder> {
    try {
      if (makeFolders(this.#folder, this.access.folder).length > 0) setMode(this.#folder, this.access.folder);
      return await WorkFolder.create(this.#folder, this.#prefix, this.access);
    } catch (error) {
      throw fileError(error, this.#folder, 'writing');
    }
  }

  /** Removes the folders of processes that are gone. @param putBack called with each of them first; when it throws, the folder stays */
  async sweep(putBack: (path: string) => Promise<void>): Promise<void> {
    // A link leads to a folder of which others may have a part.
    if (!lstatSync(this.#folder, { throwIfNoEntry: false })?.isDirectory()) return;
    await sweepWorkFolders(this.#folder, this.#prefix, putBack);
  }
}
