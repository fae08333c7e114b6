/** Measures how the cost of an iteration grows with density and sizes, for `bench`. */

import { adamSpec, destroyExamples, type Gpu, type Program } from "../../../src/engine/mod.ts";
import type { Growth, GrowthPoint } from "../../../src/figures/speed_charts.ts";
import type { ExampleArrays } from "../../../src/engine/mod.ts";
import type { ExampleSets } from "../../../src/datasets/examples.ts";
import { median } from "../../../src/foundations/tuning/search.ts";
import {
  type NetworkOptions,
  networkProgram,
  type Ticket,
  timeIterations,
  type Uploaded,
  uploadSets,
} from "./network_program.ts";

const REPLICAS = [1, 2, 4, 8, 16];
const HIDDEN = [300, 600, 1200, 3000];
const BATCHES = [15, 30, 60, 120, 240, 480, 960];
const DATASETS = [1000, 5000, 20000, 60000];
/** A measurement takes about this long. */
const MILLISECONDS = 200;

/** Medians of `rounds` measurements with Adam; what is on one curve is measured in turn. */
export async function measureGrowth(
  gpu: Gpu,
  sets: ExampleSets,
  uploaded: Uploaded,
  tickets: readonly Ticket[],
  rounds: number,
): Promise<Growth> {
  const create = (options: Partial<NetworkOptions>, from = uploaded) =>
    networkProgram(gpu, from, { optimizer: adamSpec(1.2e-3), ...options });
  const curve = async (
    values: readonly number[],
    make: (value: number, index: number) => Promise<Program>,
  ): Promise<GrowthPoint[]> => {
    const measured: { value: number; program: Program; iterations: number; times: number[] }[] = [];
    for (const [index, value] of values.entries()) {
      const program = await make(value, index);
      const once = await timeIterations(program, 10);
      const iterations = Math.max(5, Math.min(500, Math.round(MILLISECONDS / once)));
      measured.push({ value, program, iterations, times: [] });
    }
    for (let round = 0; round < rounds; round++) {
      for (const { program, iterations, times } of round % 2 ? measured.toReversed() : measured) {
        times.push(await timeIterations(program, iterations));
      }
    }
    for (const { program } of measured) program.destroy();
    return measured.map(({ value, times }) => ({ value, milliseconds: median(times) }));
  };
  const densities = [1, ...tickets.map(({ density }) => density)];
  const [{ milliseconds }, ...density] = await curve(
    densities,
    (_, i) => create(i === 0 ? {} : { masks: tickets[i - 1].masks, isSparse: true }),
  );
  const replicas = await curve(REPLICAS, (replicas) => create({ replicas }));
  const counts = DATASETS.filter((count) => count <= sets.train.count);
  const some: Uploaded[] = [];
  for (const count of counts) {
    some.push(await uploadSets(gpu, { ...sets, train: first(sets.train, count) }));
  }
  const dataset = await curve(counts, (_, i) => create({}, some[i]));
  for (const { examples, test } of some) [examples, test].forEach(destroyExamples);
  return {
    denseMilliseconds: milliseconds,
    density,
    sizes: {
      replicas: replicas.map(({ value, milliseconds }) => ({
        value,
        milliseconds: milliseconds / value,
      })),
      hidden: await curve(HIDDEN, (units) => create({ hidden: [units, 100] })),
      batch: await curve(BATCHES, (batchSize) => create({ batchSize })),
      dataset,
    },
  };
}

/** The first `count` examples of a set. */
function first({ inputs, labels, features }: ExampleArrays, count: number): ExampleArrays {
  return {
    inputs: inputs.slice(0, count * features),
    labels: labels.slice(0, count),
    count,
    features,
  };
}
