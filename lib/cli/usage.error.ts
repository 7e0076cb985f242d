/** The command cannot be done as it was given. */
export class UsageError extends Error {}
