/** Measures how the cost of a training iteration grows with density and sizes, for `deno task bench`. */

import { adamSpec, destroyExamples, type Gpu } from "../src/engine/mod.ts";
import type { Growth, GrowthPoint } from "../src/analysis/speed_charts.ts";
import type { ExampleArrays } from "../src/engine/dataset.ts";
import type { ExampleSets } from "../src/datasets/examples.ts";
import {
  type LenetOptions,
  lenetProgram,
  median,
  type Ticket,
  timeIterations,
  type Uploaded,
  uploadSets,
} from "./lenet_program.ts";

const REPLICAS = [1, 2, 4, 8, 16];
const HIDDEN = [300, 600, 1200, 3000];
const BATCHES = [15, 30, 60, 120, 240, 480, 960];
const DATASETS = [1000, 5000, 20000, 60000];
/** A measurement takes about this long. */
const MILLISECONDS = 300;

/** Medians of `rounds` measurements of each, with Adam; tickets are timed in turn with the full network. */
export async function measureGrowth(
  gpu: Gpu,
  sets: ExampleSets,
  uploaded: Uploaded,
  tickets: readonly Ticket[],
  rounds: number,
): Promise<Growth> {
  const time = async (options: Partial<LenetOptions>, from = uploaded): Promise<number> => {
    const program = await lenetProgram(gpu, from, { optimizer: adamSpec(1.2e-3), ...options });
    const once = await timeIterations(program, 10);
    const iterations = Math.max(5, Math.min(500, Math.round(MILLISECONDS / once)));
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      times.push(await timeIterations(program, iterations));
    }
    program.destroy();
    return median(times);
  };
  const each = async (
    values: readonly number[],
    measure: (value: number) => Promise<number>,
  ): Promise<GrowthPoint[]> => {
    const points: GrowthPoint[] = [];
    for (const value of values) points.push({ value, milliseconds: await measure(value) });
    return points;
  };
  const density: GrowthPoint[] = [];
  for (const { masks, density: value } of tickets) {
    density.push({ value, milliseconds: await time({ masks, isSparse: true }) });
  }
  return {
    denseMilliseconds: await time({}),
    density,
    sizes: {
      replicas: await each(REPLICAS, async (replicas) => await time({ replicas }) / replicas),
      hidden: await each(HIDDEN, (units) => time({ hidden: [units, 100] })),
      batch: await each(BATCHES, (batchSize) => time({ batchSize })),
      dataset: await each(DATASETS.filter((count) => count <= sets.train.count), async (count) => {
        const some = await uploadSets(gpu, { ...sets, train: first(sets.train, count) });
        const milliseconds = await time({}, some);
        destroyExamples(some.pool);
        destroyExamples(some.test);
        return milliseconds;
      }),
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
