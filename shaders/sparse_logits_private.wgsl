// Logits that a kernel has computed itself. Only for few classes: llvmpipe compiles a kernel with
// an array of 64 vec4s in 1 s, of 256 in 20.

var<private> logits: array<vec4f, CLASSES>;

fn logit(c: u32) -> vec4f {
  return logits[c];
}
