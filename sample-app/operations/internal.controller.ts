import { Controller, Get } from '@nestjs/common';
import { ImmutableLogService, SkipAudit } from 'nestjs-immutable-log';

/** For the machines in the next rack; nobody's audit trail. */
@Controller('internal')
@SkipAudit()
export class InternalController {
  constructor(private readonly log: ImmutableLogService) {}

  @Get('audit-status')
  status(): unknown {
    return this.log.status();
  }
}
