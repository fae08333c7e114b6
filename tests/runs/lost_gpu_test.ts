/** Runs whose GPU is lost, or has too little memory, end with the bits of undisturbed ones. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Gpu, openGpu } from "../../src/engine/mod.ts";
import { CapacityError, DeviceLostError, OutOfMemoryError } from "../../src/errors.ts";
import { encodeRun } from "../../src/records/saved_run.ts";
import type { RunQueue, RunQueueOptions } from "../../src/foundations/queue/run_queue.ts";
import { train } from "../../src/foundations/trainer.ts";
import { CLOCK_WORDS } from "../../src/engine/kernels/row_kernels.ts";
import { gpu, options, undisturbed, withQueue } from "./disturbed_run.ts";

/** A queue on a device of its own, which is destroyed each time that `isLost` says so. */
async function losing<T>(
  isLost: (iteration: number) => boolean,
  work: (queue: RunQueue) => Promise<T>,
  more: RunQueueOptions = {},
): Promise<{ opened: number; notices: string[]; outcome: T }> {
  const devices: Gpu[] = [];
  const notices: string[] = [];
  // More progress may come before its loss is noticed.
  let lost = 0;
  const open = async () => {
    const fresh = await openGpu();
    devices.push(fresh);
    return fresh;
  };
  const options: RunQueueOptions = {
    checkpointInterval: { iterations: 10 },
    reopen: open,
    onNotice: (line) => notices.push(line),
    onProgress: ({ iteration }) => {
      if (lost === devices.length || !isLost(iteration)) return;
      lost = devices.length;
      devices.at(-1)!.device.destroy();
    },
    ...more,
  };
  try {
    const outcome = await withQueue(work, options, await open());
    return { opened: devices.length, notices, outcome };
  } finally {
    for (const device of devices) device.destroy();
  }
}

Deno.test("a GPU that is lost midway: the runs go on from their checkpoint on a fresh one", async () => {
  const losses = new Set([20, 60]);
  const { opened, notices, outcome } = await losing(
    (iteration) => losses.delete(iteration),
    (queue) => queue.runSideBySide([1, 2].map((seed) => () => train(queue, options(seed)))),
  );
  assertEquals([opened, notices.length], [3, 2]);
  assertStringIncludes(notices[0], "was lost");
  assertStringIncludes(notices[0], "continuing on a new one");
  for (const [i, result] of outcome.entries()) {
    assert(result.status === "fulfilled");
    assertEquals(encodeRun(result.value), await undisturbed(i + 1));
  }
});

Deno.test("a GPU that is lost before the first checkpoint: the runs begin again", async () => {
  let isFirst = true;
  const { opened, outcome } = await losing(
    () => isFirst && !(isFirst = false),
    (queue) => train(queue, options(1)),
    { checkpointInterval: { seconds: 1000 } },
  );
  assertEquals(opened, 2);
  assertEquals(encodeRun(outcome), await undisturbed(1));
});

Deno.test("a GPU that is lost whenever it works: a few tries, then the loss", async () => {
  let last = 0;
  await assertRejects(
    () =>
      losing(
        // Always at the first progress after the same checkpoint.
        (iteration) => iteration > 20 && ++last > 0,
        (queue) => train(queue, options(1)),
      ),
    DeviceLostError,
    "was lost",
  );
  assert(last >= 3 && last <= 6, `${last} tries`);
});

Deno.test("without a way to open another GPU its loss ends the training", async () => {
  const own = await openGpu();
  await assertRejects(
    () =>
      withQueue((queue) => train(queue, options(1)), {
        checkpointInterval: { iterations: 10 },
        onProgress: () => own.device.destroy(),
      }, own),
    DeviceLostError,
  );
});

/** A GPU whose memory is full when more than so many replicas are allocated. */
class SmallGpu extends Gpu {
  constructor(private readonly fits: number) {
    super(gpu.device, gpu.adapter);
  }

  override async scoped<T>(what: string, create: () => T): Promise<T> {
    const sizes: number[] = [];
    const { device } = this, { createBuffer } = device;
    device.createBuffer = (descriptor) => {
      if (descriptor.label === "clocks") sizes.push(descriptor.size / (4 * CLOCK_WORDS));
      return createBuffer.call(device, descriptor);
    };
    try {
      const value = await super.scoped(what, create);
      if (sizes.some((replicas) => replicas > this.fits)) throw new OutOfMemoryError("full");
      return value;
    } finally {
      device.createBuffer = createBuffer;
    }
  }
}

Deno.test("memory that is too small at the start: fewer replicas, or the number that fits", async () => {
  const runs = (queue: RunQueue) =>
    queue.runSideBySide(Array.from({ length: 8 }, (_, i) => () => train(queue, options(i))));
  const results = await withQueue(runs, {}, new SmallGpu(3));
  for (const [i, result] of results.entries()) {
    assert(result.status === "fulfilled");
    assertEquals(encodeRun(result.value), await undisturbed(i));
  }
  const [refused] = await withQueue(runs, { replicas: 8 }, new SmallGpu(3));
  assert(refused.status === "rejected" && refused.reason instanceof CapacityError);
  assertStringIncludes(refused.reason.message, "use --replicas 2 or auto");
  const [none] = await withQueue(runs, {}, new SmallGpu(0));
  assert(none.status === "rejected" && none.reason instanceof OutOfMemoryError);
});
