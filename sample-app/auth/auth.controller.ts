import { Body, Controller, HttpCode, Post, UnauthorizedException } from '@nestjs/common';
import { IsEmail, IsString, MinLength } from 'class-validator';
import { AuditEvent, ImmutableLogService } from 'nestjs-immutable-log';
import { Accounts } from './accounts.js';
import { Tokens } from './tokens.js';

export class LoginDto {
  @IsEmail()
  email!: string;

  @IsString()
  @MinLength(8)
  password!: string;
}

@Controller('auth')
export class AuthController {
  constructor(
    private readonly accounts: Accounts,
    private readonly tokens: Tokens,
    private readonly log: ImmutableLogService,
  ) {}

  @Post('login')
  @HttpCode(200)
  @AuditEvent('auth.login')
  login(@Body() { email, password }: LoginDto): { token: string } {
    const account = this.accounts.byCredentials(email, password);
    // Nobody is logged in yet, so no guard has set a user: say who tried, or who it was.
    this.log.annotate({ actor: account ? { id: account.id, email, type: 'user' } : { email, type: 'unverified' } });
    if (!account) throw new UnauthorizedException('Unknown email or wrong password');
    return { token: this.tokens.issue(account.id) };
  }
}
