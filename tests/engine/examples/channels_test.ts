import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { channelStatistics } from "../../../src/engine/examples/channels.ts";
import { uploadExamples } from "../../../src/engine/examples/dataset.ts";
import { RandomStream } from "../../../src/engine/random.ts";
import { InputError } from "../../../src/errors.ts";
import { assertAllClose } from "../../reference/allclose.ts";
import { standardized } from "../../reference/standardize.ts";
import { openTestGpu } from "../gpu.ts";

const gpu = await openTestGpu();

Deno.test("channel statistics: after them each channel has mean 0 and deviation 1", () => {
  const stream = new RandomStream([1, 2]);
  for (const [channels, pixels, count] of [[1, 7, 31], [3, 5, 19], [4, 3, 2]]) {
    const features = channels * pixels;
    for (const isFloat of [false, true]) {
      const inputs = isFloat
        ? new Float32Array(count * features).map((_, i) => 100 * (i % channels) + stream.normal())
        : new Uint8Array(count * features).map(() => stream.integerBelow(256));
      const { means, deviations } = channelStatistics({ inputs, count, features }, channels);
      const white = isFloat ? 1 : 255;
      const given = Array.from(
        inputs,
        (value, i) => (value / white - means[i % channels]) / deviations[i % channels],
      );
      const expected = standardized(inputs, inputs, channels);
      assertAllClose(given, expected, { rtol: 1e-12, atol: 1e-12 });
    }
  }
});

Deno.test("channel statistics: a constant channel has deviation 1, its own mean", () => {
  const bytes = { inputs: Uint8Array.of(51, 0, 51, 255), count: 2, features: 2 };
  assertEquals(channelStatistics(bytes, 2), { means: [0.2, 0.5], deviations: [1, 0.5] });
  const same = { inputs: new Float32Array(3e5).fill(0.1), count: 3, features: 1e5 };
  assertEquals(channelStatistics(same), { means: [Math.fround(0.1)], deviations: [1] });
  const tiny = { inputs: Float32Array.of(0, 1e-44), count: 2, features: 1 };
  assertEquals(channelStatistics(tiny).deviations, [1]);
});

Deno.test("channel statistics: examples that are not whole pixels, and none at all, are refused", async () => {
  const examples = { inputs: new Uint8Array(8), labels: new Uint8Array(2), count: 2, features: 4 };
  for (const channels of [3, 0, 1.5, NaN]) {
    assertThrows(
      () => channelStatistics(examples, channels),
      InputError,
      `4 values of an example are not pixels of ${channels} channels`,
    );
  }
  assertThrows(
    () => channelStatistics({ inputs: new Float32Array(), count: 0, features: 4 }),
    InputError,
    "0 examples of 4 values have no mean: give at least one example",
  );
  await assertRejects(
    () => uploadExamples(gpu, examples, "standardize"),
    InputError,
    'normalization "standardize" needs the means and deviations of the training examples',
  );
});
