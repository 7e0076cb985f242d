/** `metrics` is on, and `@opentelemetry/api` is not there. */
export class MetricsMissingError extends Error {
  readonly code = 'IML_METRICS_MISSING';

  constructor(options?: ErrorOptions) {
    super(
      "metrics is true, but '@opentelemetry/api' could not be loaded: npm install @opentelemetry/api, or leave it out",
      options,
    );
    this.name = new.target.name;
  }
}
