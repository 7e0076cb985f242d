import { DeliveryError } from '../delivery-errors.js';

/** The worker thread could not be started. */
export class WorkerStartError extends DeliveryError {
  readonly code = 'IML_WORKER';

  constructor(reason: string) {
    super(
      `The worker thread of the audit trail could not be started (${reason}). Where code is bundled, the script ` +
        'delivery/worker/worker-main.js of this package has to stay a file of its own; where Node runs with permissions, it needs --allow-worker; or set delivery.worker to ' +
        'false',
    );
  }
}
