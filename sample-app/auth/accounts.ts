import { Injectable } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: 'customer' | 'admin';
}

const ACCOUNTS: readonly (Account & { readonly passwordHash: string })[] = [
  { id: 'c-1', name: 'Ada', email: 'ada@example.com', role: 'customer', passwordHash: hashOf('correct horse battery') },
  { id: 'c-2', name: 'Grace', email: 'grace@example.com', role: 'customer', passwordHash: hashOf('staple and ladder') },
  { id: 'a-1', name: 'Linus', email: 'linus@example.com', role: 'admin', passwordHash: hashOf('only for the office') },
];

/** The people the shop knows. A real shop has a table and a slow, salted hash here. */
@Injectable()
export class Accounts {
  byId(id: string): Account | undefined {
    return ACCOUNTS.find((account) => account.id === id);
  }

  byCredentials(email: string, password: string): Account | undefined {
    const presented = Buffer.from(hashOf(password));
    return ACCOUNTS.find(
      (account) => account.email === email && timingSafeEqual(Buffer.from(account.passwordHash), presented),
    );
  }
}

function hashOf(password: string): string {
  return createHash('sha256').update(password).digest('hex');
}
