import { Module, ValidationPipe, VersioningType } from '@nestjs/common';
import type { DynamicModule, INestApplication, MiddlewareConsumer, NestModule, Provider } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, HttpAdapterHost } from '@nestjs/core';
import type { Platform } from '../platforms.js';
import { AnswersController, VersionedController } from './answers.controller.js';
import { FailuresController } from './failures.controller.js';
import { CatchAllFilter, DomainFilter, UseGlobalFilter } from './filters.js';
import { ApplesController, PearsController } from './inherited.controllers.js';
import { OuterInterceptor } from './interceptors.js';
import { ending, nextWithError, throwing } from './middleware.js';
import { PipelineController, RequestScopedController } from './pipeline.controller.js';
import { DeparturesController, StreamsController } from './streams.controller.js';

/** Small: a client that is still sending when the answer comes could lose the answer. */
export const BODY_LIMIT_BYTES = 1_024;

export interface MatrixAppOptions {
  /** Adds a `@Catch()` filter to the root module. */
  readonly catchAll: boolean;
  /** Modules beside the application's own providers. */
  readonly imports: readonly DynamicModule[];
}

@Module({
  controllers: [
    AnswersController,
    VersionedController,
    FailuresController,
    PipelineController,
    RequestScopedController,
    StreamsController,
    DeparturesController,
    ApplesController,
    PearsController,
  ],
})
class MatrixModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(throwing).forRoutes('mw-throw');
    consumer.apply(nextWithError).forRoutes('mw-next');
    consumer.apply(ending).forRoutes('mw-end');
  }
}

function rootModule(options: MatrixAppOptions): DynamicModule {
  const providers: Provider[] = [
    { provide: APP_INTERCEPTOR, useClass: OuterInterceptor },
    { provide: APP_FILTER, useClass: DomainFilter },
  ];
  if (options.catchAll) providers.push({ provide: APP_FILTER, useClass: CatchAllFilter });
  return { module: MatrixModule, imports: [...options.imports], providers };
}

/** The application under test, written once for every platform and NestJS major. */
export async function createMatrixApp(platform: Platform, options: MatrixAppOptions): Promise<INestApplication> {
  const app = await platform.create(rootModule(options), { bodyLimitBytes: BODY_LIMIT_BYTES });
  app.setGlobalPrefix('api');
  app.enableVersioning({ type: VersioningType.URI });
  app.enableCors();
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(new UseGlobalFilter(app.get(HttpAdapterHost)));
  return app;
}
