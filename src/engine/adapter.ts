/** Describes adapters: the GPU, or the processor in its place, as a driver names it. */

/** The adapter, as run.json records it. */
export interface AdapterDescription {
  /** The driver's own name, such as "NVIDIA H200" or "llvmpipe (LLVM 15.0.6, 256 bits)". */
  name: string;
  /** The maker, if known. */
  vendor: string;
  /** The family of GPUs, if known. */
  architecture: string;
  /** Whether the "GPU" is the processor: Mesa's llvmpipe, SwiftShader, WARP. */
  isSoftware: boolean;
}

const SOFTWARE = /llvmpipe|lavapipe|swiftshader|softpipe|basic render|warp|software/i;

/** Describes an adapter; a browser may hide all but the vendor and architecture. */
export function describeAdapter(info: GPUAdapterInfo): AdapterDescription {
  const known = [info.description, info.device, `${info.vendor} ${info.architecture}`];
  const name = known.map((part) => part?.trim()).find((part) => part) ?? "unnamed adapter";
  const isSoftware = SOFTWARE.test(`${name} ${info.vendor} ${info.architecture}`) ||
    ("isFallbackAdapter" in info && info.isFallbackAdapter === true);
  return { name, vendor: info.vendor, architecture: info.architecture, isSoftware };
}
