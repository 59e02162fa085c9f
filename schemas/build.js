/**
 * Turns the schemas into code, before tsc runs: record types and the wire table from the exchange
 * document, precompiled validators (ajv standalone), and the types of receipts and of every `--json` output.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standaloneCode from 'ajv/dist/standalone/index.js';

const schemaFolder = dirname(fileURLToPath(import.meta.url));
const sourceFolder = join(schemaFolder, '..', 'src');
const read = (name) => JSON.parse(readFileSync(join(schemaFolder, name), 'utf8'));
const write = (name, ...parts) => {
  const file = join(sourceFolder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `// Made from schemas/ by schemas/build.js. Do not edit.\n${parts.join('\n\n')}\n`);
};

const exchange = read('exchange-document.schema.json');
const receipt = read('receipt.schema.json');
const VOCABULARY = [
  'x-name',
  'x-list',
  'x-default',
  'x-advised',
  'x-max',
  'x-brief',
  'x-shape',
  'x-link',
  'x-md5',
  'x-same-as',
  'x-codes',
  'x-omit-empty',
  'x-key',
];

const pascal = (name) => name[0].toUpperCase() + name.slice(1);
const definition = (name) => exchange.$defs[name];
const types = (schema) => [schema.type].flat();

/** The properties that are fields of a record in code: attachments and copies of basic data are not. */
const isField = (schema) => schema['x-name'] && !schema['x-link'] && !schema['x-md5'] && !schema['x-same-as'];

function fieldType(schema) {
  if (types(schema).includes('boolean')) return 'boolean';
  return types(schema).some((type) => type === 'integer' || type === 'number') ? 'number' : 'string';
}

function recordInterface(name, schema) {
  const fields = Object.entries(schema.properties)
    .filter(([, property]) => isField(property))
    .map(
      ([wire, property]) =>
        `  /** ${wire}${property.description ? `: ${property.description}` : ''} */\n  ${property['x-name']}: ${fieldType(property)};`,
    );
  return `/** ${schema.description} */\nexport interface ${pascal(name)} {\n${fields.join('\n')}\n}`;
}

function wireProperty([wire, schema]) {
  const type = fieldType(schema);
  return {
    wire,
    name: schema['x-name'],
    type,
    whenAbsent: schema['x-default'] ?? { string: '', number: 0, boolean: false }[type],
    ...(schema['x-link'] && { role: 'link', slot: schema['x-link'] }),
    ...(schema['x-md5'] && { role: 'md5', slot: schema['x-md5'] }),
    ...(schema['x-same-as'] && { role: 'copy' }),
    ...(schema['x-omit-empty'] && { omitEmpty: true }),
    ...(schema['x-key'] && { key: true }),
    ...(schema['x-advised'] && { advised: true }),
    ...(schema['x-max'] && { max: schema['x-max'] }),
    ...(schema['x-brief'] && { brief: schema['x-brief'] }),
    ...(schema['x-shape'] && { shape: schema['x-shape'] }),
    ...(schema['x-codes'] && { codes: schema['x-codes'] }),
  };
}

const listsIn = (owner) =>
  Object.entries(exchange.$defs[owner].properties).flatMap(([wire, property]) =>
    property['x-list'] ? [{ name: property['x-list'], wire, owner, record: property.items.$ref.split('/').pop() }] : [],
  );
const lists = [...listsIn('basicData'), ...listsIn('student'), ...listsIn('multiPerformances')];
const tableOf = (schema) =>
  Object.entries(schema.properties)
    .filter(([, property]) => property['x-name'])
    .map(wireProperty);

write(
  'spec/generated/records.ts',
  recordInterface('basicData', exchange.$defs.basicData),
  ...lists.map((list) => recordInterface(list.record, exchange.$defs[list.record])),
  `/** The record type of each list. */\nexport interface RecordOf {\n${lists.map((list) => `  ${list.name}: ${pascal(list.record)};`).join('\n')}\n}`,
  '/** A list of records, by its English name. */\nexport type ListName = keyof RecordOf;',
);
write(
  'spec/generated/wire-table.ts',
  "import type { CodeTableName } from '../codes.js';\nimport type { ListName } from './records.js';",
  `/** What a text has to look like; the sentence for each is in messages/. */
export type Shape = ${[
    ...new Set(lists.flatMap((list) => Object.values(definition(list.record).properties)).map((property) => property['x-shape'])),
  ]
    .filter(Boolean)
    .map((shape) => `'${shape}'`)
    .join(' | ')};`,
  `/** One property on the wire and in code. */
export interface WireProperty {
  readonly wire: string;
  readonly name: string;
  readonly type: 'string' | 'number' | 'boolean';
  readonly whenAbsent: string | number | boolean;
  /** Attachment links, their MD5s and copies of basic data are not fields of the record. */
  readonly role?: 'link' | 'md5' | 'copy';
  readonly slot?: 'document' | 'media';
  readonly omitEmpty?: true;
  /** One of the fields that tell a record from the others of its list. */
  readonly key?: true;
  readonly advised?: true;
  readonly max?: number;
  readonly brief?: number;
  readonly shape?: Shape;
  readonly codes?: CodeTableName;
}

/** One list of records: where it stands on the wire and what its records hold, in wire order. */
export interface WireList {
  readonly name: ListName;
  readonly wire: string;
  readonly owner: 'basicData' | 'student' | 'multiPerformances';
  readonly properties: readonly WireProperty[];
}`,
  `export const BASIC_DATA: readonly WireProperty[] = ${JSON.stringify(tableOf(exchange.$defs.basicData), null, 2)};`,
  `export const LISTS: readonly WireList[] = ${JSON.stringify(
    lists.map((list) => ({ name: list.name, wire: list.wire, owner: list.owner, properties: tableOf(definition(list.record)) })),
    null,
    2,
  )};`,
);

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  allowUnionTypes: true,
  code: { source: true, esm: true },
  schemas: [exchange, receipt],
});
for (const keyword of VOCABULARY) ajv.addVocabulary([keyword]);
const validators = standaloneCode.default(ajv, {
  validateDocument: exchange.$id,
  validateReceipt: receipt.$id,
});
if (validators.includes('require(')) throw new Error('a validator needs ajv at run time');
write('spec/generated/validators.ts', '// @ts-nocheck', validators);

/** A TypeScript type for the plain part of JSON Schema that the outputs use. */
function outputType(schema, indent = '') {
  if (schema.$ref) return pascal(schema.$ref.split('/').pop());
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.oneOf) return schema.oneOf.map((one) => outputType(one, indent)).join(' | ');
  return types(schema)
    .map((type) => {
      if (type === 'integer') return 'number';
      if (type === 'array') return `readonly (${outputType(schema.items, indent)})[]`;
      if (type !== 'object') return type;
      if (!schema.properties) return `{ readonly [key: string]: ${outputType(schema.additionalProperties, indent)} }`;
      const required = new Set(schema.required ?? []);
      const inner = `${indent}  `;
      const fields = Object.entries(schema.properties).map(
        ([key, property]) => `${inner}readonly ${JSON.stringify(key)}${required.has(key) ? '' : '?'}: ${outputType(property, inner)};`,
      );
      return `{\n${fields.join('\n')}\n${indent}}`;
    })
    .join(' | ');
}

write('spec/generated/receipt.ts', `/** ${receipt.description} */\nexport type ${receipt.title} = ${outputType(receipt)};`);

const outputFiles = readdirSync(join(schemaFolder, 'output')).sort();
const outputs = outputFiles.map((name) => read(join('output', name)));
write(
  'cli/generated/outputs.ts',
  ...outputs
    .flatMap((schema) => Object.entries(schema.$defs ?? {}))
    .map(([name, schema]) => `export type ${pascal(name)} = ${outputType(schema)};`),
  ...outputs
    .filter((schema) => schema.title)
    .map((schema) => `/** ${schema.description} */\nexport type ${schema.title} = ${outputType(schema)};`),
);
