/** The WGSL of activations and their derivatives. */

import none from "../../../shaders/activation_none.wgsl" with { type: "text" };
import relu from "../../../shaders/activation_relu.wgsl" with { type: "text" };
import sigmoid from "../../../shaders/activation_sigmoid.wgsl" with { type: "text" };
import tanh from "../../../shaders/activation_tanh.wgsl" with { type: "text" };
import type { Activation } from "../layer_spec.ts";

const ACTIVATIONS = { relu, tanh, sigmoid };

/** An activation and its derivative, as functions of WGSL. */
export function activationWgsl(activation: Activation): string {
  return activation === null ? none : ACTIVATIONS[activation];
}
