/** SCHEDULES, the table of learning rates over the iterations of a run. */

import { InputError } from "../errors.ts";
import { describe } from "./numbers.ts";

/** A learning rate at each iteration, counted from 0. */
export type Rate = (iteration: number) => number;

/** How the learning rate changes. */
export interface Schedule {
  /** Which row of SCHEDULES. */
  kind: ScheduleKind;
  /** Iterations over which the rate first rises, in equal steps, to its full size. */
  warmup: number;
  /** Of "steps": iterations from which the rate is `gamma` times as large, ascending. */
  milestones: number[];
  /** Of "steps". */
  gamma: number;
}

interface ScheduleRow {
  /** Completes a sentence of `--help`. */
  help: string;
  /** The share of the full rate at an iteration of a run of `iterations`, from 0 to 1. */
  factor(schedule: Schedule, iteration: number, iterations: number): number;
}

/** To add a schedule is to add a row. */
export const SCHEDULES = {
  constant: { help: "the same rate throughout", factor: () => 1 },
  steps: {
    help: "multiplied by --gamma at each of --milestones",
    factor: ({ milestones, gamma }, iteration) =>
      gamma ** milestones.filter((milestone) => milestone <= iteration).length,
  },
  cosine: {
    help: "half a cosine, from the full rate to 0 (Loshchilov & Hutter 2017)",
    factor: ({ warmup }, iteration, iterations) =>
      (1 + Math.cos(Math.PI * (iteration - warmup) / (iterations - warmup))) / 2,
  },
} as const satisfies Record<string, ScheduleRow>;

/** The name of a schedule. */
export type ScheduleKind = "constant" | "steps" | "cosine";
/** All of them. */
export const SCHEDULE_KINDS = Object.keys(SCHEDULES) as ScheduleKind[];

/** The schedule of a rate that never changes. */
export const CONSTANT: Schedule = { kind: "constant", warmup: 0, milestones: [], gamma: 0.1 };

/** The rates of a run of `iterations` whose full rate is `learningRate`. */
export function rateOf(schedule: Schedule, learningRate: number, iterations: number): Rate {
  const { kind, warmup } = schedule;
  return (iteration) =>
    learningRate *
    (iteration < warmup
      ? (iteration + 1) / warmup
      : SCHEDULES[kind].factor(schedule, iteration, iterations));
}

/** @throws InputError naming the part that cannot be used in a run of `iterations` */
export function checkSchedule(schedule: Schedule, iterations: number): void {
  const { kind, warmup, milestones, gamma } = schedule;
  const fault = (what: string, next: string) => new InputError(`schedule: ${what}; ${next}`);
  if (!Object.hasOwn(SCHEDULES, kind)) {
    throw fault(`${describe(kind)} is unknown`, `use ${SCHEDULE_KINDS.join(", ")}`);
  }
  if (!(Number.isSafeInteger(warmup) && warmup >= 0 && warmup < Math.max(1, iterations))) {
    throw fault(
      `a warm-up of ${warmup} iterations does not end within the ${iterations} of the run`,
      "give a smaller one",
    );
  }
  if (!(gamma > 0 && gamma <= 1)) {
    throw fault(`gamma ${gamma} is not a factor`, "give one above 0, at most 1");
  }
  milestones.forEach((milestone, i) => {
    if (!(milestone > (milestones[i - 1] ?? 0))) {
      throw fault(`milestones ${milestones.join(",")} do not ascend`, "give them in order, from 1");
    }
    if (milestone >= iterations) {
      throw fault(
        `milestone ${milestone} lies past the end of a run of ${iterations} iterations`,
        "give smaller ones, or a longer training",
      );
    }
  });
  if (kind === "steps" && milestones.length === 0) {
    throw fault("steps without milestones change nothing", "give some, or the constant schedule");
  }
}
