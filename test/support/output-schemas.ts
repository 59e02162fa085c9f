/** The schemas of what `--json` prints. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';

const FOLDER = fileURLToPath(new URL('../../schemas/output', import.meta.url));
const read = (name: string) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));
const ajv = new Ajv2020({ allErrors: true, strict: false, schemas: readdirSync(FOLDER).map(read) });

/** What is wrong with an output by its command's schema; empty when nothing is. */
export function outputFaults(output: { readonly command: string }, document: object = output): string[] {
  const validate = ajv.getSchema(`${output.command}.schema.json`);
  if (!validate) return [`no schema for ${output.command}`];
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
