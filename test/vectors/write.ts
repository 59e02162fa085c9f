/** Writes `vectors/`: `npm run vectors`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { it } from 'vitest';
import { LARGEST_VECTOR, VECTORS, type VectorFile, vectors, verdictOn } from '../fixtures/vectors.js';
import { sign } from '../support/schools.js';
import { put } from '../support/zips.js';

it('writes the vectors', async () => {
  for (const kind of ['hostile', 'odd']) rmSync(join(VECTORS, kind), { recursive: true, force: true });
  for (const { path, name, password, make } of vectors()) {
    const bytes = await make();
    if (bytes.length > LARGEST_VECTOR) {
      console.log(`left out, ${bytes.length} bytes: ${name}`);
      continue;
    }
    mkdirSync(dirname(join(VECTORS, path)), { recursive: true });
    const zipFile = put(join(VECTORS, `${path}.zip`), bytes);
    sign(zipFile);
    const vector: VectorFile = { name, password: password.toString(), ...(await verdictOn(zipFile, password)) };
    writeFileSync(join(VECTORS, `${path}.json`), `${JSON.stringify(vector, null, 2)}\n`);
  }
});
