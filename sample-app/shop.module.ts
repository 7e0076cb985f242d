import { Module } from '@nestjs/common';
import { ImmutableLogModule } from 'nestjs-immutable-log';
import { AdminController } from './admin/admin.controller.js';
import { auditOptions } from './audit.js';
import { Accounts } from './auth/accounts.js';
import { AuthController } from './auth/auth.controller.js';
import { Tokens } from './auth/tokens.js';
import { CatalogueController } from './catalogue/catalogue.controller.js';
import { CatalogueService } from './catalogue/catalogue.service.js';
import { CheckoutController } from './checkout/checkout.controller.js';
import { CheckoutService } from './checkout/checkout.service.js';
import { PaymentGateway } from './checkout/payment.gateway.js';
import { HealthController } from './operations/health.controller.js';
import { InternalController } from './operations/internal.controller.js';
import { OrdersController } from './orders/orders.controller.js';
import { OrdersService } from './orders/orders.service.js';

@Module({
  imports: [ImmutableLogModule.forRoot(auditOptions)],
  controllers: [
    AdminController,
    AuthController,
    CatalogueController,
    CheckoutController,
    HealthController,
    InternalController,
    OrdersController,
  ],
  providers: [Accounts, CatalogueService, CheckoutService, OrdersService, PaymentGateway, Tokens],
})
export class ShopModule {}
