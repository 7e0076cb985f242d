import { expect } from '@jest/globals';
import { Catch, Controller, NotFoundException, UseFilters, UseGuards, type CanActivate } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { of, throwError, type Observable } from 'rxjs';

class DomainError extends Error {}

class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Catch(DomainError)
class DomainFilter {
  catch(error: DomainError): Observable<never> {
    return throwError(() => ({ status: 'domain', message: error.message }));
  }
}

/** Every way of a message handler to answer and to fail. */
@Controller()
export class SumsController {
  private readonly seen: unknown[] = [];

  @MessagePattern('sum')
  sum(@Payload() numbers: number[]): number {
    return numbers.reduce((total, one) => total + one, 0);
  }

  @MessagePattern({ cmd: 'later' })
  async later(@Payload() value: string): Promise<string> {
    return `later ${value}`;
  }

  @MessagePattern('many')
  many(): Observable<number> {
    return of(1, 2, 3);
  }

  @MessagePattern('seen')
  events(): unknown[] {
    return this.seen;
  }

  @MessagePattern('error')
  error(): never {
    throw new Error('secret of the server');
  }

  @MessagePattern('late error')
  async lateError(): Promise<never> {
    throw new TypeError('secret of the server');
  }

  @MessagePattern('rpc text')
  rpcText(): never {
    throw new RpcException('no such account');
  }

  @MessagePattern('rpc object')
  rpcObject(): Observable<never> {
    return throwError(() => new RpcException({ code: 'NO_ACCOUNT', account: 7 }));
  }

  @MessagePattern('http exception')
  httpException(): never {
    throw new NotFoundException('no such account');
  }

  @MessagePattern('not an error')
  notAnError(): never {
    throw 'a string';
  }

  @MessagePattern('filtered')
  @UseFilters(DomainFilter)
  filtered(): never {
    throw new DomainError('overdrawn');
  }

  @MessagePattern('guarded')
  @UseGuards(NobodyGuard)
  guarded(): string {
    return 'never';
  }

  @EventPattern('happened')
  happened(@Payload() what: unknown): void {
    this.seen.push(what);
  }

  @EventPattern('went wrong')
  wentWrong(@Payload() what: unknown): void {
    this.seen.push(what);
    throw new Error('in an event handler');
  }
}

/** Pattern, data, and what the client gets: values, or the error that it is thrown. */
export const conversation: readonly (readonly [unknown, unknown, unknown])[] = [
  ['sum', [1, 2, 3], [6]],
  [{ cmd: 'later' }, 'x', ['later x']],
  ['many', {}, [1, 2, 3]],
  ['error', {}, { thrown: { status: 'error', message: 'Internal server error' } }],
  ['late error', {}, { thrown: { status: 'error', message: 'Internal server error' } }],
  ['rpc text', {}, { thrown: { status: 'error', message: 'no such account' } }],
  ['rpc object', {}, { thrown: { code: 'NO_ACCOUNT', account: 7 } }],
  ['http exception', {}, { thrown: { status: 'error', message: 'Internal server error' } }],
  ['not an error', {}, { thrown: { status: 'error', message: 'Internal server error' } }],
  ['filtered', {}, { thrown: { status: 'domain', message: 'overdrawn' } }],
  ['guarded', {}, { thrown: { status: 'error', message: 'Forbidden resource' } }],
  ['unknown', {}, { thrown: expect.anything() }],
];
