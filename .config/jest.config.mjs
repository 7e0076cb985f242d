import { fileURLToPath } from 'node:url';

// Absolute: Jest resolves the projects' rootDir against the one above it, not against this file.
const projectRoot = fileURLToPath(new URL('..', import.meta.url));
const nestPackages =
  '(common|core|microservices|platform-express|platform-fastify|platform-ws|terminus|testing|websockets)';

const shared = {
  rootDir: projectRoot,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  setupFiles: ['<rootDir>/.config/jest.in-process.mjs'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/sample-app/dist'],
  testPathIgnorePatterns: ['/node_modules/'],
  collectCoverageFrom: ['lib/**/*.ts'],
};

const sources = {
  '^nestjs-immutable-log$': '<rootDir>/lib/index.ts',
  '^nestjs-immutable-log/ledger$': '<rootDir>/lib/ledger/index.ts',
  '^nestjs-immutable-log/testing$': '<rootDir>/lib/testing/index.ts',
  '^nestjs-immutable-log/verify$': '<rootDir>/lib/ledger/verify/index.ts',
  '^(\\.{1,2}/.*)\\.js$': '$1',
};

export default {
  rootDir: projectRoot,
  // Real servers, disks and processes: on a busy machine five seconds are soon over.
  testTimeout: 20_000,
  // In one process for all files, what ES modules leave behind in Jest adds up to gigabytes, and then to minutes.
  maxWorkers: 2,
  workerIdleMemoryLimit: '1GB',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/test/*.spec.ts',
        '<rootDir>/test/unit/**/*.spec.ts',
        '<rootDir>/test/contract/**/*.spec.ts',
      ],
      moduleNameMapper: sources,
    },
    {
      ...shared,
      displayName: 'nest-12',
      testMatch: ['<rootDir>/test/integration/**/*.spec.ts'],
      moduleNameMapper: sources,
    },
    {
      ...shared,
      displayName: 'nest-11',
      testMatch: ['<rootDir>/test/integration/**/*.spec.ts'],
      // Specs of packages that exist for one major only say so in their name.
      testPathIgnorePatterns: ['/node_modules/', '\\.nest-12\\.spec\\.ts$'],
      moduleNameMapper: {
        [`^@nestjs/${nestPackages}(/.*)?$`]: '<rootDir>/test/nest-11/node_modules/@nestjs/$1$2',
        ...sources,
      },
    },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/e2e/build.setup.mjs',
      moduleNameMapper: sources,
    },
  ],
  coverageDirectory: 'coverage',
  reporters: ['default', '<rootDir>/.config/closing-line.reporter.mjs'],
};
