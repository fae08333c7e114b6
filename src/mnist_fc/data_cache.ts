/** Examples that several jobs share: takes how to load them, gives the same object for the same ones. */

import type { DatasetChoice, LoadedDataset } from "./load_dataset.ts";

type Load = (dataset: DatasetChoice, location: string | null) => Promise<LoadedDataset>;

/**
 * `load` with a memory. Two places that hold the same examples give one object too: only then can runs
 * on them be replicas of one program.
 */
export function cachedLoader(load: Load): Load {
  const byRequest = new Map<string, Promise<LoadedDataset>>();
  const byContent = new Map<string, LoadedDataset>();
  return (dataset, location) => {
    const key = JSON.stringify([dataset, location]);
    let found = byRequest.get(key);
    if (!found) {
      found = load(dataset, location).then((data) => {
        const content = JSON.stringify(data.record);
        const known = byContent.get(content) ?? data;
        byContent.set(content, known);
        return known;
      });
      byRequest.set(key, found);
    }
    return found;
  };
}
