/** lpx as a single file: what `bin/lpx.js` is for a folder of files. What lies next to that is an asset here. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { getAsset } from 'node:sea';
import { run } from '../bin/run.js';
import { main } from '../src/cli/main.ts';

const { version, sample } = JSON.parse(getAsset('index.json', 'utf8'));

run(() => main, {
  home: undefined,
  version,
  copySample: async (folder) => {
    for (const name of sample) {
      const file = join(folder, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, Buffer.from(getAsset(name)));
    }
  },
});
