/**
 * Crops and mirrorings of images from their definition: a frame of black pixels is built, the
 * window cut out of it, then mirrored. The random word is a hash in whole numbers of any size.
 */

const WORD = 2n ** 32n;

/** The finalizer of MurmurHash3 (32 bits). */
function finalize(word: bigint): bigint {
  let h = word % WORD;
  h = h ^ (h >> 16n);
  h = (h * 0x85ebca6bn) % WORD;
  h = h ^ (h >> 13n);
  h = (h * 0xc2b2ae35n) % WORD;
  return h ^ (h >> 16n);
}

/** What is drawn for an example in an iteration. */
export function oracleDraw(
  key: readonly [number, number],
  iteration: number,
  example: number,
): { row: number; column: number; isMirrored: boolean } {
  const ofExample = finalize(finalize(BigInt(example) ^ BigInt(key[0])) ^ BigInt(key[1]));
  const word = finalize(ofExample ^ finalize(BigInt(iteration)));
  return {
    row: Number((word % 65536n) * 9n / 65536n),
    column: Number((word / 65536n % 32768n) * 9n / 32768n),
    isMirrored: word >= WORD / 2n,
  };
}

/** A row-major image (height, width, channels) as an iteration shows it. */
export function oracleAugmented(
  image: ArrayLike<number>,
  [height, width, channels]: readonly [number, number, number],
  names: readonly string[],
  drawn: { row: number; column: number; isMirrored: boolean },
): Float64Array {
  // By row, column and channel.
  let pixels = Array.from(
    { length: height },
    (_, y) =>
      Array.from(
        { length: width },
        (_, x) => Array.from({ length: channels }, (_, c) => image[(y * width + x) * channels + c]),
      ),
  );
  if (names.includes("crop")) {
    const black = () => new Array<number>(channels).fill(0);
    const blacks = (count: number) => Array.from({ length: count }, black);
    const frame = [
      ...Array.from({ length: 4 }, () => blacks(width + 8)),
      ...pixels.map((row) => [...blacks(4), ...row, ...blacks(4)]),
      ...Array.from({ length: 4 }, () => blacks(width + 8)),
    ];
    pixels = frame.slice(drawn.row, drawn.row + height)
      .map((row) => row.slice(drawn.column, drawn.column + width));
  }
  if (names.includes("flip") && drawn.isMirrored) pixels = pixels.map((row) => row.toReversed());
  return Float64Array.from(pixels.flat(2));
}
