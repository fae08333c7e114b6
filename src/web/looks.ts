/**
 * The requests that look at finished experiments and ask their networks: answered for those of this
 * browser, and, without files or a GPU, for the one that comes with the page.
 */

import { once } from "../memo.ts";
import { isOfExample } from "./example/about_example.ts";
import { loadExample } from "./example/finished_example.ts";
import { Experiments } from "./stored/experiments.ts";
import type { RequestName, Requests } from "./messages.ts";

const NAMES = [
  "view",
  "curves",
  "weights",
  "predict",
  "imageShape",
  "disagreements",
  "kernels",
] as const satisfies readonly RequestName[];

/** The name of such a request. */
export type LookName = typeof NAMES[number];

/** Whether a request is one of these. */
export const isLook = (name: string): name is LookName => NAMES.includes(name as LookName);

const ANSWERS: {
  [N in LookName]: (argument: Requests[N][0], at: Experiments) => Promise<Requests[N][1]>;
} = {
  view: ({ path }, at) => at.view(path),
  curves: ({ folders }, at) => at.curves(folders),
  weights: ({ folders }, at) => at.weights(folders),
  predict: ({ pixels, networks }, at) => at.networks.predict(pixels, networks),
  imageShape: ({ folder }, at) => at.networks.imageShape(folder),
  disagreements: ({ networks, most }, at) => at.networks.disagreements(networks, most),
  kernels: ({ folder }, at) => at.kernels(folder),
};

/** The experiment that comes with the page. */
const openExample = once(async () => {
  const storage = await loadExample();
  return new Experiments(Object.assign(storage, { isLocked: () => Promise.resolve(false) }));
});

/** The paths that a request is about. */
function pathsOf(argument: object): string[] {
  const { path, folder, folders = [], networks = [] } = argument as {
    path?: string;
    folder?: string;
    folders?: string[];
    networks?: { folder: string }[];
  };
  return [path ?? [], folder ?? [], folders, networks.map(({ folder }) => folder)].flat();
}

/** @param here opens the experiments of this browser */
export async function answerLook(
  name: LookName,
  argument: object,
  here: () => Promise<Experiments>,
): Promise<Requests[LookName][1]> {
  const answer = ANSWERS[name] as (argument: object, at: Experiments) => Promise<never>;
  const isExample = pathsOf(argument).some(isOfExample);
  return await answer(argument, isExample ? await openExample() : await here());
}
