/// <reference lib="dom" />
/** Looks for the GPU, and tells the person when it does not answer. */

import type { LaboratoryClient } from "../client.ts";
import type { FoundGpu } from "../messages.ts";
import { tell, untell } from "./failures.ts";

/** A GPU that is free answers within a second or two. */
const SILENCE_MS = 6_000;

/** Waits for the GPU, however long it takes. */
export async function findGpu(client: LaboratoryClient): Promise<FoundGpu> {
  const timer = setTimeout(tellSilence, SILENCE_MS);
  try {
    return await client.ask("gpu");
  } finally {
    clearTimeout(timer);
    untell("gpu");
  }
}

function tellSilence(): void {
  tell({
    key: "gpu",
    title: "The GPU does not answer",
    text: "It may still be at work on what a page has asked of it before. As soon as it answers, " +
      "networks can be trained here; saved experiments can be looked at meanwhile.",
    advice: [
      "Close other pages that use the GPU.",
      "If it takes longer than a few minutes, restart the browser: experiments are kept.",
    ],
  });
}
