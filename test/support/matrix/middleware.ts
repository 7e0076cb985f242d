import type { ServerResponse } from 'node:http';
import { ForbiddenException } from '@nestjs/common';
import { DomainError } from './errors.js';

/** Functional middleware: the raw request and response on Fastify, Express's own on Express. */
type Next = (error?: unknown) => void;

export function throwing(): void {
  throw new DomainError('mw');
}

export function nextWithError(_request: unknown, _response: ServerResponse, next: Next): void {
  next(new ForbiddenException('mw-next'));
}

export function ending(_request: unknown, response: ServerResponse): void {
  response.statusCode = 401;
  response.end('ended by middleware');
}
