import { Controller, Get, Scope, UseGuards, UseInterceptors } from '@nestjs/common';
import { NEVER } from 'rxjs';
import type { Observable } from 'rxjs';
import { DomainError } from './errors.js';
import { refuses, throwsDomainError, throwsUnauthorized } from './guards.js';
import { cacheHit, mapsError, recovers, throwsAfter, throwsBefore, timesOut } from './interceptors.js';

/** What stands between the request and the handler: guards and interceptors. */
@Controller()
export class PipelineController {
  @Get('guard-false')
  @UseGuards(refuses)
  gf(): void {}

  @Get('guard-throw')
  @UseGuards(throwsUnauthorized)
  gt(): void {}

  @Get('guard-domain')
  @UseGuards(throwsDomainError)
  gd(): void {}

  @Get('icpt-before')
  @UseInterceptors(throwsBefore)
  ib(): void {}

  @Get('icpt-after')
  @UseInterceptors(throwsAfter)
  ia(): object {
    return {};
  }

  @Get('icpt-map')
  @UseInterceptors(mapsError)
  im(): never {
    throw new Error('unmapped');
  }

  @Get('icpt-recover')
  @UseInterceptors(recovers)
  ir(): never {
    throw new Error('unrecovered');
  }

  @Get('icpt-cache')
  @UseInterceptors(cacheHit)
  ic(): never {
    throw new Error('a cache hit calls no handler');
  }

  @Get('timeout')
  @UseInterceptors(timesOut)
  to(): Observable<never> {
    return NEVER;
  }

  @Get('outer-before')
  ob(): void {}

  @Get('outer-after')
  oa(): object {
    return {};
  }
}

@Controller({ path: 'rs', scope: Scope.REQUEST })
export class RequestScopedController {
  @Get('ok')
  ok(): object {
    return { scoped: true };
  }

  @Get('err')
  err(): never {
    throw new DomainError('rs');
  }

  @Get('guard')
  @UseGuards(throwsUnauthorized)
  g(): void {}
}
