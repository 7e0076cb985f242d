import { answerCases } from './cases-answers.js';
import { departureCases } from './cases-departures.js';
import { failureCases } from './cases-failures.js';
import { pipelineCases } from './cases-pipeline.js';
import { protocolCases } from './cases-protocol.js';
import { streamCases } from './cases-streams.js';
import type { MatrixCase } from './matrix-case.js';

/** The capture matrix: every way a request can go, once. */
export const matrixCases: readonly MatrixCase[] = [
  ...answerCases,
  ...failureCases,
  ...pipelineCases,
  ...streamCases,
  ...departureCases,
  ...protocolCases,
];
