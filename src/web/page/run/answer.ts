/// <reference lib="dom" />
/**
 * The answer of an experiment: a badge, three large numbers, the two conditions that decide, and
 * what the ticket knew before any training.
 */

import { fractionText, percentText, pointsText } from "../../../analysis/percent.ts";
import { MIN_TRIALS, summarize } from "../../../analysis/statistics.ts";
import { summarizeLevels } from "../../../reports/verdicts/summary.ts";
import { type Call, callOf, type Condition } from "../../../reports/verdicts/call.ts";
import { hasLearned, type TicketVerdict } from "../../../reports/verdicts/verdict.ts";
import type { FinishedRun } from "../../../records/finished_run.ts";
import { count } from "../../../words.ts";
import { stopsAtEnd } from "../charts/accuracy_figure.ts";
import { el } from "../dom.ts";

const NAMES = { full: "the full network", control: "the control" };

/** What was compared in numbers; nothing where nothing was. */
export function answerParts(
  verdict: TicketVerdict,
  runs: readonly FinishedRun[],
): HTMLElement[] {
  const { compared, trials } = verdict;
  if (!compared) return [];
  const call = callOf(compared), { full, ticket, control, percent } = compared;
  return [
    ...(call ? [badge(call, trials)] : []),
    el(
      "dl",
      { class: "numbers-large" },
      number("full", "Full network", "all of its weights", full),
      number("ticket", "Ticket", `${percentText(percent, 1)} of the weights`, ticket),
      ...(control
        ? [number("control", "Control", "the same connections, new random values", control)]
        : []),
    ),
    el("p", { class: "note" }, measureText(verdict, stopsAtEnd(runs))),
    ...(call
      ? [el("ul", { class: "conditions" }, ...call.conditions.map(conditionItem(call)))]
      : []),
  ];
}

function badge({ call, isExample }: Call, trials: number): HTMLElement {
  const word = call === "too close to call" ? "Too close to call" : `The ticket ${call}`;
  const kind = call === "won" || call === "lost" ? call : "open";
  return el(
    "p",
    { class: "badge-line" },
    el("strong", { class: `badge badge-${kind}` }, word),
    el(
      "span",
      { class: "note" },
      isExample
        ? `in ${count(trials, "trial")}: an example, not a proof`
        : `over ${count(trials, "trial")}`,
    ),
  );
}

/** One of the large numbers: a mean, with its interval where there are several trials. */
function number(
  kind: "full" | "ticket" | "control",
  name: string,
  note: string,
  accuracies: readonly number[],
): HTMLElement {
  const { mean, interval } = summarize(accuracies);
  const range = interval ? `${shortText(interval[0])} to ${shortText(interval[1])}` : "";
  return el(
    "div",
    { class: `number number-${kind}` },
    el("dt", {}, name),
    el("dd", { class: "number-value" }, shortText(mean)),
    ...(range ? [el("dd", { class: "number-range" }, range)] : []),
    el("dd", { class: "number-note" }, note),
  );
}

const shortText = (fraction: number) => fractionText(fraction);

/** What the numbers are; where all were best at their end, the early stop needs no words. */
function measureText({ trials, compared }: TicketVerdict, isStopLast: boolean): string {
  const moment = compared!.isAtStop && !isStopLast
    ? "at its best moment: when it was least wrong on images kept aside to check it (the early " +
      "stop). The drawing and the curves continue to the end of training"
    : "at the end of training";
  const means = trials > 1
    ? ` Means of ${trials} trials, and where the mean lies with 95% confidence.`
    : "";
  return `Share of test images that each gets right, ${moment}.${means}`;
}

/** A condition as a line: whether it holds, by how much, and whether it decided. */
const conditionItem = ({ decidedBy }: Call) => (condition: Condition): HTMLElement => {
  const { against, lead, interval, holds } = condition;
  const wanted = against === "full" ? "As good as" : "Better than";
  const state = holds === null ? "open" : holds ? "holds" : "fails";
  const words = holds === null ? "too close" : holds ? "yes" : "no";
  const range = interval
    ? ` (between ${pointsNumber(interval[0])} and ${pointsNumber(interval[1])} points)`
    : "";
  return el(
    "li",
    { class: `condition condition-${state}` },
    el("span", { class: "condition-word" }, words),
    el(
      "span",
      {},
      `${wanted} ${NAMES[against]}? The ticket is ${pointsText(lead)} it${range}.`,
      ...(condition === decidedBy ? [" ", el("b", {}, "This decides.")] : []),
    ),
  );
};

const pointsNumber = (fraction: number) =>
  `${fraction < 0 ? "−" : "+"}${Math.abs(100 * fraction).toFixed(2)}`;

/**
 * What the smallest ticket knew before any training: its mask has learned. Nothing where it was no
 * better than guessing.
 */
export function surpriseParts(runs: readonly FinishedRun[]): HTMLElement[] {
  const levels = summarizeLevels(runs), classes = runs[0]?.classes ?? 0;
  const tickets = levels.filter(({ kind }) => kind === "ticket"), ticket = tickets.at(-1);
  const control = levels.find(({ kind, level }) => kind === "reinit" && level === ticket?.level);
  const [full] = tickets, before = ticket?.initialAccuracy ?? 0;
  if (!ticket || ticket.level === 0 || !hasLearned(before, classes)) return [];
  const known = control?.initialAccuracy;
  const controlText = known != null && !hasLearned(known, classes)
    ? " The control has the same connections with other values, and knows nothing yet."
    : "";
  const sides = [["Full network", full], ["Ticket", ticket], ["Control", control]] as const;
  return [
    el("h3", {}, "The surprise: it could read before it was taught"),
    el(
      "p",
      { class: "surprise-text" },
      `Before any training, the ticket already gets ${
        shortText(before)
      } of the test images right. ` +
        `Guessing would get ${fractionText(1 / classes, 0)}. Its weights are all back at their ` +
        "random start. So what it knows is in the choice: which of the random values were kept, " +
        `and which cut. Pruning is a kind of training.${controlText}`,
    ),
    el(
      "ul",
      { class: "before" },
      ...sides.flatMap(([name, level]) =>
        level?.initialAccuracy == null ? [] : [el(
          "li",
          { class: name === "Ticket" ? "best" : "" },
          el("span", {}, name),
          el("meter", {
            ...{ min: 0, max: 1, value: level.initialAccuracy },
            "aria-label": `${name} before training`,
          }),
          el("span", {}, shortText(level.initialAccuracy)),
        )]
      ),
    ),
    el(
      "p",
      { class: "note" },
      "Test accuracy before training, as H. Zhou and others first found it in 2019. The dots at " +
        "the left edge of the curves show it too.",
    ),
  ];
}

/** Why a verdict is what it is, and how far it can be trusted. */
export function meaningText({ compared }: TicketVerdict): string {
  const call = callOf(compared);
  if (!call) return "";
  const more = call.isExample
    ? ` Other seeds may end otherwise: ${MIN_TRIALS} trials or more are a measurement.`
    : "";
  const reading = call.call === "won"
    ? "The ticket and its control have the same connections. Only their starting values differ, " +
      "so these made the difference."
    : call.call === "lost"
    ? "A ticket wins when it is as good as the full network and better than its control. Pruning " +
      "in more, smaller steps or training longer often helps."
    : "Some trials say yes and some say no. More seeds will tell.";
  return `${reading}${more}`;
}
