import { ValidationPipe } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ShopModule } from './shop.module.js';

/** The platform is Express, or Fastify on request. */
export async function createShop(platform: string): Promise<INestApplication> {
  const app = platform === 'fastify' ? await onFastify() : await NestFactory.create(ShopModule);
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
  // Without these hooks SIGTERM ends the process at once, with the last events still in memory.
  app.enableShutdownHooks();
  return app;
}

async function onFastify(): Promise<INestApplication> {
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  return NestFactory.create(ShopModule, new FastifyAdapter());
}
