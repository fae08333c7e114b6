/** Optimizers: their settings, the WGSL of their update, and the step size of each iteration. */

import adam from "../../shaders/optimizer_adam.wgsl" with { type: "text" };
import momentum from "../../shaders/optimizer_momentum.wgsl" with { type: "text" };
import sgd from "../../shaders/optimizer_sgd.wgsl" with { type: "text" };

import { InputError } from "../errors.ts";
import { describe } from "./numbers.ts";
import { LEAST_FLOAT } from "../float32.ts";

/** How weights follow their gradients. */
export type OptimizerSpec =
  | { kind: "sgd"; learningRate: number }
  | { kind: "momentum"; learningRate: number; momentum: number }
  | { kind: "adam"; learningRate: number; beta1: number; beta2: number; epsilon: number };

/** An optimizer but for its learning rate: what kernels are compiled for. */
export type UpdateRule =
  | { kind: "sgd" }
  | { kind: "momentum"; momentum: number }
  | { kind: "adam"; beta1: number; beta2: number; epsilon: number };

/** Adam with the constants of Kingma & Ba, which the paper uses. */
export function adamSpec(learningRate: number): OptimizerSpec {
  return { kind: "adam", learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
}

function check(name: string, value: number, isRight: boolean, range: string): void {
  if (typeof value === "number" && isRight) return;
  throw new InputError(`optimizer: ${name} ${describe(value)} cannot be used: give ${range}`);
}

function checkRate(name: string, value: number): void {
  const isRight = value >= LEAST_FLOAT && Number.isFinite(Math.fround(value));
  check(name, value, isRight, "a number above 0 that a 32-bit float can hold");
}

function checkDecay(name: string, value: number): void {
  check(name, value, value >= 0 && Math.fround(value) < 1, "a number from 0 to below 1");
}

/** @throws InputError if 32-bit floats cannot hold it; 0 trains nothing, and is taken */
export function checkLearningRate(value: number): void {
  if (value !== 0) checkRate("learning rate", value);
}

/**
 * @throws InputError naming the constant that is out of its range: of step sizes those that 32-bit floats
 *   can hold, of decays 0 to below 1
 */
export function checkUpdateRule(rule: UpdateRule): void {
  switch (rule.kind) {
    case "sgd":
      return;
    case "momentum":
      return checkDecay("momentum", rule.momentum);
    case "adam":
      checkDecay("beta1", rule.beta1);
      checkDecay("beta2", rule.beta2);
      // With 0, a weight whose gradient is 0 would become 0/0.
      return checkRate("epsilon", rule.epsilon);
    default:
      throw new InputError(
        `optimizer ${describe((rule as UpdateRule).kind)} is unknown: use sgd, momentum or adam`,
      );
  }
}

/** @throws InputError as `checkUpdateRule` and `checkLearningRate` */
export function checkOptimizer(spec: OptimizerSpec): void {
  checkLearningRate(spec.learningRate);
  checkUpdateRule(spec);
}

/** Matrices of state per weight matrix: velocity, or the two moments. */
export function stateCount(spec: UpdateRule): number {
  return { sgd: 0, momentum: 1, adam: 2 }[spec.kind];
}

/** The WGSL of the update, constants included. */
export function updateWgsl(spec: UpdateRule): string {
  const f32 = (name: string, value: number) => `const ${name} = f32(${value});\n`;
  switch (spec.kind) {
    case "sgd":
      return sgd;
    case "momentum":
      return f32("MOMENTUM", spec.momentum) + momentum;
    case "adam":
      return f32("BETA_1", spec.beta1) + f32("BETA_2", spec.beta2) +
        f32("EPSILON", spec.epsilon) + adam;
  }
}

/**
 * Step size of iteration `t` (counted from 1). For Adam this holds the bias correction,
 * rate·√(1 − β₂ᵗ)/(1 − β₁ᵗ), in f64: in f32 on the GPU, 1 − β₂ᵗ would lose four digits at t = 1.
 */
export function stepSize(rule: UpdateRule, learningRate: number, t: number): number {
  if (rule.kind !== "adam") return learningRate;
  return learningRate * Math.sqrt(1 - rule.beta2 ** t) / (1 - rule.beta1 ** t);
}
