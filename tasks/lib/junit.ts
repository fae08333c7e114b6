/** Counts the results in the JUnit report of `deno test`; a test that did not run has failed. */

/** The outcome of the tests of one file; a step counts as a test. */
export interface FileResult {
  /** Path from the working folder. */
  file: string;
  passed: number;
  failed: number;
  /** Ignored, or left out by a filter. */
  skipped: number;
}

/** The results in a report, by file. A file that could not be loaded is not in it. */
export function readJunit(xml: string): FileResult[] {
  // Names and messages are escaped, so a tag in the text is a tag.
  return xml.split(/<testsuite /).slice(1).map((suite) => {
    const cases = suite.split(/<testcase /).slice(1);
    const failed = cases.filter((text) => /<(failure|error)\b/.test(text)).length;
    const skipped = cases.filter((text) => /<skipped\b/.test(text)).length;
    return {
      file: (/name="([^"]*)"/.exec(suite)?.[1] ?? "").replace(/^\.\//, ""),
      passed: cases.length - failed - skipped,
      failed,
      skipped,
    };
  });
}

/** Tests that passed and failed. */
export interface Tally {
  passed: number;
  failed: number;
}

/** Adds the second tally to the first. */
export function addTo(sum: Tally, { passed, failed }: Tally): void {
  sum.passed += passed;
  sum.failed += failed;
}

/**
 * Adds up the results of test files: a skipped test has failed (unless a filter left it
 * out), so has a file without results, and a run that failed has at least one failure. Says which.
 */
export function countResults(
  files: readonly string[],
  results: readonly FileResult[],
  { success, isFiltered, say = console.log }: {
    success: boolean;
    isFiltered: boolean;
    say?: (line: string) => void;
  },
): Tally {
  const tally: Tally = { passed: 0, failed: 0 };
  for (const { file, passed, failed, skipped } of results) {
    addTo(tally, { passed, failed });
    if (isFiltered || skipped === 0) continue;
    tally.failed += skipped;
    say(`${file}: ${skipped} skipped, which counts as failed`);
  }
  const reported = new Set(results.map(({ file }) => file));
  for (const file of files.filter((file) => !reported.has(file))) {
    tally.failed++;
    say(`${file}: no test ran, which counts as failed`);
  }
  if (!success && tally.failed === 0) {
    tally.failed++;
    say("deno test failed outside of any test, which counts as failed");
  }
  return tally;
}
