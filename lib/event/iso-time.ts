let lastTime = Number.NaN;
let lastText = '';

/** ISO 8601 in UTC with milliseconds; now, when the time is none. Many events fall into one millisecond. */
export function isoTime(time: number): string {
  const valid = Math.abs(time) <= 8.64e15 ? time : Date.now();
  if (valid !== lastTime) {
    lastText = new Date(valid).toISOString();
    lastTime = valid;
  }
  return lastText;
}
