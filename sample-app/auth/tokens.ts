import { Injectable } from '@nestjs/common';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

interface Claims {
  readonly sub: string;
  /** Seconds since the epoch. */
  readonly exp: number;
}

const LIFETIME_SECONDS = 3_600;

/** Signed bearer tokens, `<claims>.<signature>`: what a JWT library would do for a larger shop. */
@Injectable()
export class Tokens {
  private readonly key = process.env.SHOP_TOKEN_KEY ?? randomBytes(32);

  issue(accountId: string): string {
    const claims: Claims = { sub: accountId, exp: Math.floor(Date.now() / 1_000) + LIFETIME_SECONDS };
    const text = Buffer.from(JSON.stringify(claims)).toString('base64url');
    return `${text}.${this.sign(text)}`;
  }

  /** The account a token was issued to, or undefined if it is forged or too old. */
  accountIdOf(token: string): string | undefined {
    const [text = '', signature = ''] = token.split('.');
    const expected = Buffer.from(this.sign(text));
    const presented = Buffer.from(signature);
    if (expected.length !== presented.length || !timingSafeEqual(expected, presented)) return undefined;
    const claims = JSON.parse(Buffer.from(text, 'base64url').toString()) as Claims;
    return claims.exp * 1_000 > Date.now() ? claims.sub : undefined;
  }

  private sign(text: string): string {
    return createHmac('sha256', this.key).update(text).digest('base64url');
  }
}
