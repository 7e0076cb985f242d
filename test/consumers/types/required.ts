// `import x = require(…)` takes the package's require condition where the resolution knows conditions.
import immutableLog = require('nestjs-immutable-log');
import testing = require('nestjs-immutable-log/testing');

export const module = immutableLog.ImmutableLogModule.forRoot({ serviceName: 'orders' });
export const started: Promise<testing.ImmutableLogServer> = testing.startImmutableLogServer();

// @ts-expect-error an unknown option: not found if the types are not
immutableLog.ImmutableLogModule.forRoot({ servicename: 'orders' });
