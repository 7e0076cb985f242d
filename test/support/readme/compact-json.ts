const WIDTH = 118;

/** JSON for people: as many members on a line as fit. */
export function compactJson(value: unknown, indent = ''): string {
  const line = JSON.stringify(value, undefined, 1).replace(/\n\s*/g, ' ');
  if (typeof value !== 'object' || value === null || indent.length + line.length < WIDTH - 20) return line;
  const inner = `${indent}  `;
  const members = Object.entries(value).map(
    ([name, member]) => `${Array.isArray(value) ? '' : `${JSON.stringify(name)}: `}${compactJson(member, inner)}`,
  );
  const [open = '', close = ''] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return `${open}\n${fill(members, inner)}\n${indent}${close}`;
}

function fill(members: readonly string[], indent: string): string {
  const lines: string[] = [];
  for (const member of members) {
    const last = lines.at(-1);
    const joined = `${last ?? ''}, ${member}`;
    const fits = last !== undefined && !joined.includes('\n') && indent.length + joined.length < WIDTH;
    if (fits) lines[lines.length - 1] = joined;
    else lines.push(member);
  }
  return lines.map((line) => indent + line).join(',\n');
}
