/**
 * TensorFlow.js in Deno: training of a network of convolutions with masks applied, timed per
 * iteration. Batches lie on the device beforehand; data is random. Prints one line of JSON.
 *
 * usage: deno run -A --config tests/peers/deno.json tests/peers/tfjs_conv.ts webgpu
 *   conv5x5v:20,pool,500 28,28,1 sgd|adam N
 *
 * The layers are those of `--layers` of this project (ReLU layers; the output layer is added).
 */

import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-webgpu";

const [backend, layers, image, optimizerName, count] = Deno.args;
const BATCH = 60, CLASSES = 10, BATCHES = 4, iterations = Number(count);
if (!await tf.setBackend(backend)) {
  throw new Error(`TensorFlow.js has no backend "${backend}" here`);
}
await tf.ready();

const [height, width, channels] = image.split(",").map(Number);
/** A layer from its inputs and its parameters. */
type Apply = (x: tf.Tensor) => tf.Tensor;
const weights: tf.Variable[] = [];
const applied: Apply[] = [];
let shape = [height, width, channels];

/** Weights of Gaussian Glorot and biases of 0. */
function parameters(axes: number[], inputs: number, outputs: number): [tf.Variable, tf.Variable] {
  const w = tf.variable(tf.randomNormal(axes, 0, Math.sqrt(2 / (inputs + outputs))));
  weights.push(w);
  return [w, tf.variable(tf.zeros([axes.at(-1)!]))];
}
function dense(units: number, activate: boolean): void {
  const inputs = shape.reduce((a, b) => a * b), isImage = shape.length > 1;
  const [w, b] = parameters([inputs, units], inputs, units);
  applied.push((x) => {
    const flat = isImage ? tf.reshape(x, [BATCH, inputs]) : x;
    const sums = tf.add(tf.matMul(flat as tf.Tensor2D, w as tf.Tensor2D), b);
    return activate ? tf.relu(sums) : sums;
  });
  shape = [units];
}
for (const text of layers.split(",")) {
  const conv = /^conv(\d+)x(\d+)(v?):(\d+)$/.exec(text);
  if (conv) {
    const [tall, wide, filters] = [conv[1], conv[2], conv[4]].map(Number), padding = conv[3];
    const taps = tall * wide;
    const [w, b] = parameters([tall, wide, shape[2], filters], taps * shape[2], taps * filters);
    applied.push((x) =>
      tf.relu(
        tf.add(
          tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, padding ? "valid" : "same"),
          b,
        ),
      )
    );
    const [lessY, lessX] = padding ? [tall - 1, wide - 1] : [0, 0];
    shape = [shape[0] - lessY, shape[1] - lessX, filters];
  } else if (text === "pool") {
    applied.push((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid"));
    shape = [Math.floor(shape[0] / 2), Math.floor(shape[1] / 2), shape[2]];
  } else {
    dense(Number(text), true);
  }
}
dense(CLASSES, false);

const masks = weights.map((w) => tf.onesLike(w));
const optimizer = optimizerName === "adam"
  ? tf.train.adam(2e-4, 0.9, 0.999, 1e-8)
  : tf.train.sgd(0.01);
const batches = Array.from({ length: BATCHES }, () => ({
  x: tf.randomUniform([BATCH, height, width, channels]),
  y: tf.tidy(() =>
    tf.cast(tf.oneHot(tf.randomUniform([BATCH], 0, CLASSES, "int32"), CLASSES), "float32")
  ),
}));

function iteration(i: number): void {
  const { x, y } = batches[i % BATCHES];
  optimizer.minimize(() => {
    const logits = applied.reduce((value: tf.Tensor, apply) => apply(value), x);
    return tf.neg(tf.mean(tf.sum(tf.mul(y, tf.logSoftmax(logits)), 1))) as tf.Scalar;
  });
  // Pruned weights go back to 0 after each update: cheaper than masking in forward and backward.
  tf.tidy(() => weights.forEach((w, l) => w.assign(tf.mul(w, masks[l]))));
}
const done = () => weights[0].data();

iteration(0);
await done();
const start = performance.now();
for (let i = 0; i < iterations; i++) iteration(i);
await done();
const milliseconds = (performance.now() - start) / iterations;
console.log(JSON.stringify({
  peer: `tfjs ${backend}`,
  optimizer: optimizerName,
  batch: BATCH,
  ms_per_iteration: milliseconds,
}));
Deno.exit(0);
