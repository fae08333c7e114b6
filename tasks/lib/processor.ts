/** The processor of this machine: what a software adapter, and what peers, run on. */

/** A processor. */
export interface Processor {
  cores: number;
  /** As the system names it; null where it does not say. */
  name: string | null;
  /** The widest vectors that it has: "AVX-512"; else its architecture. */
  instructions: string;
}

/** Vector instructions by the flags of Linux, the widest first. */
const VECTORS = Object.entries({
  ...{ avx512f: "AVX-512", avx2: "AVX2", avx: "AVX", sse4_2: "SSE4.2" },
  ...{ sve2: "SVE2", sve: "SVE", asimd: "NEON", neon: "NEON" },
});

/**
 * Reads what `lscpu` prints.
 *
 * @param text null where there is no `lscpu`
 */
export function processorIn(text: string | null, cores: number, architecture: string): Processor {
  const field = (name: string) => new RegExp(`^${name}: *(.*)$`, "m").exec(text ?? "")?.[1].trim();
  const flags = new Set(field("Flags")?.split(/\s+/));
  const vectors = VECTORS.find(([flag]) => flags.has(flag))?.[1];
  return { cores, name: field("Model name") || null, instructions: vectors ?? architecture };
}

/** This machine's. */
export async function processorHere(): Promise<Processor> {
  const text = await new Deno.Command("lscpu", { env: { LC_ALL: "C" }, stderr: "null" }).output()
    .then(({ stdout }) => new TextDecoder().decode(stdout))
    .catch(() => null);
  return processorIn(text, navigator.hardwareConcurrency, Deno.build.arch);
}

/** In words. */
export function processorText({ cores, name, instructions }: Processor): string {
  const count = `${cores} ${cores === 1 ? "core" : "cores"}`;
  return name === null ? `${count}, ${instructions}` : `${count} of ${name}, ${instructions}`;
}
