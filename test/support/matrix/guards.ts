import { UnauthorizedException } from '@nestjs/common';
import type { CanActivate } from '@nestjs/common';
import { DomainError } from './errors.js';

export const refuses: CanActivate = { canActivate: () => false };

export const throwsUnauthorized: CanActivate = {
  canActivate: () => {
    throw new UnauthorizedException('no token');
  },
};

export const throwsDomainError: CanActivate = {
  canActivate: () => {
    throw new DomainError('guard domain');
  },
};
