/** Networks that take as long as a formula says, by a clock that they move themselves. */

import type { Tuned } from "../../../src/engine/kernels/tiles.ts";
import { Budget, type Pace, type Timed } from "../../../src/foundations/tuning/search.ts";

/** A clock, and the networks that are made and timed by it. */
export class FakeMachine {
  /** Milliseconds since the beginning. */
  time = 0;
  /** Choices that networks were made with, in order. */
  readonly made: Tuned[] = [];
  /** Networks that hold memory. */
  readonly open = new Set<Timed>();

  /**
   * @param cost      milliseconds of an iteration
   * @param compiling milliseconds that a network takes to be made
   */
  constructor(
    private readonly cost: (tuned: Tuned) => number,
    private readonly compiling: number | ((tuned: Tuned) => number) = 10,
  ) {}

  readonly make = (tuned: Tuned): Promise<Timed> => {
    const { compiling } = this;
    this.made.push(tuned);
    this.time += typeof compiling === "number" ? compiling : compiling(tuned);
    return Promise.resolve(this.network(this.cost(tuned)));
  };

  /** A network whose iterations take so long. */
  network(milliseconds: number): Timed {
    const network: Timed = {
      time: (iterations) => {
        this.time += iterations * milliseconds;
        return Promise.resolve(milliseconds);
      },
      destroy: () => {
        if (!this.open.delete(network)) throw new Error("it was destroyed before");
      },
    };
    this.open.add(network);
    return network;
  }

  /** A search in a hurry, with so much time. */
  pace(milliseconds = Infinity, isThorough = false): Pace {
    const budget = new Budget(() => milliseconds, () => this.time);
    return { rounds: 3, iterations: () => 2, isThorough, budget };
  }
}
