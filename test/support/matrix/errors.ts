/** What the application under test throws on purpose; each class is answered by the filter of its name. */
export class DomainError extends Error {}

export class UseGlobalError extends Error {}

export class CtrlError extends Error {}

export class AsyncFilterError extends Error {}
