import { HttpException, HttpStatus, Injectable } from '@nestjs/common';
import { AuditEvent } from 'nestjs-immutable-log';
import { setTimeout as wait } from 'node:timers/promises';
import type { CardDto } from './checkout.dto.js';

const DECLINED_CARDS = ['4000000000000002'];

/** Stands for the bank. Decorated like any provider's method: each call is an event of its own. */
@Injectable()
export class PaymentGateway {
  @AuditEvent('payment.charge')
  async charge(card: CardDto, amountInCents: number): Promise<{ reference: string }> {
    await wait(5);
    if (DECLINED_CARDS.includes(card.number.replaceAll(' ', ''))) {
      throw new HttpException('The card was declined', HttpStatus.PAYMENT_REQUIRED);
    }
    return { reference: `bank-${amountInCents}` };
  }
}
