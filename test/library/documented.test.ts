/** What a vendor's editor shows of the library. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const INDEX = fileURLToPath(new URL('../../src/index.ts', import.meta.url));

interface Exported {
  readonly name: string;
  readonly kind: 'function' | 'class' | 'type';
  /** The tags of its comment; undefined when it has none. */
  readonly tags: readonly string[] | undefined;
  /** Members without a comment, of those whose name does not say it all. */
  readonly silent: readonly string[];
}

const parsed = (file: string) => ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);

/** Where each export is declared, however often it is passed on. */
function* exportsOf(file: string, only?: string): Generator<Exported> {
  for (const statement of parsed(file).statements) {
    if (
      ts.isExportDeclaration(statement) &&
      statement.moduleSpecifier &&
      statement.exportClause &&
      ts.isNamedExports(statement.exportClause)
    ) {
      const from = join(dirname(file), (statement.moduleSpecifier as ts.StringLiteral).text.replace(/\.js$/, '.ts'));
      for (const { name, propertyName } of statement.exportClause.elements)
        if (only === undefined || name.text === only) yield* exportsOf(from, (propertyName ?? name).text);
    } else if (only !== undefined && isDeclaration(statement) && statement.name?.text === only) yield exportedFrom(statement);
  }
}

type Declaration = ts.FunctionDeclaration | ts.ClassDeclaration | ts.InterfaceDeclaration | ts.TypeAliasDeclaration;
const isDeclaration = (node: ts.Node): node is Declaration =>
  ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);

function exportedFrom(declaration: Declaration): Exported {
  const tagsOf = (node: ts.Node) => {
    const comments = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
    return comments.length === 0 ? undefined : comments.flatMap(({ tags = [] }) => tags.map(({ tagName }) => tagName.text));
  };
  const kind = ts.isFunctionDeclaration(declaration) ? 'function' : ts.isClassDeclaration(declaration) ? 'class' : 'type';
  const options = ts.isInterfaceDeclaration(declaration) && declaration.name.text.endsWith('Options') ? [...declaration.members] : [];
  const silent = options.filter((member) => !tagsOf(member)).map((member) => member.name?.getText() ?? '');
  return { name: declaration.name?.text ?? '', kind, tags: tagsOf(declaration), silent };
}

const exported = [...exportsOf(INDEX)];

describe('an export of the library', () => {
  it('is found wherever it is declared', () => {
    const names = exported.map(({ name }) => name);
    for (const name of ['LpxError', 'Store', 'PasswordSource', 'exportPackage', 'ExportOptions']) expect(names).toContain(name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('that is a function says in its comment which errors it throws, by code, and shows an example', () => {
    const functions = exported.filter(({ kind }) => kind === 'function');
    expect(functions.map(({ name }) => name).sort()).toEqual([
      'createStore',
      'exportPackage',
      'importPackage',
      'loadFolder',
      'openStore',
      'showPackage',
      'verifyPackage',
    ]);
    expect(functions.filter(({ tags }) => !tags?.includes('throws') || !tags.includes('example'))).toEqual([]);
  });

  it('that is a class or holds options has a comment, as has each option but those that their name explains', () => {
    const named = exported.filter(({ name, kind }) => kind === 'class' || name.endsWith('Options'));
    const obvious = ['reason', 'zipFile'];
    expect(
      named.filter(({ name, tags }) => !tags && !['LoadOptions', 'ExportOptions', 'VerifyOptions', 'ImportOptions'].includes(name)),
    ).toEqual([]);
    expect(
      named.flatMap(({ name, silent }) => silent.filter((member) => !obvious.includes(member)).map((member) => `${name}.${member}`)),
    ).toEqual([]);
  });
});

describe('a code that a comment of the library names', () => {
  it('is one that there is', async () => {
    const { CATALOGUE } = await import('#lpx/errors.js');
    const named = ['exchange', 'store'].flatMap((file) =>
      [...readFileSync(join(dirname(INDEX), 'library', `${file}.ts`), 'utf8').matchAll(/LPX_[A-Z_]+/g)].map(([code]) => code),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((code) => !(code in CATALOGUE))).toEqual([]);
  });
});
