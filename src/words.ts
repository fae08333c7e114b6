/** Words and numbers as people read them. */

/** "1 trial", "3 trials". */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
