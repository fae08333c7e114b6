/** What is said at each step of the drawing: a title, one or two sentences, and accuracies. */

import { fractionText, percentText } from "../../../analysis/percent.ts";
import type { RunWeights } from "../../weights/sample.ts";
import { thresholdOf } from "./scene.ts";
import type { Step, StepKind } from "./story.ts";

/** The steps as a recipe: the name of each, and whether it is of the full network. */
export const RECIPE: readonly { name: string; kind: StepKind; isFull?: boolean }[] = [
  { name: "Start", kind: "start", isFull: true },
  { name: "Train", kind: "train", isFull: true },
  { name: "Cut", kind: "cut" },
  { name: "Rewind", kind: "rewind" },
  { name: "Train again", kind: "train" },
  { name: "Control", kind: "control" },
  { name: "Train both", kind: "compare" },
];

/**
 * A ticket that is this much better untrained than the full network has a mask that has learned.
 */
const SURPRISE = 0.1;

/** A step in words. */
export interface StepWords {
  title: string;
  text: string;
  /** Accuracies, and what they are of. */
  scores: { value: string; label: string; isControl?: boolean }[];
  /** What stands out; mostly nothing. */
  surprise: string;
}

const UNTRAINED = "of the test images right, untrained";
const TRAINED = "of the test images right at the end of training";
const SO_FAR = "of the test images right so far";
const BEFORE = "of the test images right before this training";

/** Where a step is: at its end, before it, or as far as a training has come that goes on. */
export type Phase = "before" | "going" | "end";

/**
 * Says what a step shows.
 *
 * @param full  the full network
 * @param first how many of the sampled connections are of the first layer
 */
export function wordsOf(step: Step, full: RunWeights, first: number, phase: Phase): StepWords {
  const isEnd = phase === "end";
  const { kind, level, run: { weights, accuracies }, before, control } = step;
  const score = (accuracy: number | null, label: string, isControl = false) =>
    accuracy === null ? [] : [{ value: fractionText(accuracy), label, isControl }];
  const untrained = score(accuracies.initial, UNTRAINED);
  const said = (title: string, text: string, scores: StepWords["scores"], surprise = "") => ({
    ...{ title, text, scores, surprise },
  });
  switch (kind) {
    case "start":
      return said(
        "Start from random values",
        "Every connection has one, its weight. You see a few: blue is above zero, orange below, " +
          "and a thick line is far from zero.",
        untrained,
      );
    case "train": {
      const hasMore = accuracies.latest !== accuracies.initial;
      // A number that is not of this moment would be taken for it: none of the end before the end.
      const scores = isEnd
        ? score(accuracies.latest, TRAINED)
        : phase === "going" && hasMore
        ? score(accuracies.latest, SO_FAR)
        : score(accuracies.initial, BEFORE);
      if (level === 0) {
        return said(
          "Training moves the values",
          "The network sees images, a handful at a time. After each handful (an iteration) every " +
            "value moves a little, so that the answers get better.",
          scores,
        );
      }
      const start = beginsAs(weights, full) ? "The same starting values" : "Starting values";
      return said(
        "Train again, with fewer weights",
        `${start}, the same training, ${percentText(weights.percent, 1)} of the weights.`,
        scores,
      );
    }
    case "cut": {
      const previous = before!.weights, isBySize = thresholdOf(previous, weights, first) !== null;
      return said(
        isBySize ? "Cut the values nearest to zero" : "Cut the connections with the lowest scores",
        isBySize
          ? `They matter least. The ${
            shareWords(cutShare(previous, weights))
          } of the weights from ` +
            "the input lies between the two lines; later layers are cut in the same way. What is " +
            "cut (pruned) stays cut."
          : "Here something other than their size decides. What is cut (pruned) stays cut.",
        [],
      );
    }
    case "rewind":
      return beginsAs(weights, full)
        ? said(
          "Rewind to the same starting values",
          "Each remaining connection returns to the exact value it started from, its ring. The " +
            "trained values are forgotten; the cut stays.",
          isEnd ? untrained : [],
          isEnd ? surprise(step) : "",
        )
        : said(
          "The survivors start again",
          "Each gets the value from which this experiment trains again. The same connections " +
            "remain.",
          isEnd ? untrained : [],
        );
    case "control":
      return said(
        "Control: other starting values",
        "The same connections, filled with new random values. The rings still show where the " +
          "ticket started, not the control.",
        [
          ...score(accuracies.initial, "the ticket, untrained"),
          ...score(control!.accuracies.initial, "the control, untrained", true),
        ],
      );
    case "compare": {
      const isBefore = phase === "before", rivals = control!.accuracies;
      const own = isBefore ? accuracies.initial : accuracies.latest;
      const other = isBefore ? rivals.initial : rivals.latest;
      const state = isEnd ? " at the end" : isBefore ? ", untrained" : " so far";
      return said(
        "Train both, and compare",
        "They have the same connections. If the control ends worse, the starting values " +
          "mattered, not the connections alone.",
        [
          ...score(own, `the ticket${state}`),
          ...score(other, `the control${state}`, true),
        ],
      );
    }
  }
}

/** Says that the choice of what stays has taught the network something, where it has. */
function surprise({ run, fullAccuracies }: Step): string {
  const { initial } = run.accuracies, start = fullAccuracies.initial;
  if (initial === null || start === null || initial - start < SURPRISE) return "";
  return `The full network started at ${fractionText(start)}. These values are ` +
    "as random as then: what the big network learned is in the choice of those that stay (Zhou " +
    "et al. 2019).";
}

/** The part of the first layer's live weights that was cut, from 0 to 1. */
function cutShare(before: RunWeights, after: RunWeights): number {
  return 1 - after.liveOfFirst / before.liveOfFirst;
}

/** Whether the live connections of the sample begin as they did in another run. */
function beginsAs(run: RunWeights, other: RunWeights): boolean {
  const values = run.frames[0].values, others = other.frames[0].values;
  return values.every((value, i) => run.live[i] === 0 || value === others[i]);
}

function shareWords(share: number): string {
  return Math.abs(share - 0.2) < 0.004 ? "smallest fifth" : `smallest ${fractionText(share, 0)}`;
}
