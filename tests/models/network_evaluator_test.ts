import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  evaluateNetworks,
  type FinishedNetwork,
  NetworkEvaluator,
} from "../../src/models/network_evaluator.ts";
import { destroyExamples, type ExampleArrays, uploadExamples } from "../../src/engine/mod.ts";
import { Gpu } from "../../src/engine/device.ts";
import type { DenseSpec } from "../../src/engine/layer_spec.ts";
import { RandomStream } from "../../src/engine/random.ts";
import { InputError, OutOfMemoryError } from "../../src/errors.ts";
import { asEachAdapter, openTestGpu } from "../engine/gpu.ts";
import { assertAllClose } from "../reference/allclose.ts";
import { forward, softmaxCrossEntropy } from "../reference/network.ts";
import { CLOCK_WORDS } from "../../src/engine/kernels/row_kernels.ts";

const opened = await openTestGpu();
const adapters = asEachAdapter(opened), [[, llvmpipe], , [, hardware]] = adapters;

const LAYERS: DenseSpec[] = [
  { name: "hidden", inputs: 7, units: 9, activation: "relu", useBias: true },
  { name: "middle", inputs: 9, units: 5, activation: "tanh", useBias: false },
  { name: "logits", inputs: 5, units: 4, activation: null, useBias: true },
];
const LABEL_MAP = Uint8Array.of(2, 0, 3, 1);

function randomNetwork(stream: RandomStream): FinishedNetwork {
  const each = (what: (layer: DenseSpec) => [number[], () => number]) =>
    Object.fromEntries(LAYERS.map((layer) => {
      const [shape, draw] = what(layer), size = shape.reduce((a, b) => a * b);
      return [layer.name, { shape, data: new Float32Array(size).map(draw) }];
    }));
  const { middle: _, ...biases } = each(({ units }) => [[units], () => stream.normal()]);
  return {
    weights: each(({ inputs, units }) => [[inputs, units], () => stream.normal()]),
    biases,
    masks: each(({ inputs, units }) => [[inputs, units], () => Number(stream.uniform() < 0.4)]),
  };
}

function randomExamples(count: number, stream: RandomStream): ExampleArrays {
  return {
    inputs: new Uint8Array(7 * count).map(() => stream.integerBelow(256)),
    labels: new Uint8Array(count).map(() => stream.integerBelow(4)),
    count,
    features: 7,
  };
}

/**
 * The oracle's evaluation of a network; pruned weights count as 0 whatever the array holds there.
 */
function oracle({ weights, biases, masks }: FinishedNetwork, examples: ExampleArrays) {
  const layers = LAYERS.map(({ name, activation, ...layer }) => ({
    ...layer,
    activation: activation ?? "none" as const,
    weights: Float64Array.from(weights[name].data),
    biases: Float64Array.from(biases[name]?.data ?? []),
    mask: Float64Array.from(masks[name].data),
  }));
  const x = Float64Array.from(examples.inputs, (v) => v / 255), { count } = examples;
  const logits = forward(layers, x, count).post.at(-1)!;
  const labels = Array.from(examples.labels, (label) => LABEL_MAP[label]);
  const { loss, accuracy } = softmaxCrossEntropy(logits, labels, count, 4);
  const classes = Uint8Array.from({ length: count }, (_, i) => {
    const row = logits.subarray(4 * i, 4 * i + 4);
    return row.indexOf(Math.max(...row));
  });
  return { loss, accuracy, classes };
}

async function withUploads<T>(
  gpu: Gpu,
  work: (sets: Record<"test" | "train", ExampleArrays>, examples: Uploaded) => Promise<T>,
): Promise<T> {
  const stream = new RandomStream([5, 1]);
  const sets = { test: randomExamples(601, stream), train: randomExamples(1033, stream) };
  const test = await uploadExamples(gpu, sets.test, "unit");
  const train = await uploadExamples(gpu, sets.train, "unit");
  try {
    return await work(sets, { test, train, labelMap: LABEL_MAP });
  } finally {
    destroyExamples(test);
    destroyExamples(train);
  }
}

type Uploaded = Record<"test" | "train", Awaited<ReturnType<typeof uploadExamples>>> & {
  labelMap: Uint8Array;
};

for (const [name, gpu] of adapters) {
  Deno.test(`networks: loss, accuracy and classes are the oracle's, in groups too, ${name}`, async () => {
    const stream = new RandomStream([6, 1]);
    const networks = Array.from({ length: 11 }, () => randomNetwork(stream));
    await withUploads(gpu, async (sets, examples) => {
      const results = await evaluateNetworks(gpu, examples, LAYERS, networks);
      assertEquals(results.length, 11);
      results.forEach((result, i) => {
        for (const part of ["test", "train"] as const) {
          const expected = oracle(networks[i], sets[part]), { loss, ...rest } = result[part]!;
          assertAllClose([loss], [expected.loss], { what: `network ${i}, ${part}` });
          assertEquals(rest, { accuracy: expected.accuracy, classes: expected.classes });
        }
      });
      const [alone] = await evaluateNetworks(gpu, examples, LAYERS, [networks[9]]);
      assertEquals(alone, results[9], "the same bits alone");
      const { test, labelMap } = examples;
      const [{ train, test: onTest }] = await evaluateNetworks(
        gpu,
        { test, labelMap },
        LAYERS,
        [networks[9]],
      );
      assertEquals([train, onTest], [null, alone.test], "without training examples");
      assertEquals(await evaluateNetworks(gpu, examples, LAYERS, []), []);
    });
  });
}

Deno.test("networks: as many at once as the adapter is best given, in groups of one size", async () => {
  await withUploads(llvmpipe, async (_, examples) => {
    for (const [most, expected] of [[1, 1], [8, 8], [9, 5], [11, 6], [17, 6]]) {
      const evaluator = await NetworkEvaluator.create(llvmpipe, examples, LAYERS, most);
      assertEquals(evaluator.replicas, expected, `${most} networks`);
      evaluator.destroy();
    }
    const all = await NetworkEvaluator.create(hardware, examples, LAYERS, 17);
    assertEquals(all.replicas, 17);
    all.destroy();
  });
});

/** Has memory for so many networks. */
class SmallGpu extends Gpu {
  constructor(readonly fits: number) {
    super(hardware.device, hardware.adapter);
  }

  override async scoped<T>(what: string, create: () => T): Promise<T> {
    const { device } = this, { createBuffer } = device;
    let isTooMuch = false;
    device.createBuffer = (descriptor) => {
      isTooMuch ||= descriptor.label === "clocks" &&
        descriptor.size / (4 * CLOCK_WORDS) > this.fits;
      return createBuffer.call(device, descriptor);
    };
    try {
      const value = await super.scoped(what, create);
      if (isTooMuch) throw new OutOfMemoryError("full");
      return value;
    } finally {
      device.createBuffer = createBuffer;
    }
  }
}

Deno.test("networks: in smaller groups where memory is too small, or the error", async () => {
  const stream = new RandomStream([6, 1]);
  const networks = Array.from({ length: 7 }, () => randomNetwork(stream));
  await withUploads(hardware, async (_, examples) => {
    const all = await evaluateNetworks(hardware, examples, LAYERS, networks);
    assertEquals(await evaluateNetworks(new SmallGpu(3), examples, LAYERS, networks), all);
    await assertRejects(
      () => evaluateNetworks(new SmallGpu(0), examples, LAYERS, networks),
      OutOfMemoryError,
    );
  });
});

Deno.test("networks: what cannot be used is named", async () => {
  const good = () => randomNetwork(new RandomStream([7, 1]));
  const cases: [string, (network: FinishedNetwork) => void][] = [
    ["network 2: weights of middle: there is no such array", (n) => delete n.weights.middle],
    ["network 2: biases of logits: there is no such array", (n) => delete n.biases.logits],
    ["network 2: mask of hidden: there is no such array", (n) => delete n.masks.hidden],
    ["network 2: weights of hidden has the shape (9, 7)", (n) => n.weights.hidden.shape.reverse()],
    ["network 2: biases of hidden holds NaN at [3]", (n) => n.biases.hidden.data[3] = NaN],
    ["network 2: mask of middle holds 0.5 at [0, 1]", (n) => n.masks.middle.data[1] = 0.5],
    ['network 2: weights of unknown layer "more"', (n) => n.weights.more = n.weights.hidden],
  ];
  await withUploads(llvmpipe, async (_, examples) => {
    for (const [message, damage] of cases) {
      const bad = good();
      damage(bad);
      await assertRejects(
        () => evaluateNetworks(llvmpipe, examples, LAYERS, [good(), bad]),
        InputError,
        message,
      );
    }
    for (const layers of [[], LAYERS.slice(1)]) {
      const error = await assertRejects(
        () => evaluateNetworks(llvmpipe, examples, layers, [good()]),
        InputError,
      );
      assert(/layers|inputs/.test(error.message), error.message);
    }
  });
});
