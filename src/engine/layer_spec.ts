/** Describes one fully connected layer to the engine. */

/** An elementwise nonlinearity; `null` is the identity. */
export type Activation = "relu" | "tanh" | "sigmoid" | null;

/** One fully connected layer: `units = activation(inputs · (weights ⊙ mask) + biases)`. */
export interface LayerSpec {
  /** By this name masks and presets are found. */
  name: string;
  /** Width of the layer's input. */
  inputs: number;
  /** Width of the layer's output. */
  units: number;
  /** Applied to the sums. */
  activation: Activation;
  /** Whether biases are trained; without it they stay 0. */
  useBias: boolean;
}
