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

/** Adam with the constants of Kingma & Ba, which the paper uses. */
export function adamSpec(learningRate: number): OptimizerSpec {
  return { kind: "adam", learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
}

/**
 * @throws InputError naming the constant that is out of its range: of step sizes those that 32-bit floats
 *   can hold (0 trains nothing), of decays 0 to below 1
 */
export function checkOptimizer(spec: OptimizerSpec): void {
  const check = (name: string, value: number, isRight: boolean, range: string) => {
    if (typeof value === "number" && isRight) return;
    throw new InputError(`optimizer: ${name} ${describe(value)} cannot be used: give ${range}`);
  };
  const rate = (name: string, value: number) =>
    check(
      name,
      value,
      value >= LEAST_FLOAT && Number.isFinite(Math.fround(value)),
      "a number above 0 that a 32-bit float can hold",
    );
  const decay = (name: string, value: number) =>
    check(name, value, value >= 0 && Math.fround(value) < 1, "a number from 0 to below 1");
  const { learningRate } = spec;
  if (learningRate !== 0) rate("learning rate", learningRate);
  switch (spec.kind) {
    case "sgd":
      return;
    case "momentum":
      return decay("momentum", spec.momentum);
    case "adam":
      decay("beta1", spec.beta1);
      decay("beta2", spec.beta2);
      // With 0, a weight whose gradient is 0 would become 0/0.
      return rate("epsilon", spec.epsilon);
    default:
      throw new InputError(
        `optimizer ${describe((spec as OptimizerSpec).kind)} is unknown: use sgd, momentum or adam`,
      );
  }
}

/** Matrices of state per weight matrix: velocity, or the two moments. */
export function stateCount(spec: OptimizerSpec): number {
  return { sgd: 0, momentum: 1, adam: 2 }[spec.kind];
}

/** The WGSL of the update, constants included. */
export function updateWgsl(spec: OptimizerSpec): string {
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
export function stepSize(spec: OptimizerSpec, t: number): number {
  if (spec.kind !== "adam") return spec.learningRate;
  return spec.learningRate * Math.sqrt(1 - spec.beta2 ** t) / (1 - spec.beta1 ** t);
}
