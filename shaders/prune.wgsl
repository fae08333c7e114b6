// Exact selection: of each job's live weights the `prune` smallest lose their mask bit, ties by
// lowest index. The shared head of prune_histogram.wgsl, prune_digit.wgsl and prune_mark.wgsl.
//
// Radix selection over the bits of keys that order as integers like the floats, a byte at a time
// from the top. The jobs lie one after the other and are cut into chunks, a workgroup each, so that
// also a single large job occupies the whole device. Twice four dispatches find a job's threshold:
//
//   histogram   counts by their next byte a chunk's live weights whose key begins with the bytes of
//               the threshold that are known
//   digit       adds up the chunks of a job, which tells the threshold's next byte
//
// The ninth, mark, clears what lies below the threshold, and as many of those equal to it as are
// still due, in index order: the last histogram knows the ties of the chunks before. Only integers
// are counted, so no result depends on an order.

struct Chunk {
  job: u32,
  first: u32,       // quad: four weights
  count: u32,       // quads
}

struct Job {
  first: u32,       // chunk
  count: u32,       // chunks
  threshold: u32,   // its bytes found so far, the others 0
  due: u32,         // weights still to prune among those that match the threshold
  shift: u32,       // bits below the last byte found: 32 at first, 0 at the end
}

const SIGN = 0x80000000u;

// Bits that order as unsigned integers like the magnitude, or with IS_SIGNED like the value, of a
// float; -0 must not occur then.
fn key_of(bits: u32) -> u32 {
  if (IS_SIGNED == 0u) {
    return bits & ~SIGN;
  }
  return select(bits | SIGN, ~bits, (bits & SIGN) != 0u);
}
