/**
 * How people write the ten digits: for each, a few variants as pen strokes. Returns parsed strokes of
 * control points; `synthetic_digits.ts` bends and draws them.
 *
 * A variant is written as `x,y` control points in percent of a square box, x to the right and y
 * down; `|` lifts the pen, and `!` marks a point where the pen turns sharply instead of curving.
 */

/** One pen stroke of `count` control points. */
export interface Stroke {
  count: number;
  /** (count) positions in the unit box. */
  x: Float64Array;
  y: Float64Array;
  /** (count) 1 where the pen turns sharply, 0 where it curves. */
  corner: Uint8Array;
}

/** Variants by digit; a variant that stands n times is n times as common. */
const VARIANTS: readonly (readonly string[])[] = [
  [ // 0: closed at the top; closed late, with an overlap; begun at the upper right
    "52,2 24,14 12,50 24,88 50,98 77,85 88,50 77,14 52,2",
    "60,6 44,1 20,22 14,56 30,92 54,98 80,78 86,42 70,10 50,3 38,10",
    "76,16 54,1 26,14 13,48 22,84 46,99 74,88 88,56 82,24 64,6",
  ],
  [ // 1: a plain line, twice; with a flag; with a flag and a foot
    "50,0 50,33 50,66 50,100",
    "51,0 49,40 50,72 48,100",
    "30,22 52,0! 51,50 50,100",
    "28,22 52,0! 51,50 50,97 | 22,98 50,96 80,97",
  ],
  [ // 2: a sharp foot; a looped foot; a rounded foot
    "15,22 30,4 56,0 80,18 74,44 46,72 12,96! 50,94 90,94",
    "14,20 30,3 58,0 80,20 72,48 42,78 20,95 12,85 26,76 50,88 70,97 92,90",
    "18,18 48,0 78,16 70,46 44,70 14,93! 38,87 64,97 92,86",
  ],
  [ // 3: round with a sharp waist; with a flat top; with a small loop at the waist
    "15,12 45,0 78,14 70,38 40,47! 74,55 85,78 55,99 12,88",
    "15,4 48,4 80,3! 42,40! 76,52 85,76 55,99 12,90",
    "14,14 48,0 78,18 66,42 46,50 38,45 50,44 77,60 80,84 50,100 10,86",
  ],
  [ // 4: open and round; open and angular; closed, of one line; cup and stem
    "24,2 15,50 38,60 88,55 | 75,5 70,50 66,100",
    "25,0 12,56! 50,54 90,52 | 68,8 66,55 64,100",
    "64,100 67,50 68,0! 38,32 10,63! 50,61 92,60",
    "22,4 15,38 38,52 73,41 | 79,0 73,41 66,100",
  ],
  [ // 5: of one line; with the bar drawn last; shaped like an S
    "82,2 52,3 26,4! 20,43! 52,36 82,54 80,82 50,99 12,90",
    "26,5 22,45! 52,38 82,58 76,88 45,99 12,86 | 27,5 56,4 88,0",
    "85,4 50,3 25,20 32,42 62,52 80,72 60,96 14,94",
  ],
  [ // 6: round; with a straight back; with a curled start
    "70,2 38,20 14,60 24,92 52,99 80,82 72,58 48,52 20,72",
    "62,0 30,35 14,72 40,99 74,86 70,62 40,60 18,78",
    "78,10 54,0 25,28 13,68 38,99 76,90 82,62 54,50 24,66",
  ],
  [ // 7: plain, twice; with a bar; with a hook; wavy
    "10,6 50,5 88,3! 62,45 44,100",
    "14,5 50,3 86,4! 70,48 62,100",
    "10,6 50,5 88,3! 62,45 44,100 | 30,52 55,49 82,47",
    "12,20 14,4! 50,6 86,4! 60,50 50,100",
    "10,16 30,3 60,10 88,4! 58,48 46,100",
  ],
  [ // 8: an S and back; two rings; begun and left open at the upper right
    "76,12 48,0 22,18 40,42 70,62 78,86 50,100 20,84 34,58 66,38 78,16 62,3",
    "50,48 25,24 50,0 75,24 50,48 21,76 50,100 79,76 50,48",
    "84,8 55,0 24,16 36,40 68,60 76,86 46,100 20,80 40,56 80,14",
  ],
  [ // 9: a straight stem; a curved tail; a slanted stem, drawn in one go
    "78,18 50,3 20,22 28,46 54,48 77,26! 74,60 68,100",
    "78,18 48,2 20,24 34,50 62,44 80,14 80,60 62,92 26,96",
    "72,8 40,4 16,28 34,46 62,32 76,6! 64,54 48,100",
  ],
];

function parseStroke(text: string): Stroke {
  const points = text.trim().split(" ");
  const stroke: Stroke = {
    count: points.length,
    x: new Float64Array(points.length),
    y: new Float64Array(points.length),
    corner: new Uint8Array(points.length),
  };
  points.forEach((point, i) => {
    const [x, y] = point.replace("!", "").split(",").map(Number);
    stroke.x[i] = x / 100;
    stroke.y[i] = y / 100;
    stroke.corner[i] = point.endsWith("!") ? 1 : 0;
  });
  return stroke;
}

/** Strokes by digit and variant: `DIGIT_STROKES[digit][variant][stroke]`. */
export const DIGIT_STROKES: readonly (readonly (readonly Stroke[])[])[] = VARIANTS.map((variants) =>
  variants.map((variant) => variant.split("|").map(parseStroke))
);
