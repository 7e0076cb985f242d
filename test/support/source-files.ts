import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '../..');

export interface SourceImport {
  readonly specifier: string;
  /** The imported file below lib/, for relative specifiers. */
  readonly file?: string;
  /** Of types only: nothing is loaded. */
  readonly isType: boolean;
}

export interface SourceFile {
  /** Path below lib/, with slashes: `event/redact.ts`. */
  readonly path: string;
  readonly text: string;
  readonly ast: ts.SourceFile;
  readonly imports: readonly SourceImport[];
}

/** A function with a body, under the name a reader would look for. */
export interface SourceFunction {
  readonly name: string;
  readonly lines: number;
  /** Parameters a caller passes by position: `this` and what Nest injects are not among them. */
  readonly positional: number;
}

/** Every TypeScript file below lib/, parsed. */
export function readLib(): SourceFile[] {
  const root = join(projectRoot, 'lib');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep).join('/'))
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => parse(path, readFileSync(join(root, path), 'utf8')));
}

/** A file of the project as text, by its path from the top. */
export function readProjectFile(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

export function parse(path: string, text: string): SourceFile {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports = specifiersOf(ast).map((found) => ({ ...found, file: targetOf(path, found.specifier) }));
  return { path, text, ast, imports };
}

/** Every node of a file, parents first. */
export function nodesOf(file: SourceFile): ts.Node[] {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(file.ast);
  return found;
}

export function functionsOf(file: SourceFile): SourceFunction[] {
  return nodesOf(file)
    .filter((node) => ts.isFunctionLike(node))
    .filter((node) => 'body' in node && node.body !== undefined)
    .map((node) => ({
      name: nameOf(node),
      lines: lineAt(file, node.getEnd()) - lineAt(file, node.getStart(file.ast)) + 1,
      positional: node.parameters.filter(isPositional).length,
    }));
}

/** One cycle among the imports of these files as the list of its files, or undefined. */
export function findCycle(files: readonly SourceFile[]): string[] | undefined {
  const importsOf = new Map(files.map((file) => [file.path, file.imports.flatMap(({ file: target }) => target ?? [])]));
  const done = new Set<string>();
  const follow = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of importsOf.get(path) ?? []) {
      const cycle = follow(next, [...trail, path]);
      if (cycle) return cycle;
    }
    done.add(path);
    return undefined;
  };
  return files.map((file) => follow(file.path, [])).find((cycle) => cycle !== undefined);
}

/** Static imports, re-exports, `import()` of a literal and `import()` types: an arrow is an arrow. */
function specifiersOf(ast: ts.SourceFile): Omit<SourceImport, 'file'>[] {
  const found: Omit<SourceImport, 'file'>[] = [];
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier && ts.isStringLiteralLike(specifier))
      found.push({ specifier: specifier.text, isType: isOfTypes(node) });
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return found;
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  const imports = expression.kind === ts.SyntaxKind.ImportKeyword;
  const requires = ts.isIdentifier(expression) && expression.text === 'require';
  return imports || requires ? node.arguments[0] : undefined;
}

function isOfTypes(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
  return ts.isImportTypeNode(node) || (ts.isExportDeclaration(node) && node.isTypeOnly);
}

/** The files below lib/ that are loaded with one, itself among them. */
export function loadedWith(path: string, files: readonly SourceFile[]): SourceFile[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const loaded = new Set<SourceFile>();
  const load = (next: string | undefined): void => {
    const file = next === undefined ? undefined : byPath.get(next);
    if (file === undefined || loaded.has(file)) return;
    loaded.add(file);
    for (const { file: target, isType } of file.imports) if (!isType) load(target);
  };
  load(path);
  return [...loaded];
}

function targetOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
}

function isPositional(parameter: ts.ParameterDeclaration): boolean {
  const injected = ts.canHaveDecorators(parameter) && (ts.getDecorators(parameter) ?? []).length > 0;
  return !injected && parameter.name.getText() !== 'this';
}

function nameOf(node: ts.SignatureDeclaration): string {
  const owner = ts.isClassLike(node.parent) ? `${node.parent.name?.text ?? 'class'}.` : '';
  if (ts.isConstructorDeclaration(node)) return `${owner}constructor`;
  if (node.name) return owner + node.name.getText();
  const { parent } = node;
  const named = ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent);
  return named ? parent.name.getText() : 'arrow function';
}

function lineAt(file: SourceFile, position: number): number {
  return file.ast.getLineAndCharacterOfPosition(position).line + 1;
}
