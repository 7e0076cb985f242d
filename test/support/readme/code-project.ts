import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { projectRoot } from '../source-files.js';
import type { CodeBlock } from './code-blocks.js';

// Below the project, so that packages are found, and under a name that Git, ESLint and Prettier leave alone.
const workshop = join(dirname(fileURLToPath(import.meta.url)), 'dist');

/** Code blocks as files side by side: one project that is compiled and run. */
export class CodeProject {
  private constructor(
    private readonly directory: string,
    private readonly blocks: readonly CodeBlock[],
  ) {}

  static write(blocks: readonly CodeBlock[]): CodeProject {
    mkdirSync(workshop, { recursive: true });
    const directory = mkdtempSync(join(workshop, 'code-'));
    for (const { name, code } of blocks) writeFileSync(join(directory, name), code);
    return new CodeProject(directory, blocks);
  }

  /** What the TypeScript compiler says with the project's own settings, by the document's lines. */
  typeErrors(): string[] {
    const program = ts.createProgram(
      this.blocks.map(({ name }) => join(this.directory, name)),
      compilerOptions(),
    );
    const diagnostics = [...program.getGlobalDiagnostics(), ...this.sourcesOf(program).flatMap(diagnosticsIn(program))];
    return diagnostics.map((diagnostic) => this.describe(diagnostic));
  }

  /** Runs a block, as `node` would run a file of that name. */
  async run(name: string): Promise<Record<string, unknown>> {
    return (await import(join(this.directory, name))) as Record<string, unknown>;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private sourcesOf(program: ts.Program): ts.SourceFile[] {
    return program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(this.directory));
  }

  private describe({ file, start = 0, messageText }: ts.Diagnostic): string {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    const block = this.blocks.find(({ name }) => file?.fileName.endsWith(name) === true);
    if (file === undefined || block === undefined) return text;
    return `line ${block.line + file.getLineAndCharacterOfPosition(start).line}, ${block.name}: ${text}`;
  }
}

function diagnosticsIn(program: ts.Program) {
  return (source: ts.SourceFile): readonly ts.Diagnostic[] => [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ];
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(projectRoot, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: Record<string, unknown>;
  };
  return ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, projectRoot).options;
}
