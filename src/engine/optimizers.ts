/** The table of optimizers: constants, the WGSL of the update, and each iteration's step size. */

import adam from "../../shaders/optimizer_adam.wgsl" with { type: "text" };
import adamw from "../../shaders/optimizer_adamw.wgsl" with { type: "text" };
import momentum from "../../shaders/optimizer_momentum.wgsl" with { type: "text" };
import nesterov from "../../shaders/optimizer_nesterov.wgsl" with { type: "text" };
import sgd from "../../shaders/optimizer_sgd.wgsl" with { type: "text" };

import { InputError } from "../errors.ts";
import { LEAST_FLOAT } from "../float32.ts";
import { describe } from "./numbers.ts";

/** How weights follow their gradients. */
export type OptimizerSpec =
  & { learningRate: number; /** Of weights, not of biases. Default: 0. */ weightDecay?: number }
  & UpdateRule;

/** The name of an optimizer. */
export type OptimizerKind = UpdateRule["kind"];

/** An optimizer but for its learning rate and weight decay: what kernels are compiled for. */
export type UpdateRule =
  | { kind: "sgd" }
  | { kind: "momentum" | "nesterov"; momentum: number }
  | { kind: "adam" | "adamw"; beta1: number; beta2: number; epsilon: number };

/** The rule of a kind. */
type RuleOf<K extends OptimizerKind> = UpdateRule & { kind: K };

/** A constant of a rule. */
interface Constant {
  usual: number;
  /** Its name in the WGSL. */
  wgsl: string;
  /** Where it must lie: a decay from 0 to below 1; a step above 0, as 32-bit floats have it. */
  range: "decay" | "step";
}

/** A line of the table. */
interface Optimizer<K extends OptimizerKind> {
  /** Its name for readers. */
  label: string;
  /** The default learning rate. */
  learningRate: number;
  constants: Readonly<Record<Exclude<keyof RuleOf<K>, "kind">, Constant>>;
  /** Matrices of state per weight matrix. */
  states: number;
  /** WGSL of `update`. */
  wgsl: string;
  /** Step size of iteration `t`, counted from 1; the learning rate if absent. */
  step?(rule: RuleOf<K>, learningRate: number, t: number): number;
  /** The factor of a weight that the update adds to its gradient, or as the WGSL has it. */
  decay?(learningRate: number, weightDecay: number): number;
}

const withMomentum = {
  // A momentum of 0.9 multiplies steps by ten.
  learningRate: 0.01,
  constants: { momentum: { usual: 0.9, wgsl: "MOMENTUM", range: "decay" } },
  states: 1,
} as const;

const withMoments = {
  learningRate: 1.2e-3,
  // Those of Kingma & Ba, which the paper uses.
  constants: {
    beta1: { usual: 0.9, wgsl: "BETA_1", range: "decay" },
    beta2: { usual: 0.999, wgsl: "BETA_2", range: "decay" },
    // With 0, a weight whose gradient is 0 would become 0/0.
    epsilon: { usual: 1e-8, wgsl: "EPSILON", range: "step" },
  },
  states: 2,
  // With the bias correction, in f64: in f32 on the GPU, 1 − β₂ᵗ would lose four digits at t = 1.
  step: ({ beta1, beta2 }: { beta1: number; beta2: number }, learningRate: number, t: number) =>
    learningRate * Math.sqrt(1 - beta2 ** t) / (1 - beta1 ** t),
} as const;

/** To add an optimizer: its settings in `OptimizerSpec`, its WGSL in `shaders/`, its line here. */
export const OPTIMIZERS: { readonly [K in OptimizerKind]: Optimizer<K> } = {
  sgd: { label: "SGD", learningRate: 0.1, constants: {}, states: 0, wgsl: sgd },
  momentum: { ...withMomentum, label: "SGD with momentum", wgsl: momentum },
  nesterov: { ...withMomentum, label: "SGD with Nesterov momentum", wgsl: nesterov },
  adam: { ...withMoments, label: "Adam", wgsl: adam },
  adamw: {
    ...withMoments,
    label: "AdamW",
    wgsl: adamw,
    decay: (learningRate, weightDecay) => learningRate * weightDecay,
  },
};

/** The names of all optimizers, in the order of the table. */
export const OPTIMIZER_KINDS = Object.keys(OPTIMIZERS) as OptimizerKind[];

/** A rule's constants: their declarations, by name. */
function constantsOf(kind: OptimizerKind): [name: string, constant: Constant][] {
  return Object.entries<Constant>(OPTIMIZERS[kind].constants);
}

/** The optimizer with these constants; others as usual. */
export function optimizerSpec(
  kind: OptimizerKind,
  learningRate: number,
  given: Readonly<Record<string, number>> = {},
): OptimizerSpec {
  const constants = constantsOf(kind).map(([name, { usual }]) => [name, given[name] ?? usual]);
  const { weightDecay } = given;
  return {
    ...{ kind, learningRate, ...Object.fromEntries(constants) },
    ...(weightDecay && { weightDecay }),
  } as OptimizerSpec;
}

/** Adam with the constants of Kingma & Ba, which the paper uses. */
export function adamSpec(learningRate: number): OptimizerSpec {
  return optimizerSpec("adam", learningRate);
}

function check(name: string, value: number, isRight: boolean, range: string): void {
  if (typeof value === "number" && isRight) return;
  throw new InputError(`optimizer: ${name} ${describe(value)} cannot be used: give ${range}`);
}

function checkStep(name: string, value: number): void {
  const isRight = value >= LEAST_FLOAT && Number.isFinite(Math.fround(value));
  check(name, value, isRight, "a number above 0 that a 32-bit float can hold");
}

/** @throws InputError if 32-bit floats cannot hold it; 0 trains nothing, and is taken */
export function checkLearningRate(value: number): void {
  if (value !== 0) checkStep("learning rate", value);
}

/**
 * @throws InputError naming the constant that is out of its range: of step sizes those that 32-bit
 *   floats can hold, of decays 0 to below 1
 */
export function checkUpdateRule(rule: UpdateRule): void {
  if (!Object.hasOwn(OPTIMIZERS, rule.kind)) {
    throw new InputError(
      `optimizer ${describe(rule.kind)} is unknown: use ${
        OPTIMIZER_KINDS.join(", ").replace(/, (?=\w+$)/, " or ")
      }`,
    );
  }
  const values = rule as unknown as Record<string, number>;
  for (const [name, { range }] of constantsOf(rule.kind)) {
    const value = values[name];
    if (range === "step") checkStep(name, value);
    else {
      const isRight = value >= 0 && Math.fround(value) < 1;
      check(name, value, isRight, "a number from 0 to below 1");
    }
  }
}

/** @throws InputError if it is not from 0 to below 1 */
export function checkWeightDecay(value: number): void {
  check("weight decay", value, value >= 0 && value < 1, "a number from 0 to below 1");
}

/** @throws InputError as `checkUpdateRule`, `checkLearningRate` and `checkWeightDecay` */
export function checkOptimizer(spec: OptimizerSpec): void {
  checkLearningRate(spec.learningRate);
  checkWeightDecay(spec.weightDecay ?? 0);
  checkUpdateRule(spec);
}

/** Matrices of state per weight matrix: velocity, or the two moments. */
export function stateCount({ kind }: UpdateRule): number {
  return OPTIMIZERS[kind].states;
}

/** The WGSL of the update, constants included. */
export function updateWgsl(rule: UpdateRule): string {
  const values = rule as unknown as Record<string, number>;
  const constants = constantsOf(rule.kind).map(([name, { wgsl }]) =>
    `const ${wgsl} = f32(${values[name]});\n`
  );
  return constants.join("") + OPTIMIZERS[rule.kind].wgsl;
}

/** Step size of iteration `t`, counted from 1. */
export function stepSize(rule: UpdateRule, learningRate: number, t: number): number {
  const { step } = OPTIMIZERS[rule.kind] as Optimizer<OptimizerKind>;
  return step ? step(rule, learningRate, t) : learningRate;
}

/** The share of a weight that an update at this rate adds to its gradient, or takes from it. */
export function decayOf(rule: UpdateRule, learningRate: number, weightDecay: number): number {
  const { decay } = OPTIMIZERS[rule.kind];
  return decay ? decay(learningRate, weightDecay) : weightDecay;
}
