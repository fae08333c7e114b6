/**
 * jax-js: training of LeNet-300-100 with masks applied, one jitted step, timed per iteration.
 * Prints one line of JSON.
 *
 * usage: deno run -A --config tests/peers/deno.json tests/peers/jaxjs_lenet.ts webgpu|wasm sgd|adam
 * N Batches lie on the device beforehand; data is random with MNIST's share of non-zero pixels.
 */

import {
  blockUntilReady,
  defaultDevice,
  type Device,
  init,
  jit,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
} from "@jax-js/jax";

const [device, optimizer, count] = Deno.args;
const BATCH = 60, WIDTHS = [784, 300, 100, 10], BATCHES = 20, iterations = Number(count);

const devices = await init();
if (!devices.includes(device as Device)) throw new Error(`jax-js has no device "${device}" here`);
defaultDevice(device as Device);

type Layers = { w: np.Array; b: np.Array }[];
type State = { layers: Layers; m: Layers; v: Layers; t: np.Array };

const filled = (shape: number[], value: () => number) =>
  np.array(Float32Array.from({ length: shape.reduce((a, b) => a * b) }, value)).reshape(shape);
const normal = () =>
  Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const layersOf = (value: (inputs: number, units: number) => () => number): Layers =>
  WIDTHS.slice(1).map((units, i) => ({
    w: filled([WIDTHS[i], units], value(WIDTHS[i], units)),
    b: filled([units], () => 0),
  }));
const masks = WIDTHS.slice(1).map((units, i) => filled([WIDTHS[i], units], () => 1));

function loss(layers: Layers, x: np.Array, y: np.Array): np.Array {
  const [first, second, third] = layers;
  const hidden = nn.relu(np.dot(x, first.w).add(first.b));
  const above = nn.relu(np.dot(hidden, second.w).add(second.b));
  const logits = np.dot(above, third.w).add(third.b);
  return nn.logSoftmax(logits).mul(y).sum(1).mean().mul(-1);
}

const gradient = valueAndGrad(loss);
type Masks = np.Array[];
const sgd = jit((layers: Layers, masks: Masks, x: np.Array, y: np.Array): Layers => {
  const [value, gradients] = gradient(tree.ref(layers), x, y) as [np.Array, Layers];
  value.dispose();
  return layers.map(({ w, b }, i) => ({
    w: w.sub(gradients[i].w.mul(0.1)).mul(masks[i]),
    b: b.sub(gradients[i].b.mul(0.1)),
  }));
});
const adam = jit((state: State, masks: Masks, x: np.Array, y: np.Array): State => {
  const [value, gradients] = gradient(tree.ref(state.layers), x, y) as [np.Array, Layers];
  value.dispose();
  const t = state.t.add(1);
  const step = np.sqrt(np.power(0.999, t.ref).mul(-1).add(1))
    .div(np.power(0.9, t.ref).mul(-1).add(1)).mul(1.2e-3);
  const update = (p: np.Array, g: np.Array, m0: np.Array, v0: np.Array) => {
    const m = m0.mul(0.9).add(g.ref.mul(0.1)), v = v0.mul(0.999).add(np.square(g).mul(0.001));
    return [p.sub(step.ref.mul(m.ref).div(np.sqrt(v.ref).add(1e-8))), m, v];
  };
  const next: State = { layers: [], m: [], v: [], t };
  state.layers.forEach(({ w, b }, i) => {
    const [nextW, mW, vW] = update(w, gradients[i].w, state.m[i].w, state.v[i].w);
    const [nextB, mB, vB] = update(b, gradients[i].b, state.m[i].b, state.v[i].b);
    next.layers.push({ w: nextW.mul(masks[i]), b: nextB });
    next.m.push({ w: mW, b: mB });
    next.v.push({ w: vW, b: vB });
  });
  step.dispose();
  return next;
});

const batches = Array.from({ length: BATCHES }, () => ({
  x: filled([BATCH, 784], () => Math.random() < 0.19 ? Math.random() : 0),
  y: nn.oneHot(
    np.array(Int32Array.from({ length: BATCH }, () => Math.floor(10 * Math.random())), {
      dtype: np.int32,
    }),
    10,
  ),
}));
const zeros = () => layersOf(() => () => 0);
let state: State = {
  layers: layersOf((inputs, units) => () => normal() * Math.sqrt(2 / (inputs + units))),
  m: zeros(),
  v: zeros(),
  t: np.array(0),
};

async function iterate(n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    const { x, y } = batches[i % BATCHES], live = masks.map((mask) => mask.ref);
    if (optimizer === "adam") state = adam(state, live, x.ref, y.ref) as State;
    else state = { ...state, layers: sgd(state.layers, live, x.ref, y.ref) as Layers };
  }
  await blockUntilReady(tree.ref(state.layers));
}

await iterate(10);
const start = performance.now();
await iterate(iterations);
const milliseconds = (performance.now() - start) / iterations;
console.log(JSON.stringify({
  peer: `jax-js ${device}`,
  optimizer,
  batch: BATCH,
  ms_per_iteration: milliseconds,
}));
Deno.exit(0);
