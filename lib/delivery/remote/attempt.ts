/** What came of one attempt to hand one event over. Never holds a credential. */
export type Attempt =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** From `Retry-After`, as the server gave it: not yet bounded. */
      readonly retryAfterMs?: number;
      readonly body: AnswerBody;
    }
  | {
      /** No answer at all: connection, time-out, abort. */
      readonly kind: 'network';
      readonly message: string;
    };

export type AnswerBody =
  { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'unreadable'; readonly why: string };
