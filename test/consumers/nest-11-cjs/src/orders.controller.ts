import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { AuditEvent, ImmutableLogService } from 'nestjs-immutable-log';

@Controller('orders')
export class OrdersController {
  constructor(private readonly log: ImmutableLogService) {}

  @Post()
  @AuditEvent('order.placed')
  place(@Body() order: { article: string }): { article: string; annotated: boolean } {
    return { article: order.article, annotated: this.log.annotate({ data: { article: order.article } }) };
  }

  @Get(':id')
  find(@Param('id') id: string): { id: string } {
    return { id };
  }
}
