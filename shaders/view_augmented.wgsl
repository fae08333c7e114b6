// Views of a training batch whose rows are random windows of examples (see gather.wgsl): of an image
// in a frame of PADDING black pixels (0 before normalization), mirrored left to right or not (FLIPS
// 0: never). The same arithmetic as viewOf() in src/engine/examples/augment.ts, bit for bit: one word
// of a hash of the replica's key, the iteration and the example decides, whatever batch or place.

struct View {
  example: u32,
  // Where the window begins in the frame.
  top: u32,
  left: u32,
  is_mirrored: bool,
}

// Places of a window along an axis.
const PLACES = 2u * PADDING + 1u;
// The frame, which has no values.
const OUTSIDE = 0xffffffffu;

fn view_of(example: u32, replica: u32) -> View {
  let key = replicas[replica].augment_key;
  let first = scramble(scramble(example ^ key.x) ^ key.y);
  let word = scramble(first ^ scramble(iteration_of(replica)));
  return View(
    example,
    ((word & 0xffffu) * PLACES) >> 16u,
    (((word >> 16u) & 0x7fffu) * PLACES) >> 15u,
    ((word >> 31u) & FLIPS) == 1u,
  );
}

fn view_example(view: View) -> u32 {
  return view.example;
}

// The pixel of the example that a row has at a place of its image, or OUTSIDE.
fn view_pixel(view: View, pixel: u32) -> u32 {
  let column = pixel % IMAGE_WIDTH;
  // What is above or left of the image wraps around to large numbers.
  let y = pixel / IMAGE_WIDTH + view.top - PADDING;
  let x = select(column, IMAGE_WIDTH - 1u - column, view.is_mirrored) + view.left - PADDING;
  return select(OUTSIDE, y * IMAGE_WIDTH + x, y < IMAGE_HEIGHT && x < IMAGE_WIDTH);
}

fn is_inside(pixel: u32) -> bool {
  return pixel != OUTSIDE;
}

// Where an example has value `at` of a row, or OUTSIDE.
fn view_value(view: View, at: u32) -> u32 {
  let pixel = view_pixel(view, at / IMAGE_DEPTH);
  return select(OUTSIDE, pixel * IMAGE_DEPTH + at % IMAGE_DEPTH, is_inside(pixel) && at < FEATURES);
}
