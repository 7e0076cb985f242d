/** Shorter values are no secrets, and would be found in ordinary words. */
const MIN_SECRET_LENGTH = 6;

/** A function that takes the given secrets out of texts from outside, before these reach a log or an error. */
export function createScrubber(secrets: readonly (string | undefined)[]): (text: string) => string {
  const known = secrets.filter((secret) => secret !== undefined && secret.length >= MIN_SECRET_LENGTH) as string[];
  return (text) => known.reduce((clean, secret) => clean.replaceAll(secret, '[secret]'), text);
}
