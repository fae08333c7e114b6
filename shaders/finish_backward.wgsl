// Ends the sum of four gradients: (row, column) of below (R, rows, IN_PITCH), see
// activation_gradient.wgsl.

fn finish(part: u32, row: u32, column: u32, sum: vec4f) {
  let real = vec4u(4u * column) + vec4u(0u, 1u, 2u, 3u) < vec4u(INPUTS);
  let activation = load_activations(row, column);
  store_below(row, column, select(vec4f(), sum * derivative(activation), real));
}
