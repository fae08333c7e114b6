fn finish(sum: vec4f, tile: u32, list: u32, column: u32) -> vec4f {
  return sum * derivative(load_activations(tile * OUT_ROWS + list, column));
}
