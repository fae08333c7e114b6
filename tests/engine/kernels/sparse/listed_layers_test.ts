/** Where a convolution's lists point, against its definition: each tap of each place. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Conv2dSpec,
  type DenseSpec,
  outputShape,
  outputSize,
  paddingBefore,
} from "../../../../src/engine/layer_spec.ts";
import {
  type FeatureMap,
  featureMaps,
  featureRow,
  onesRow,
} from "../../../../src/engine/kernels/sparse/feature_maps.ts";
import {
  inputRows,
  listedLayers,
  sourceOf,
} from "../../../../src/engine/kernels/sparse/listed_layers.ts";

const extents = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }));
const convs = fc.record({
  kernel: extents,
  stride: extents,
  padding: fc.constantFrom("same" as const, "valid" as const),
  size: fc.tuple(fc.integer({ min: 4, max: 7 }), fc.integer({ min: 4, max: 7 })),
  channels: fc.integer({ min: 1, max: 3 }),
  filters: fc.integer({ min: 1, max: 3 }),
});

type Shape = typeof convs extends fc.Arbitrary<infer T> ? T : never;

/** A convolution between others, so that its inputs have a gradient. */
function network({ size: [height, width], channels, ...conv }: Shape) {
  const rest = { kind: "conv2d", activation: "relu", useBias: true } as const;
  const image = [height, width, channels] as const;
  const below: Conv2dSpec = {
    ...rest,
    name: "below",
    image,
    kernel: [1, 1],
    stride: [1, 1],
    padding: "valid",
    filters: channels,
  };
  const own: Conv2dSpec = { ...rest, ...conv, name: "own", image };
  const inputs = outputSize(own);
  const logits: DenseSpec = { name: "logits", inputs, units: 2, activation: null, useBias: true };
  const layers = [below, own, logits];
  return { layers, own, listed: listedLayers(layers)[1] };
}

/** What a row is: the value at it, "zero" around the image. */
function contents(map: FeatureMap): (number | "zero")[] {
  const [height, width, channels] = map.image;
  const rows: (number | "zero")[] = new Array(map.rows).fill("zero");
  for (let value = 0; value < height * width * channels; value++) {
    const row = featureRow(map, value);
    assertEquals(rows[row], "zero", "no two values share a row");
    rows[row] = value;
  }
  return rows;
}

Deno.test("lists of a convolution point to the inputs of each place, zeros beside the image", () => {
  fc.assert(fc.property(convs, (shape) => {
    const { own, listed } = network(shape), { from } = listed, rows = contents(from);
    const [height, width, channels] = own.image, [outHeight, outWidth] = outputShape(own);
    const [top, left] = paddingBefore(own), lists = inputRows(listed);
    for (let y = 0; y < outHeight; y++) {
      for (let x = 0; x < outWidth; x++) {
        const first = (y * own.stride[0] * from.pitch + x * own.stride[1]) * channels;
        lists.forEach((row, input) => {
          const tap = Math.floor(input / channels), channel = input % channels;
          const iy = y * own.stride[0] + Math.floor(tap / own.kernel[1]) - top;
          const ix = x * own.stride[1] + tap % own.kernel[1] - left;
          const isInside = iy >= 0 && iy < height && ix >= 0 && ix < width;
          const expected = isInside ? (iy * width + ix) * channels + channel : "zero";
          assertEquals(rows[first + row], expected);
        });
      }
    }
    assert(onesRow(from.rows) >= from.rows);
  }));
});

Deno.test("lists of its inputs point to each delta that a pixel has a share in, once", () => {
  fc.assert(fc.property(convs, (shape) => {
    const { own, listed } = network(shape), { to, sources } = listed, deltas = contents(to);
    const [height, width, channels] = own.image, [outHeight, outWidth] = outputShape(own);
    const [down, right] = own.stride, [top, left] = paddingBefore(own), source = sourceOf(listed);
    const inputs = own.kernel[0] * own.kernel[1] * channels;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const ky = y + top, kx = x + left;
        const first = (Math.floor(ky / down) * to.pitch + Math.floor(kx / right)) * own.filters;
        const ofClass = (ky % down * right + kx % right) * sources;
        const found: unknown[] = [], expected: unknown[] = [];
        for (let input = 0; input < inputs; input++) {
          const tap = Math.floor(input / channels), channel = input % channels;
          for (let unit = 0; unit < own.filters; unit++) {
            const { list, row } = source(input, unit);
            if (list === ofClass + channel) {
              const delta = deltas[(first + row) >>> 0];
              assert(delta !== undefined, "rows are within the matrix");
              if (delta !== "zero") found.push([input, delta]);
            }
            const oy = (ky - Math.floor(tap / own.kernel[1])) / down;
            const ox = (kx - tap % own.kernel[1]) / right;
            const isPlace = Number.isInteger(oy) && Number.isInteger(ox) && oy >= 0 && ox >= 0 &&
              oy < outHeight && ox < outWidth;
            if (isPlace) expected.push([input, (oy * outWidth + ox) * own.filters + unit]);
          }
        }
        assertEquals(found, expected);
      }
    }
  }));
});

Deno.test("vectors have no zeros around them", () => {
  const layers: DenseSpec[] = [
    { name: "a", inputs: 6, units: 3, activation: "relu", useBias: true },
    { name: "b", inputs: 3, units: 2, activation: null, useBias: true },
  ];
  assertEquals(featureMaps(layers).map(({ rows }) => rows), [6, 3, 2]);
});
