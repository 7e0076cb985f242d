/*
 * Spreadsheets take a cell that begins so for a formula, and some look behind spaces, quotes and what separates cells in
 * other countries. Full-width forms count too.
 */
const FORMULA = /(^|[\t;|])([\s'"]*)([=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

/** A line of comma-separated values, RFC 4180. No cell is one that a spreadsheet would compute, and each is one line. */
export function csvLine(cells: readonly (string | number | undefined)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const harmless = value.replaceAll(FORMULA, "$1'$2$3");
  return `"${harmless.replaceAll('"', '""')}"`;
}
