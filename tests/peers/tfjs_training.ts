/**
 * TensorFlow.js: training of LeNet-300-100 with masks applied, in Deno or in a browser. Takes a
 * backend and an optimizer, gives milliseconds per iteration. Batches lie on the device beforehand;
 * data is random with MNIST's share of non-zero pixels.
 */

import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-webgpu";

const BATCH = 60, WIDTHS = [784, 300, 100, 10], BATCHES = 20;

/** Milliseconds per iteration, after a warm-up. */
export async function timeTraining(
  backend: string,
  optimizerName: string,
  iterations: number,
): Promise<number> {
  if (!await tf.setBackend(backend)) {
    throw new Error(`TensorFlow.js has no backend "${backend}" here`);
  }
  await tf.ready();

  const weights = WIDTHS.slice(1).map((units, i) =>
    tf.variable(tf.randomNormal([WIDTHS[i], units], 0, Math.sqrt(2 / (WIDTHS[i] + units))))
  );
  const biases = WIDTHS.slice(1).map((units) => tf.variable(tf.zeros([units])));
  const masks = weights.map((w) => tf.onesLike(w));
  const optimizer = optimizerName === "adam"
    ? tf.train.adam(1.2e-3, 0.9, 0.999, 1e-8)
    : tf.train.sgd(0.1);
  const batches = Array.from({ length: BATCHES }, () => ({
    x: tf.tidy(() =>
      tf.mul(tf.randomUniform([BATCH, 784]), tf.less(tf.randomUniform([BATCH, 784]), 0.19))
    ),
    y: tf.tidy(() => tf.cast(tf.oneHot(tf.randomUniform([BATCH], 0, 10, "int32"), 10), "float32")),
  }));

  function iteration(i: number): void {
    const { x, y } = batches[i % BATCHES];
    optimizer.minimize(() => {
      const hidden = tf.relu(
        tf.add(tf.matMul(x as tf.Tensor2D, weights[0] as tf.Tensor2D), biases[0]),
      );
      const second = tf.relu(
        tf.add(tf.matMul(hidden as tf.Tensor2D, weights[1] as tf.Tensor2D), biases[1]),
      );
      const logits = tf.add(tf.matMul(second as tf.Tensor2D, weights[2] as tf.Tensor2D), biases[2]);
      return tf.neg(tf.mean(tf.sum(tf.mul(y, tf.logSoftmax(logits)), 1))) as tf.Scalar;
    });
    // Pruned weights go back to 0 after each update: cheaper than masking in forward and backward.
    tf.tidy(() => weights.forEach((w, l) => w.assign(tf.mul(w, masks[l]))));
  }
  const done = () => weights[0].data();

  for (let i = 0; i < 10; i++) iteration(i);
  await done();
  const start = performance.now();
  for (let i = 0; i < iterations; i++) iteration(i);
  await done();
  return (performance.now() - start) / iterations;
}
