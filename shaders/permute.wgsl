// Shared by the gather kernels: element `index` of a keyed pseudo-random permutation of [0, n).
// The same arithmetic as permute() and epochKey() in src/engine/random.ts, bit for bit.

fn scramble(word: u32) -> u32 {
  var w = (word ^ (word >> 16u)) * 0x85ebca6bu;
  w = (w ^ (w >> 13u)) * 0xc2b2ae35u;
  return w ^ (w >> 16u);
}

// The key of one epoch's order.
fn epoch_key(key: vec2u, epoch: u32) -> vec2u {
  return vec2u(scramble(key.x + epoch * 0x9e3779b9u), scramble(key.y ^ scramble(epoch)));
}

// Unbalanced Feistel network over the smallest power of two (at least 4) that holds n, walked until
// it lands inside [0, n): under two steps expected.
fn permute(index: u32, n: u32, key: vec2u) -> u32 {
  let bits = max(2u, 32u - countLeadingZeros(n - 1u));
  let low_bits = bits >> 1u;
  var value = index;
  loop {
    var left_bits = bits - low_bits;
    var right_bits = low_bits;
    var left = value >> right_bits;
    var right = value & ((1u << right_bits) - 1u);
    for (var round = 0u; round < 8u; round++) {
      let noise = scramble(scramble(right ^ key.x) ^ (key.y + round * 0x9e3779b9u));
      let next = (left ^ noise) & ((1u << left_bits) - 1u);
      left = right;
      right = next;
      let swapped = left_bits;
      left_bits = right_bits;
      right_bits = swapped;
    }
    value = (left << right_bits) | right;
    if (value < n) { break; }
  }
  return value;
}
