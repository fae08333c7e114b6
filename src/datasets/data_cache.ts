/** Loads examples once for all jobs that share them. */

import { Memo } from "../memo.ts";
import type { LoadedDataset } from "./load_dataset.ts";
import type { DatasetChoice } from "./datasets.ts";

type Load = (dataset: DatasetChoice, location: string | null) => Promise<LoadedDataset>;

/**
 * `load` with a memory. Two places that hold the same examples give one object too: only then can
 * runs on them be replicas of one program.
 */
export function cachedLoader(load: Load): Load {
  const byRequest = new Memo<string, LoadedDataset>();
  const byContent = new Map<string, LoadedDataset>();
  return (dataset, location) =>
    byRequest.get(JSON.stringify([dataset, location]), async () => {
      const data = await load(dataset, location);
      const content = JSON.stringify(data.record);
      const known = byContent.get(content) ?? data;
      byContent.set(content, known);
      return known;
    });
}
