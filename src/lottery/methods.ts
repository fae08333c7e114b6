/**
 * METHODS, the table of the pruning methods that `compare` trains on equal terms: each is a lottery
 * with some fields of the protocol of its own, and with the densities of all the others.
 */

import type { KINDS, RunKind } from "../records/kinds.ts";
import type { Protocol } from "./protocols.ts";

/** A pruning method. */
export interface Method {
  /** In legends and tables. */
  label: string;
  /** Completes a sentence of `--help`: which weights stay. */
  help: string;
  /** In charts: a colour of the palette, and a point of Vega. */
  color: (typeof KINDS)[RunKind]["color"];
  shape: string;
  /** The paper that describes it. */
  source: string;
  /** The fields of the protocol that make the method; `compare` refuses their flags. */
  overrides: Partial<Protocol>;
}

/** In the order of tables; the first present is what others are tested against. */
export const METHODS = {
  magnitude: {
    label: "Magnitude, by layer",
    help: "largest final magnitude in each layer, the lottery ticket experiment",
    ...{ color: "blue", shape: "circle" },
    source: "Frankle & Carbin 2019, section 2",
    overrides: { pruneAt: "end", criterion: "magnitude", scope: "layer" },
  },
  global: {
    label: "Magnitude, global",
    help: "largest final magnitude over all layers",
    ...{ color: "vermillion", shape: "square" },
    source: "Frankle & Carbin 2019, section 4",
    overrides: { pruneAt: "end", criterion: "magnitude", scope: "global" },
  },
  snip: {
    label: "SNIP",
    help: "before training, largest |weight · gradient|",
    ...{ color: "green", shape: "diamond" },
    source: "Lee et al. 2019",
    overrides: { pruneAt: "init", criterion: "snip", scope: "global" },
  },
  grasp: {
    label: "GraSP",
    help: "before training, largest weight · (Hessian · gradient)",
    ...{ color: "black", shape: "triangle-right" },
    source: "Wang et al. 2020",
    overrides: { pruneAt: "init", criterion: "grasp", scope: "global" },
  },
  synflow: {
    label: "SynFlow",
    help: "before training, most of the flow from inputs to outputs",
    ...{ color: "purple", shape: "triangle-up" },
    source: "Tanaka et al. 2020",
    overrides: { pruneAt: "init", criterion: "synflow", scope: "global" },
  },
  erdos_renyi: {
    label: "Random, Erdős–Rényi",
    help: "before training, at random, a smaller fraction of wider layers",
    ...{ color: "black", shape: "cross" },
    source: "Mocanu et al. 2018",
    overrides: { pruneAt: "init", criterion: "erdos_renyi", scope: "global" },
  },
  random: {
    label: "Random",
    help: "random weights of each layer, with their initial values",
    ...{ color: "orange", shape: "triangle-down" },
    source: "Frankle & Carbin 2019, figure 1",
    overrides: { pruneAt: "init", criterion: "random", scope: "layer" },
  },
  gmp: {
    label: "Gradual magnitude",
    help: "within one run, the smallest weights of each layer die, fewer and fewer",
    ...{ color: "green", shape: "cross" },
    source: "Zhu & Gupta 2017",
    overrides: { pruneAt: "end", criterion: "magnitude", scope: "layer", dynamic: "gmp" },
  },
  set: {
    label: "SET",
    help: "within one run, the smallest weights die and as many grow at random",
    ...{ color: "purple", shape: "square" },
    source: "Mocanu et al. 2018",
    overrides: { pruneAt: "end", criterion: "magnitude", scope: "layer", dynamic: "set" },
  },
  rigl: {
    label: "RigL",
    help: "within one run, the smallest weights die and as many grow where gradients are largest",
    ...{ color: "sky", shape: "triangle-left" },
    source: "Evci et al. 2020",
    overrides: { pruneAt: "end", criterion: "magnitude", scope: "layer", dynamic: "rigl" },
  },
} as const satisfies Record<string, Method>;

/** The name of a method. */
export type MethodName = keyof typeof METHODS;
/** All of them, in order. */
export const METHOD_NAMES = Object.keys(METHODS) as MethodName[];

/** Those that are compared unless others are asked for: one of each family. */
export const USUAL_METHODS: readonly MethodName[] = [
  ...["magnitude", "global", "snip", "synflow", "random", "rigl"] as const,
];

/** The fields of a protocol that some method decides. */
export const METHOD_FIELDS = [
  ...new Set(METHOD_NAMES.flatMap((name) => Object.keys(METHODS[name].overrides))),
] as (keyof Protocol)[];

/** The protocol of a method, from what all of them share. */
export function protocolOf(name: MethodName, shared: Protocol): Protocol {
  return { ...shared, ...METHODS[name].overrides };
}
