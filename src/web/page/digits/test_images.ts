/// <reference lib="dom" />
/** Test images on which the networks disagree: finds them when asked to, and offers them. */

import { DATASETS } from "../../../datasets/datasets.ts";
import type { LaboratoryClient } from "../../client.ts";
import type { AskedNetwork, ImageShape, TestImage } from "../../messages.ts";
import { button, el } from "../dom.ts";
import { paintImage } from "./pixel_image.ts";

/** Images that are offered at once. */
const MOST = 12;

/** The networks that are compared. */
export interface ComparedNetworks {
  networks: AskedNetwork[];
  shape: ImageShape;
  /** Of the classes. */
  names: readonly string[];
}

/** Offers test images. */
export class TestImages {
  readonly #find = button("Find images on which they disagree", () => this.#search(), {
    id: "find-images",
  });
  readonly #state = el("p", { class: "note", role: "status" });
  readonly #list = el("ul", { class: "test-images" });
  readonly element = el("div", { class: "test-area" }, this.#find, this.#state, this.#list);
  #compared: ComparedNetworks | null = null;

  constructor(
    private readonly client: LaboratoryClient,
    private readonly onChosen: (image: TestImage) => void,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Other networks: what was found for those before is gone. */
  setNetworks(compared: ComparedNetworks | null): void {
    this.#compared = compared;
    this.#list.replaceChildren();
    this.#state.textContent = "";
    this.element.hidden = compared === null || compared.networks.length < 2;
  }

  async #search(): Promise<void> {
    const compared = this.#compared;
    if (!compared) return;
    this.#find.disabled = true;
    this.#state.textContent = "Asking them all …";
    try {
      const { networks } = compared;
      const { images, looked } = await this.client.ask("disagreements", { networks, most: MOST });
      if (compared !== this.#compared) return;
      const among = `among ${looked.toLocaleString("en")} test images`;
      this.#state.textContent = images.length === 0
        ? `They agree on all of them, ${among}.`
        : `${images.length} found ${among}. Choose one: the full network, the ticket and the ` +
          "control disagree about it.";
      this.#list.replaceChildren(...images.map((image, i) => this.#item(image, i, compared)));
    } catch (error) {
      // What is missing is said where it was asked for.
      const isMissing = error instanceof Error && error.name === "InputError";
      this.#state.textContent = isMissing ? missingText(compared.shape) : "";
      if (!isMissing) this.onError(error);
    } finally {
      this.#find.disabled = false;
    }
  }

  #item(image: TestImage, i: number, { shape, names }: ComparedNetworks): HTMLElement {
    const canvas = el("canvas", { role: "img", "aria-label": `Test image ${i + 1}` });
    paintImage(canvas, shape, image.pixels);
    const truth = image.label === null ? `${i + 1}` : names[image.label];
    const choose = el(
      "button",
      { type: "button", class: "test-image", "aria-label": `Test image ${i + 1}: ${truth}` },
      canvas,
      el("span", {}, truth),
    );
    choose.addEventListener("click", () => {
      for (const other of this.#list.querySelectorAll("button")) other.ariaPressed = "false";
      choose.ariaPressed = "true";
      this.onChosen(image);
    });
    return el("li", {}, choose);
  }
}

/** Why there are no test images, and what to do about it. */
function missingText({ dataset }: ImageShape): string {
  const { label } = (DATASETS as Partial<Record<string, { label: string }>>)[dataset] ??
    { label: "other images" };
  return `These networks were trained on ${label}, which this browser does not have. Bring the ` +
    "files here, as the settings below say.";
}
