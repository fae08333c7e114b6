// The maximum or mean of each window of each channel, as pool_forward.wgsl, of four examples at a
// time.
//
//   inputs   (R, TILES, IN_ROWS, COLUMNS)     an image, a row for each pixel and channel, with zeros
//                                             around it (src/engine/kernels/sparse/feature_maps.ts)
//   outputs  (R, TILES, OUT_ROWS, COLUMNS)    out, likewise
//
// A workgroup computes all channels of a pixel. Grid: (pixels of the output, 1, R · TILES).

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  for (var pixel = group.x; pixel < OUT_HEIGHT * OUT_WIDTH; pixel += groups.x) {
    let y = pixel / OUT_WIDTH;
    let x = pixel % OUT_WIDTH;
    let corner = (y * STRIDE_Y + IN_TOP) * IN_PITCH + x * STRIDE_X + IN_LEFT;
    let first = group.z * IN_ROWS + corner * CHANNELS;
    let own = group.z * OUT_ROWS + ((y + OUT_TOP) * OUT_PITCH + x + OUT_LEFT) * CHANNELS;
    for (var channel = 0u; channel < CHANNELS; channel++) {
#for v in VECTORS
      let column_${v} = lane * VECTORS + ${v}u;
      var result_${v} = load_inputs(first + channel, column_${v});
#end
      for (var i = 1u; i < HEIGHT * WIDTH; i++) {
        let row = first + (i / WIDTH * IN_PITCH + i % WIDTH) * CHANNELS + channel;
#for v in VECTORS
        let value_${v} = load_inputs(row, column_${v});
#for unused in IS_MAX
        // A NaN passes.
        let passes_${v} = !(value_${v} <= result_${v}) & (result_${v} == result_${v});
        result_${v} = select(result_${v}, value_${v}, passes_${v});
#end
#for unused in IS_MEAN
        result_${v} += value_${v};
#end
#end
      }
#for v in VECTORS
#for unused in IS_MEAN
      result_${v} /= f32(HEIGHT * WIDTH);
#end
      store_outputs(own + channel, column_${v}, result_${v});
#end
    }
  }
}
