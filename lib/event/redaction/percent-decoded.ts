/** A text as it was before it was percent-encoded; itself where it is not encoded, or wrongly. */
export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
