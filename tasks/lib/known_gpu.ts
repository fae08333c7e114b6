/** The GPU of the tasks that measure programs, as runs have it. */

import { type Gpu, openGpu } from "../../src/engine/mod.ts";
import { withKept } from "../../src/foundations/tuning/self_tuning.ts";
import { DenoStorage } from "../../src/storage/deno.ts";
import { notice } from "./support.ts";

/** Opens it, with what runs here have found out of it. Throws as `openGpu`. */
export async function openKnownGpu(): Promise<Gpu> {
  return await withKept(await openGpu(), new DenoStorage(), notice);
}
