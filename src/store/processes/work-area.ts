/** Where processes that use one store have their work folders, and each sees whose are left over. */
import { lstatSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileError } from '../../io/file-error.js';
import { makeFolders } from '../../io/folders.js';
import { type Access, setMode } from '../access.js';
import type { Presence } from './presence.js';
import { sweepAnnounced, sweepWorkFolders, WorkFolder } from './work-folder.js';

export class WorkArea {
  readonly #folder: string;
  readonly #prefix: string;
  readonly #presence: Presence | undefined;
  /** The modes of what is made in it. */
  readonly access: Access;

  /**
   * @param prefix of the names of work folders
   * @param presence says who lives, where a lock in the folder does not
   */
  constructor(folder: string, prefix: string, { access, presence }: { readonly access: Access; readonly presence?: Presence | undefined }) {
    this.#folder = folder;
    this.#prefix = prefix;
    this.access = access;
    this.#presence = presence;
  }

  /** A folder of this process, known to others while the process lives. @throws LPX_DISK_FULL, LPX_WRITE_FAILED, LPX_DATABASE_LOST */
  async create(): Promise<WorkFolder> {
    try {
      if (makeFolders(this.#folder, this.access.folder).length > 0) setMode(this.#folder, this.access.folder);
      const { access } = this;
      if (this.#presence) return await WorkFolder.announced(this.#folder, this.#prefix, { access, presence: this.#presence });
      return await WorkFolder.create(this.#folder, this.#prefix, access);
    } catch (error) {
      throw fileError(error, this.#folder, 'writing');
    }
  }

  /** Removes the folders of processes that are gone. @param putBack called with each of them first; when it throws, the folder stays */
  async sweep(putBack: (path: string) => Promise<void>): Promise<void> {
    // A link leads to a folder of which others may have a part.
    if (this.#folder !== tmpdir() && !lstatSync(this.#folder, { throwIfNoEntry: false })?.isDirectory()) return;
    if (this.#presence) await sweepAnnounced(this.#folder, this.#prefix, { presence: this.#presence, putBack });
    else await sweepWorkFolders(this.#folder, this.#prefix, putBack);
  }
}
