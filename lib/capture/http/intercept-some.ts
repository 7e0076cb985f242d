import type { CallHandler, ExecutionContext } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { auditEventOf } from '../audit-metadata.js';
import type { AuditRecorder } from '../audit-recorder.js';
import { demandOf, type GuaranteeChoice } from '../guarantee.js';
import { INTERCEPTORS_METADATA } from '../nest-metadata.js';
import { ImmutableLogInterceptor } from './audit.interceptor.js';
import { routeHandlers } from './handler-stamps.js';
import { contextOf } from './http-context.js';

export interface Reach {
  /** Handlers with `@AuditEvent()` too, their own or their class's. */
  readonly named: boolean;
  /** The guarantee of routes that say nothing. */
  readonly otherwise: GuaranteeChoice;
  readonly recorder: AuditRecorder;
}

/** For the requests of one application: its controllers' metadata is there for all that the process makes. */
class OwnInterceptor extends ImmutableLogInterceptor {
  constructor(private readonly recorder: AuditRecorder) {
    super();
  }

  override intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const isOwn = context.getType() === 'http' && contextOf(context.getArgByIndex(0))?.recorder === this.recorder;
    return isOwn ? super.intercept(context, next) : next.handle();
  }
}

/**
 * Puts the interceptor around handlers whose answers wait for their events, which have to know of streams, and around named
 * ones where that is asked for; before routes are registered. NestJS takes instances from the metadata as they are, at
 * that moment.
 */
export function interceptSome(modules: ModulesContainer, { named, otherwise, recorder }: Reach): void {
  const interceptor = new OwnInterceptor(recorder);
  for (const { controller, handler } of routeHandlers(modules)) {
    const said = auditEventOf(controller, handler);
    if ((named && Object.keys(said).length > 0) || demandOf(said, otherwise)) intercept(handler, interceptor);
  }
}

function intercept(handler: object, interceptor: OwnInterceptor): void {
  const before = (Reflect.getMetadata(INTERCEPTORS_METADATA, handler) ?? []) as readonly unknown[];
  const others = before.filter((one) => !(one instanceof OwnInterceptor));
  Reflect.defineMetadata(INTERCEPTORS_METADATA, [interceptor, ...others], handler);
}
