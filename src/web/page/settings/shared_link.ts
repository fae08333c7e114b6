/// <reference lib="dom" />
/** Keeps the settings in the page's address: a reload and a shared link open with them. */

import { tell } from "../failures.ts";
import { baselineOf, type Baselines, linkOf, readLink } from "./link.ts";
import type { NetworkChoice } from "./network_choice.ts";
import { inLabels, LABELS } from "./setting_words.ts";
import type { SettingsForm } from "./settings_form.ts";

/** Browsers count how often an address changes. */
const PAUSE_MS = 300;

/** The settings in the address. */
export class SharedLink {
  readonly #baselines: Baselines;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isStale = false;

  /** Writes the settings of a first visit into the form. */
  constructor(private readonly form: SettingsForm, networks: NetworkChoice) {
    const empty = form.texts;
    networks.chooseFirst();
    this.#baselines = { first: form.texts, empty: { ...empty, dataset: form.texts.dataset } };
  }

  /** Takes the settings of the address; returns whether it has any. */
  read(): boolean {
    const linked = readLink(location.search, this.#baselines);
    if (linked === null) return false;
    const { texts, unknown } = linked;
    this.form.setTexts(texts);
    const wrong = this.form.complaintsOfFields, shown = this.form.texts;
    for (const [key, text] of Object.entries(texts)) {
      // A list takes only what is in it.
      if (shown[key] !== text) wrong.set(key, `“${text.slice(0, 40)}” is none of its choices`);
    }
    // What is wrong is named, and left out.
    const usual = baselineOf(this.form.texts.protocol, this.#baselines);
    for (const key of wrong.keys()) texts[key] = usual[key];
    if (wrong.size > 0) this.form.setTexts(texts);
    const names = unknown.map((name) => `“${name.slice(0, 40)}”`);
    const faults = [
      ...[...wrong].map(([key, complaint]) =>
        complaint.startsWith("--") ? inLabels(complaint) : `“${LABELS[key] ?? key}”: ${complaint}`
      ),
      ...(names.length > 0 ? [`${names.join(", ")} is no setting of this page`] : []),
    ];
    if (faults.length > 0) {
      tell({
        key: "link",
        title: "A part of the link was left out",
        text: `${faults.join("; ")}.`,
      });
    }
    return true;
  }

  /** The whole address. */
  get address(): string {
    const query = linkOf(this.form.texts, this.#baselines);
    return `${location.origin}${location.pathname}${query && `?${query}`}`;
  }

  /** Writes the settings into the address: at once, and what is typed fast soon after. */
  write(): void {
    this.#isStale = this.#timer !== null;
    if (this.#timer !== null) return;
    history.replaceState(null, "", `${this.address}${location.hash}`);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#isStale) this.write();
    }, PAUSE_MS);
  }
}
