/// <reference lib="dom" />
/** Says before the start how long settings will take here, asks about long ones, and learns. */

import type { AdapterDescription } from "../../../engine/mod.ts";
import { confirmed } from "../confirm.ts";
import { aboutText, expectedSeconds, keepSeconds, keptSpeeds, workOf } from "./expected_time.ts";
import type { ValidSettings } from "./settings_form.ts";

/** What takes longer is asked about. */
const LONG_SECONDS = 3600;

/** The forecast for an adapter. */
export class Forecast {
  /** Null while none is known. */
  adapter: AdapterDescription | null = null;

  /** Seconds; null where nobody can tell. */
  #seconds(settings: ValidSettings): number | null {
    const work = workOf(settings);
    return work && this.adapter && expectedSeconds(work, this.adapter, keptSpeeds());
  }

  /** "Your own run takes about 2 minutes here."; no time where nobody can tell. */
  text(settings: ValidSettings): string {
    const seconds = this.#seconds(settings);
    return seconds === null ? "Your own run:" : `Your own run takes ${aboutText(seconds)} here.`;
  }

  /** Whether the person wants to start, who is asked only if it takes long. */
  async isWanted(settings: ValidSettings): Promise<boolean> {
    const seconds = this.#seconds(settings);
    if (seconds === null || seconds <= LONG_SECONDS) return true;
    return await confirmed(
      `This takes ${aboutText(seconds)} here. Start anyway?`,
      "You can pause it, and continue after closing the tab. Shorter training, fewer prunings or " +
        "a smaller network take less time.",
      "Start",
    );
  }

  /** Takes what a run of these settings took, from its first step to its last. */
  learn(settings: ValidSettings, seconds: number): void {
    const work = workOf(settings);
    if (work && this.adapter) keepSeconds(work, this.adapter, seconds, keptSpeeds());
  }
}
