/** The finished experiment that comes with the page: what it is and where it seems to be. */

/** Where it seems to be; nothing else is there. */
export const EXAMPLE_PATH = "example/finished";

/** The file beside the page. */
export const EXAMPLE_ON_SITE = "example.gz";

/** What made it: arguments of run-lottery, which the person can repeat. */
export const EXAMPLE_ARGS: readonly string[] = [
  ...["--protocol=quick", "--dataset=synthetic-digits", "--layers=18", "--iterations=3"],
  ...["--training-len=300", "--prune-percents=layer0=.33,layer1=.2", "--seed=0"],
  ...["--test-interval=25", "--validate-interval=25"],
];

/** The same for the reader. */
export const EXAMPLE_WORDS =
  "Recorded on another computer: synthetic digits, a small network of 18 hidden units, " +
  "3 prunings, 300 iterations of training each, seed 0. The drawing above shows the same " +
  "experiment. Your own run takes the place of both.";

/** Whether a path is the example's, or in it. */
export const isOfExample = (path: string): boolean =>
  path === EXAMPLE_PATH || path.startsWith(`${EXAMPLE_PATH}/`);
