/** The options cannot be used as given. Lists every problem at once, each with its value and its remedy. */
export class InvalidOptionsError extends Error {
  readonly code = 'IML_INVALID_OPTIONS';

  constructor(readonly problems: readonly string[]) {
    super(`ImmutableLog options cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'InvalidOptionsError';
  }
}
