/// <reference lib="dom" />
/**
 * The choice of a network in plain words, above the button that starts: each brings a quick run of
 * its own. The settings below know more networks.
 */

import { NETWORK_NAMES, type NetworkName, NETWORKS } from "../../../models/networks.ts";
import { el } from "../dom.ts";
import type { SettingsForm } from "./settings_form.ts";

/** The lengths of a quick run, as texts of the form. */
interface QuickRun {
  protocol: string;
  iterations: string;
  trainingLen: string;
  testInterval: string;
  validateInterval: string;
  /** Where the protocol has several. */
  trials?: string;
}

interface Card {
  network: NetworkName;
  title: string;
  /** The name by which it is known. */
  name: string;
  text: string;
  quick: QuickRun;
}

const quick = (protocol: string, iterations: number, length: number, every: number): QuickRun => ({
  ...{ protocol, iterations: `${iterations}`, trainingLen: `${length}` },
  ...{ testInterval: `${every}`, validateInterval: `${every}` },
});

/** The first is that of a first visit: it ends in a minute or two, with nothing to download. */
const CARDS: readonly Card[] = [
  {
    network: "lenet-300-100",
    title: "Fully connected",
    name: "LeNet-300-100",
    text: "Every pixel is joined to every unit. The network of the paper’s first part.",
    quick: quick("quick", 7, 300, 50),
  },
  {
    network: "lenet-5",
    title: "With convolutions",
    name: "LeNet-5",
    text: "Small kernels slide over the picture, and find a stroke wherever it is.",
    quick: quick("lenet-5", 5, 120, 60),
  },
  {
    network: "conv-2",
    title: "For colour photos",
    name: "Conv-2",
    text: "Two convolutions in colour. Needs the photos of CIFAR-10 and a graphics card.",
    quick: { ...quick("conv-2", 4, 400, 200), trials: "1" },
  },
];

/** The dataset of a first visit. */
const FIRST_DATASET = "synthetic-digits";

/** The choice of a network. */
export class NetworkChoice {
  readonly element = el("fieldset", { class: "networks" });
  readonly #inputs = new Map<Card, HTMLInputElement>();
  readonly #lack = el(
    "a",
    { href: "#data", class: "network-lack" },
    "How to bring the colour photos here",
  );

  constructor(private readonly form: SettingsForm) {
    const cards = CARDS.map((card) => {
      const input = el("input", { type: "radio", name: "network-choice", value: card.network });
      input.addEventListener("change", () => this.#choose(card));
      this.#inputs.set(card, input);
      return el(
        "label",
        { class: "network-card" },
        input,
        el("b", {}, card.title),
        el("span", {}, card.text),
        el("small", {}, card.name),
      );
    });
    this.element.append(
      el("legend", {}, "Which network?"),
      el("div", { class: "network-cards" }, ...cards),
      this.#lack,
    );
    this.setPhotos(false);
  }

  /** Whether the photos of CIFAR-10 are here; without them nothing can be trained on them. */
  setPhotos(hasPhotos: boolean): void {
    this.#lack.hidden = hasPhotos;
    for (const [{ network }, input] of this.#inputs) {
      if (isOfPhotos(network)) input.disabled = !hasPhotos;
    }
  }

  /** Writes the first card's run into the form, for a first visit. */
  chooseFirst(): void {
    this.form.setTexts({ dataset: FIRST_DATASET });
    this.#choose(CARDS[0]);
  }

  /** Shows which card, if any, the settings are of. */
  show(): void {
    const layers = this.form.valid?.protocol.layers;
    const text = JSON.stringify(layers);
    const network = NETWORK_NAMES.find((name) => JSON.stringify(NETWORKS[name].hidden) === text);
    for (const [card, input] of this.#inputs) input.checked = card.network === network;
  }

  #choose({ network, quick }: Card): void {
    const { dataset, protocol } = this.form.texts;
    const wasOfPhotos = protocol.startsWith("conv-");
    const data = isOfPhotos(network) ? "auto" : wasOfPhotos ? FIRST_DATASET : dataset;
    this.form.setProtocol({ ...quick, dataset: data });
  }
}

/** Whether a network is for colour photos. */
export const isOfPhotos = (network: string) => network.startsWith("conv-");
