/** A TypeScript example of a document: a whole module. */
export interface CodeBlock {
  /** File name, from the first line of the block: ```ts main.ts */
  readonly name: string;
  readonly code: string;
  /** Line of the document on which the code begins. */
  readonly line: number;
}

/** The TypeScript blocks of a Markdown text. Throws when one has no name: it would be run by nobody. */
export function readCodeBlocks(markdown: string): CodeBlock[] {
  const lines = markdown.split('\n');
  return lines.flatMap((line, index) => {
    const [fence, name] = line.split(' ');
    if (fence !== '```ts' && fence !== '```typescript') return [];
    if (name === undefined) throw new Error(`Line ${index + 1}: this block needs a file name, as in \`\`\`ts main.ts`);
    const end = lines.indexOf('```', index + 1);
    return [{ name, code: `${lines.slice(index + 1, end).join('\n')}\n`, line: index + 2 }];
  });
}
