// Gradient at the pre-activations of the layer below a pool, as pool_gradient.wgsl, of four examples
// at a time.
//
//   inputs  (R, TILES, IN_ROWS, COLUMNS)     the pool's inputs: see sparse_pool_forward.wgsl
//   deltas  (R, TILES, OUT_ROWS, COLUMNS)    gradient at its outputs
//   below   (R, TILES, IN_ROWS, COLUMNS)     out
//
// Windows are summed row by row. A workgroup computes all channels of a pixel. Grid: (pixels of the
// input, 1, R · TILES).

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = group.z * IN_ROWS;
  for (var pixel = group.x; pixel < IN_HEIGHT * IN_WIDTH; pixel += groups.x) {
    let y = pixel / IN_WIDTH;
    let x = pixel % IN_WIDTH;
    let first = tile + ((y + IN_TOP) * IN_PITCH + x + IN_LEFT) * CHANNELS;
    // The windows that hold the pixel.
    let first_y = (max(y + 1u, HEIGHT) - HEIGHT + STRIDE_Y - 1u) / STRIDE_Y;
    let first_x = (max(x + 1u, WIDTH) - WIDTH + STRIDE_X - 1u) / STRIDE_X;
    let end_y = min(y / STRIDE_Y + 1u, OUT_HEIGHT);
    let end_x = min(x / STRIDE_X + 1u, OUT_WIDTH);
    for (var channel = 0u; channel < CHANNELS; channel++) {
#for v in VECTORS
      let column_${v} = lane * VECTORS + ${v}u;
      let own_${v} = load_inputs(first + channel, column_${v});
      var sum_${v} = vec4f();
#end
      for (var out_y = first_y; out_y < end_y; out_y++) {
        for (var out_x = first_x; out_x < end_x; out_x++) {
          let out = ((out_y + OUT_TOP) * OUT_PITCH + out_x + OUT_LEFT) * CHANNELS + channel;
#for v in VECTORS
          let delta_${v} = load_deltas(group.z * OUT_ROWS + out, column_${v});
#for unused in IS_MAX
          var is_first_${v} = vec4<bool>(true);
#end
#end
#for unused in IS_MAX
          for (var i = 0u; i < HEIGHT; i++) {
            let other_y = out_y * STRIDE_Y + i;
#for j in WIDTH
            let other_x_${j} = out_x * STRIDE_X + ${j}u;
            let at_${j} = (other_y + IN_TOP) * IN_PITCH + other_x_${j} + IN_LEFT;
            let earlier_${j} = vec4<bool>(other_y * IN_WIDTH + other_x_${j} < pixel);
#for v in VECTORS
            let value_${j}_${v} = load_inputs(tile + at_${j} * CHANNELS + channel, column_${v});
            let beats_${j}_${v} = select(
              value_${j}_${v} > own_${v},
              value_${j}_${v} >= own_${v},
              earlier_${j},
            );
            is_first_${v} = is_first_${v} & !beats_${j}_${v};
#end
#end
          }
#for v in VECTORS
          sum_${v} += select(vec4f(), delta_${v}, is_first_${v});
#end
#end
#for unused in IS_MEAN
#for v in VECTORS
          sum_${v} += delta_${v} / f32(HEIGHT * WIDTH);
#end
#end
        }
      }
#for v in VECTORS
      store_below(first + channel, column_${v}, sum_${v} * derivative(own_${v}));
#end
    }
  }
}
