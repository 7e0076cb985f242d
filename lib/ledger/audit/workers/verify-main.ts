import { parentPort, workerData } from 'node:worker_threads';
import type { VerificationStatus } from '../../../event/verification-status.js';
import { trustInKeys } from '../open-checkpoint.js';
import { databaseSource } from '../sources/database-source.js';
import { verifyLedger } from '../verify-ledger.js';
import { summarise } from './summarise.js';
import type { VerifyAnswer, VerifyInput } from './verify-protocol.js';

// The script of a thread: verifies one ledger, and says what that has come to.
const { path, highWaterPath, vkey } = workerData as VerifyInput;

async function verify(): Promise<VerificationStatus> {
  // One thread: an application that starts has use for its processors.
  const options = { policy: trustInKeys([vkey]), content: true, workers: 1 };
  return summarise(await verifyLedger(databaseSource(path, { highWaterPath }), options));
}

function failed(error: unknown): VerificationStatus {
  return { state: 'failed', problem: error instanceof Error ? error.message : String(error) };
}

void verify()
  .catch(failed)
  .then((answer: VerifyAnswer) => parentPort?.postMessage(answer));
