import { assertEquals } from "@std/assert";
import { RunQueue } from "../../src/foundations/queue/run_queue.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { openTestGpu } from "../engine/gpu.ts";
import { runSmallLottery } from "../lottery/small_lottery.ts";

Deno.test("a training that changes no weight is told, one that changes some is not", async () => {
  const gpu = await openTestGpu();
  const queue = new RunQueue(gpu);
  const noticesAt = async (learningRate: number) => {
    const notices: string[] = [];
    const onNotice = (line: string) => notices.push(line);
    await runSmallLottery(new MemoryStorage(), queue, { learningRate, onNotice });
    return notices;
  };
  const why = "training changed no weight: a learning rate of 1e-30 is too small, or every " +
    "gradient is 0";
  assertEquals(await noticesAt(1e-30), [
    `ticket, trial 1, level 0: ${why}`,
    `ticket, trial 1, level 1: ${why}`,
    `reinit 1, trial 1, level 1: ${why}`,
  ]);
  assertEquals(await noticesAt(0.001), []);
  await queue.destroy();
  gpu.destroy();
});
