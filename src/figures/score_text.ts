/** Scores of weights as figures write them. */

/** A score to three digits: 0.0127, 3.4e-8. */
export function scoreText(score: number): string {
  const text = Number(score.toPrecision(3));
  return Math.abs(text) < 1e-4 && text !== 0 ? text.toExponential() : `${text}`;
}
