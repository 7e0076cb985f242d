// `import x = require(…)` takes the package's require condition where the resolution knows conditions.
import immutableLog = require('nestjs-immutable-log');
import ledger = require('nestjs-immutable-log/ledger');
import testing = require('nestjs-immutable-log/testing');
import verify = require('nestjs-immutable-log/verify');

export const module = immutableLog.ImmutableLogModule.forRoot({ serviceName: 'orders' });
export const started: Promise<testing.ImmutableLogServer> = testing.startImmutableLogServer();
export const keys: Promise<ledger.ApiKeys> = ledger.ApiKeys.open('./ledger.db');
export const policy: verify.Policy | undefined = verify.parsePolicy('quorum none\n');

// @ts-expect-error a number is no note
verify.parseNote(42);
// @ts-expect-error an unknown option: not found if the types are not
immutableLog.ImmutableLogModule.forRoot({ servicename: 'orders' });
