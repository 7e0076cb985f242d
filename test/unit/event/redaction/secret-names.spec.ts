import { describe, expect, it } from '@jest/globals';

import { isSecretName } from '../../../../lib/event/redaction/secret-names.js';

const SECRETS =
  'authorization Authorization Proxy-Authorization cookie Cookie set-cookie Set-Cookie password newPassword PASSWORD passwd ' +
  'user_password password2 passwordHash passwordConfirmation confirmpassword pwd passphrase secret clientSecret client_secret ' +
  'clientsecret secrets token tokens refresh_token accessToken ACCESS_TOKEN idtoken x-auth-token X-Api-Key apiKey APIKey apikey ' +
  'api_keys access-key AccessKeyId privateKey private_key credential credentials sessionId session_id PHPSESSID JSESSIONID ' +
  'csrf csrfToken X-CSRF-Token xsrf-token otp otpCode pin userPin PIN pin_code cvv cvv2 cvc cardNumber card_number ccnumber ' +
  'creditCardNumber ssn jwt auth pass db_pass X-Amz-Signature x-amz-security-token mnemonic securityCode $password _token ' +
  'passWord pass_word userPassWord PassWd passwOrd toKen ApiKEY ｐａｓｓｗｏｒｄ';
const HARMLESS =
  'secretary tokenizer tokenize pinned spinner opinion pinterest cookieless author authors authMethod authenticated key keys ' +
  'publicKey primaryKey idempotency-key session passport compass boardingPass passenger card cardHolder iban code status ' +
  'token_type tokenExpiresAt passwordPolicy csrfEnabled id name email user-agent content-type x-request-id etag signature ' +
  'host sec-websocket-key shipping accountNumber';

describe('built-in secret names', () => {
  it.each(SECRETS.split(' '))('%s is a secret', (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  it.each(HARMLESS.split(' '))('%s is none', (name) => {
    expect(isSecretName(name)).toBe(false);
  });

  it('looks at the end of endless names', () => {
    expect(isSecretName(`${'x_'.repeat(100_000)}password`)).toBe(true);
  });
});
