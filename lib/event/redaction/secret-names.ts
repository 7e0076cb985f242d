import { wordsOf } from './name-words.js';

/** Words, and neighbouring words written together, that name a secret. */
const SECRET = new Set(
  (
    'authorization cookie cookies setcookie password passwords passwd pwd pswd psw passphrase passcode secret secrets token tokens jwt bearer ' +
    'apikey apikeys accesskey accesskeys privatekey privatekeys secretkey secretkeys signingkey encryptionkey masterkey ' +
    'sharedkey sessionkey sshkey authkey clientsecret credential credentials cred creds sessionid sessionids sessid ' +
    'connectsid csrf xsrf otp otps totp onetimecode verificationcode recoverycode recoverycodes backupcode backupcodes ' +
    'securitycode securityanswer pin pins cvv cvc cardnumber cardnumbers cardno cardnum ccnumber ccnum ssn ' +
    'socialsecurity mnemonic seedphrase recoveryphrase connectionstring codeverifier clientassertion samlresponse ' +
    'amzsignature googsignature userpass dbpass smtppass mailpass ftppass'
  ).split(' '),
);

/** Names too common inside other names to count unless they stand alone. */
const SECRET_ALONE = new Set(['auth', 'xauth', 'pass', 'sig']);

/** Endings of names that were written without separators: `clientsecret`, but neither `secretary` nor `tokenizer`. */
const GLUED =
  /passw(?:or)?d|(?:passphrase|passcode|secret|token|(?:api|access|private|secret)key|credential|sessionid|sessid|cookie|authorization|cardnumber)s?$/;

/** Last words that say something about a secret and not the secret: `token_type`, `passwordPolicy`, `secretVersion`. */
const DESCRIPTION = new Set(
  'count type length limit expiry expires expiration ttl at in policy status version algorithm enabled required'.split(
    ' ',
  ),
);

const MAX_NAME_CHARS = 256;

/** Whether a value of this name is a secret by the built-in list. */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name.length > MAX_NAME_CHARS ? name.slice(-MAX_NAME_CHARS) : name);
  if (words.length > 1 && DESCRIPTION.has(words.at(-1) ?? '')) return false;
  if (SECRET_ALONE.has(words.join(''))) return true;
  return words.some((word, at) => {
    const two = word + (words[at + 1] ?? '');
    return SECRET.has(word) || GLUED.test(word) || SECRET.has(two) || SECRET.has(two + (words[at + 2] ?? ''));
  });
}
