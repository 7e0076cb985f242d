import type { Step } from './step.js';

const ADA = 'ada@example.com';
const LINUS = 'linus@example.com';
const card = (number: string): object => ({ number, holder: 'Ada' });
const order = (sku: string, number = '4111 1111 1111 1111'): object => ({
  items: [{ sku, quantity: 2 }],
  card: card(number),
});

/** Everything below is sent to the shop and must not be found in any event. */
export const SECRETS = [
  'correct horse battery',
  'only for the office',
  'guessed the wrong one',
  '4111 1111 1111 1111',
  '4111111111111111',
  '4000 0000 0000 0002',
  '4000000000000002',
  '4242 4242 4242 4242',
  'q7-secret-of-the-link',
  'not-a-real-token-at-all',
  'moth3r-of-pearl',
];

const VISITORS: readonly Step[] = [
  {
    title: 'a visitor looks around',
    send: { method: 'GET', path: '/catalogue' },
    expect: { name: 'http.GET./catalogue', status: 200, outcome: 'success' },
  },
  {
    title: 'a visitor asks for the head only',
    send: { method: 'HEAD', path: '/catalogue/tea' },
    expect: { name: 'http.HEAD./catalogue/:sku', status: 200, outcome: 'success' },
  },
  {
    title: 'an article that is not sold',
    send: { method: 'GET', path: '/catalogue/coffee' },
    expect: { name: 'http.GET./catalogue/:sku', status: 404, outcome: 'failure' },
  },
  {
    title: 'a page that does not exist',
    send: { method: 'GET', path: '/wp-login.php' },
    expect: { name: 'http.GET.unmatched', status: 404, outcome: 'failure' },
  },
  {
    title: 'the load balancer asks for the health',
    send: { method: 'GET', path: '/health' },
    expect: { skipped: true, status: 200 },
  },
  {
    title: 'an internal route with @SkipAudit()',
    send: { method: 'GET', path: '/internal/audit-status' },
    expect: { skipped: true, status: 200 },
  },
];

const LOGINS: readonly Step[] = [
  {
    title: 'a wrong password',
    send: { method: 'POST', path: '/auth/login', json: { email: ADA, password: 'guessed the wrong one' } },
    expect: { name: 'auth.login', status: 401, outcome: 'denied', actor: ADA },
  },
  {
    title: 'a login that is not well formed',
    send: { method: 'POST', path: '/auth/login', json: { email: 'ada', password: 'guessed the wrong one' } },
    expect: { name: 'auth.login', status: 400, outcome: 'failure' },
  },
  {
    title: 'a customer logs in',
    send: { method: 'POST', path: '/auth/login', json: { email: ADA, password: 'correct horse battery' } },
    expect: { name: 'auth.login', status: 200, outcome: 'success', actor: 'c-1' },
  },
  {
    title: 'an administrator logs in',
    send: { method: 'POST', path: '/auth/login', json: { email: LINUS, password: 'only for the office' } },
    expect: { name: 'auth.login', status: 200, outcome: 'success', actor: 'a-1' },
  },
];

const PURCHASES: readonly Step[] = [
  {
    title: 'a purchase without a login',
    send: { method: 'POST', path: '/checkout', json: order('tea') },
    expect: { name: 'payment.checkout', status: 401, outcome: 'denied' },
  },
  {
    title: 'a purchase with a forged token',
    send: {
      method: 'POST',
      path: '/checkout',
      headers: { authorization: 'Bearer not-a-real-token-at-all' },
      json: order('tea'),
    },
    expect: { name: 'payment.checkout', status: 401, outcome: 'denied' },
  },
  {
    title: 'a purchase',
    send: { method: 'POST', path: '/checkout', as: ADA, json: order('tea') },
    expect: {
      name: 'payment.checkout',
      status: 201,
      outcome: 'success',
      actor: 'c-1',
      also: ['payment.charge', 'stock.reserved'],
    },
  },
  {
    title: 'a purchase of nothing',
    send: { method: 'POST', path: '/checkout', as: ADA, json: { items: [], card: card('4242 4242 4242 4242') } },
    expect: { name: 'payment.checkout', status: 400, outcome: 'failure', actor: 'c-1' },
  },
  {
    title: 'a purchase in broken JSON',
    send: { method: 'POST', path: '/checkout', as: ADA, text: '{"items": [' },
    expect: { status: 400, outcome: 'failure' },
  },
  {
    title: 'a purchase of what is sold out',
    send: { method: 'POST', path: '/checkout', as: ADA, json: order('kettle') },
    expect: { name: 'payment.checkout', status: 409, outcome: 'failure', actor: 'c-1' },
  },
  {
    title: 'a purchase with a card that is declined',
    send: { method: 'POST', path: '/checkout', as: ADA, json: order('cup', '4000 0000 0000 0002') },
    expect: {
      name: 'payment.checkout',
      status: 402,
      outcome: 'failure',
      actor: 'c-1',
      also: ['payment.charge', 'stock.reserved'],
    },
  },
];

const ORDERS: readonly Step[] = [
  {
    title: 'a redirect to the latest order',
    send: { method: 'GET', path: '/orders/latest', as: ADA },
    expect: { name: 'http.GET./orders/latest', status: 302, outcome: 'success', actor: 'c-1' },
  },
  {
    title: 'an invoice as a file, with a secret in the link',
    send: { method: 'GET', path: '/orders/o-1/invoice?access_token=q7-secret-of-the-link', as: ADA },
    expect: { name: 'http.GET./orders/:id/invoice', status: 200, outcome: 'success', actor: 'c-1' },
  },
  {
    title: 'server-sent events to their end',
    send: { method: 'GET', path: '/orders/history', as: ADA },
    expect: { name: 'http.GET./orders/history', status: 200, outcome: 'success', actor: 'c-1' },
  },
  {
    title: 'server-sent events until the client leaves',
    send: { method: 'GET', path: '/orders/live', as: ADA, leave: 'at the first piece' },
    expect: { name: 'http.GET./orders/live', status: 200, outcome: 'aborted', actor: 'c-1' },
  },
];

const OFFICE: readonly Step[] = [
  {
    title: 'a customer in the office',
    send: { method: 'GET', path: '/admin/orders', as: ADA },
    expect: { name: 'http.GET./admin/orders', status: 403, outcome: 'denied', actor: 'c-1' },
  },
  {
    title: 'an administrator in the office',
    send: { method: 'GET', path: '/admin/orders', as: LINUS },
    expect: { name: 'http.GET./admin/orders', status: 200, outcome: 'success', actor: 'a-1' },
  },
  {
    title: 'an administrator reads an order for the customer',
    send: { method: 'GET', path: '/orders/o-1', as: LINUS, headers: { 'x-act-as': 'c-1' } },
    expect: { name: 'http.GET./orders/:id', status: 200, outcome: 'success', actor: 'a-1', onBehalfOf: 'c-1' },
  },
  {
    title: 'a customer who wants to be somebody else',
    send: { method: 'GET', path: '/orders/o-1', as: ADA, headers: { 'x-act-as': 'c-2' } },
    expect: { name: 'http.GET./orders/:id', status: 403, outcome: 'denied', actor: 'c-1' },
  },
  {
    title: 'a refund',
    send: { method: 'POST', path: '/admin/orders/o-1/refund', as: LINUS },
    expect: { name: 'payment.refund', status: 204, outcome: 'success', actor: 'a-1' },
  },
  {
    title: 'a report that fails',
    send: { method: 'GET', path: '/admin/reports/month', as: LINUS },
    expect: { name: 'http.GET./admin/reports/month', status: 500, outcome: 'failure', actor: 'a-1' },
  },
  {
    title: 'a report nobody waits for',
    send: { method: 'GET', path: '/admin/reports/year', as: LINUS, leave: { afterMs: 100 } },
    expect: { name: 'http.GET./admin/reports/year', status: 499, outcome: 'aborted', actor: 'a-1' },
  },
];

/** A day in the shop: every way a request can end. */
export const STEPS: readonly Step[] = [...VISITORS, ...LOGINS, ...PURCHASES, ...ORDERS, ...OFFICE];
