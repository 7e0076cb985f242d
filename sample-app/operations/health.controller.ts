import { Controller, Get } from '@nestjs/common';

/** `/health` is asked every few seconds and is skipped by default. */
@Controller('health')
export class HealthController {
  @Get()
  health(): { status: string } {
    return { status: 'up' };
  }
}
