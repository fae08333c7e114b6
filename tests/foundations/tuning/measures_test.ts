import { assertEquals } from "@std/assert";
import {
  chooseCrossover,
  chooseReplicas,
  crossoverOf,
} from "../../../src/foundations/tuning/measures.ts";
import { FakeMachine } from "./fake_networks.ts";

Deno.test("replicas: the fewest that are as fast as any", async () => {
  const chosen = async (perReplica: (replicas: number) => number, most: number, time?: number) => {
    const machine = new FakeMachine(() => NaN);
    const make = (replicas: number) => {
      machine.time += 10;
      return Promise.resolve(machine.network(replicas * perReplica(replicas)));
    };
    const trial = await chooseReplicas(make, machine.pace(time), most);
    assertEquals(machine.open.size, 0);
    return [trial.chosen, trial.isDecided, Object.keys(trial.milliseconds).length];
  };
  // No faster from 4 on: 8 and 16 show it.
  assertEquals(await chosen((r) => Math.max(1, 4 / r), 32), [4, true, 5]);
  // Slower with more.
  assertEquals(await chosen((r) => 1 + r / 10, 32), [1, true, 3]);
  // More might be better still: of 5 runs at once nobody knows.
  assertEquals(await chosen((r) => 1 / r, 5), [4, false, 3]);
  assertEquals(await chosen((r) => 1 / r, 100), [32, false, 6]);
  assertEquals(await chosen((r) => Math.max(1, 4 / r), 32, 130), [4, false, 3]);
});

Deno.test("crossover: the same by halves as by trying all, with fewer networks", async () => {
  const densities = Array.from({ length: 13 }, (_, i) => 0.8 ** (i + 2));
  for (const true_ of [0.9, 0.3, 0.21, 0.07, 0.01]) {
    const measured = async (isThorough: boolean) => {
      const machine = new FakeMachine(() => NaN);
      const dense = { network: machine.network(10), milliseconds: 10 };
      let made = 0;
      const makers = densities.map((density) => () => {
        made++;
        return Promise.resolve({ density, network: machine.network(10 * density / true_) });
      });
      const pace = machine.pace(Infinity, isThorough);
      const { chosen } = await chooseCrossover("sparse.below", makers, dense, pace);
      assertEquals(machine.open.size, 1);
      return { chosen: chosen as number, made };
    };
    const all = await measured(true), halves = await measured(false);
    assertEquals(halves.chosen, all.chosen);
    assertEquals([all.made, halves.made <= 4], [13, true]);
    if (true_ < 0.64 && true_ > 0.05) assertEquals(Math.abs(all.chosen / true_ - 1) < 0.2, true);
    else assertEquals(all.chosen, true_ > 0.5 ? 0.8 : 0);
  }
});

Deno.test("crossover: nothing is chosen where there was no time to find it", async () => {
  const machine = new FakeMachine(() => NaN);
  const dense = { network: machine.network(10), milliseconds: 10 };
  const makers = [0.4, 0.3, 0.2, 0.1].map((density) => () => {
    machine.time += 100;
    return Promise.resolve({ density, network: machine.network(1) });
  });
  const late = machine.pace(0);
  machine.time = 1;
  const none = await chooseCrossover("sparse.below", makers, dense, late);
  assertEquals([none.chosen, none.isDecided], [null, false]);
  // One was tried, and won: no more is known.
  const trial = await chooseCrossover("sparse.below", makers, dense, machine.pace(200));
  assertEquals([trial.chosen, trial.isDecided], [0.2, true]);
});

Deno.test("crossover: between the sparsest network that loses and the next sparser one", () => {
  const times = { dense: 10, "0.4000": 12, "0.3000": 9, "0.2000": 11, "0.1000": 5 };
  assertEquals(crossoverOf([0.4, 0.3, 0.2, 0.1], times), 0.14);
  assertEquals(crossoverOf([0.4, 0.1], { ...times, "0.4000": 1 }), 0.63);
  assertEquals(crossoverOf([0.4, 0.2], times), 0);
});
