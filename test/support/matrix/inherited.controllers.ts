import { Controller, Get, UseGuards } from '@nestjs/common';
import { throwsUnauthorized } from './guards.js';

/** Two controllers share these very functions: the function alone does not say which controller was asked. */
abstract class Listing {
  @Get('list')
  list(): object {
    return { by: this.constructor.name };
  }

  @Get('secret')
  @UseGuards(throwsUnauthorized)
  secret(): void {}
}

@Controller('apples')
export class ApplesController extends Listing {}

@Controller('pears')
export class PearsController extends Listing {}
