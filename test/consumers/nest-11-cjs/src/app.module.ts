import { Module } from '@nestjs/common';
import { ImmutableLogModule } from 'nestjs-immutable-log';
import { OrdersController } from './orders.controller';

@Module({
  imports: [
    ImmutableLogModule.forRootAsync({
      useFactory: () => ({
        serviceName: 'orders',
        apiKey: process.env.AUDIT_KEY,
        apiUrl: process.env.AUDIT_URL,
        capture: { identify: () => ({ id: 'u-1', type: 'user' }) },
      }),
    }),
  ],
  controllers: [OrdersController],
})
export class AppModule {}
