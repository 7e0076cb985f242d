/** Ends the run with `N passed, N failed`, the line that machines read. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    // A suite that could not even load ran no test, and has failed all the same.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed` + (skipped > 0 ? `, ${skipped} skipped` : '');
    process.stdout.write(`\n${line}\n`);
  }
}
