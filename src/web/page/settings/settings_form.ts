/// <reference lib="dom" />
/**
 * The settings of an experiment as a form, from the declarations of the command line. What is typed
 * is checked at every keystroke, by the declarations and by the protocol that they make together.
 */

import { UsageError } from "../../../errors.ts";
import { flagName, type FlagSet, type FlagValues, toArgs } from "../../../flags/flags.ts";
import { NETWORK_NAMES, NETWORKS } from "../../../models/networks.ts";
import { type Protocol, PROTOCOLS } from "../../../lottery/protocols.ts";
import { protocolFlags } from "../../../commands/flags/protocol_flags.ts";
import { runFlags as terminalFlags } from "../../../commands/flags/run_flags.ts";
import { forBrowser } from "../../web_flags.ts";
import { el } from "../dom.ts";
import { makeField, type SettingField } from "./setting_field.ts";
import { BASIC, groupHeading, TERMINAL_ONLY } from "./setting_words.ts";
import { resolveProtocol } from "../../../commands/flags/resolve_protocol.ts";
import { parseFlags } from "../../../flags/parse.ts";

const runFlags = forBrowser(terminalFlags);

/** The values of every flag of run-lottery. */
export type Settings = FlagValues<typeof runFlags>;

/** Settings that are fit to run, in full and as the command line has them. */
export interface ValidSettings {
  values: Settings;
  protocol: Protocol;
  /** Arguments of `deno task run-lottery`. */
  args: string[];
}

/** The usual value of a protocol field, as its flag writes it. */
function usualValues(protocol: Protocol): Record<string, unknown> {
  const { trainingLength, levels, optimizer, survivors, prunedWeights, ...same } = protocol;
  return {
    ...same,
    ...{ trainingLen: trainingLength, iterations: levels, "mask-1": survivors },
    "mask-0": prunedWeights,
    optimizer: optimizer.kind,
    network: NETWORK_NAMES.find((name) => NETWORKS[name].hidden === protocol.layers),
  };
}

/** The form of settings. */
export class SettingsForm {
  readonly element = el("div", { class: "settings" });
  /** Null while a field is wrong. */
  valid: ValidSettings | null = null;
  readonly #fields = new Map<string, SettingField>();

  /** @param onChange told after every keystroke, once the values are checked */
  constructor(private readonly onChange: () => void) {
    const shown = Object.entries(runFlags as FlagSet).filter(([key]) =>
      !TERMINAL_ONLY.includes(key)
    );
    for (const [key, flag] of shown) {
      this.#fields.set(key, makeField(flag, key, () => this.#changed(key)));
    }
    const basic = BASIC.map((key) => this.#fields.get(key)!.element);
    const folded = Map.groupBy(
      shown.filter(([key]) => !BASIC.includes(key)),
      ([, flag]) => groupHeading(flag.group),
    );
    // Fields of the training come first: readers look for them first.
    const groups = [...folded].sort(([a], [b]) =>
      Number(b.includes("train")) - Number(a.includes("train"))
    );
    this.element.append(
      el("div", { class: "fields" }, ...basic),
      ...groups.map(([heading, members]) =>
        el(
          "details",
          { class: "group" },
          el("summary", {}, heading, el("span", { class: "count" }, `${members.length} settings`)),
          el("div", { class: "fields" }, ...members.map(([key]) => this.#fields.get(key)!.element)),
        )
      ),
    );
  }

  /** Takes the arguments of a command line. */
  setArgs(args: readonly string[]): void {
    const values: Record<string, unknown> = parseFlags(args, runFlags);
    for (const [key, field] of this.#fields) field.set(values[key]);
    this.#check();
  }

  /** The texts by setting, right or wrong. */
  get texts(): Record<string, string> {
    return Object.fromEntries([...this.#fields].map(([key, field]) => [key, field.text]));
  }

  /** Puts back what `texts` gave. */
  setTexts(texts: Readonly<Record<string, string>>): void {
    for (const [key, field] of this.#fields) {
      if (texts[key] !== undefined) field.text = texts[key];
    }
    this.#check();
  }

  /** What the fields that are wrong by themselves say, by setting. */
  get complaintsOfFields(): Map<string, string> {
    const found = [...this.#fields].map(([key, field]) => [key, field.check()] as const);
    return new Map(found.filter((entry): entry is [string, string] => entry[1] !== null));
  }

  /** Takes another protocol, with these texts and its own values of all other fields. */
  setProtocol(texts: Readonly<Record<string, string>>): void {
    for (const name of Object.keys(protocolFlags)) this.#fields.get(name)!.set(undefined);
    this.setTexts(texts);
  }

  /** Takes the focus to the first field that is wrong. */
  focusComplaint(): void {
    const wrong = [...this.#fields.values()].find((field) => field.check() !== null);
    const fallback = this.element.querySelector<HTMLElement>('[aria-invalid="true"]');
    const target = wrong?.element.querySelector<HTMLElement>("input, select") ?? fallback;
    target?.closest("details")?.setAttribute("open", "");
    target?.focus();
  }

  #changed(key: string): void {
    // Another protocol brings its own values; what was typed for the one before would hide them.
    if (key === "protocol") {
      for (const name of Object.keys(protocolFlags)) {
        if (name !== "protocol") this.#fields.get(name)!.set(undefined);
      }
    }
    this.#check();
  }

  #check(): void {
    const complaints = new Map<SettingField, string>();
    for (const field of this.#fields.values()) {
      const complaint = field.check();
      if (complaint !== null) complaints.set(field, complaint);
    }
    const values = parseFlags([], runFlags) as Record<string, unknown>;
    for (const [key, field] of this.#fields) values[key] = field.value();
    const name = (values as Settings).protocol;
    this.valid = null;
    if (complaints.size === 0) {
      try {
        const settings = values as Settings;
        const args = toArgs(settings, runFlags);
        this.valid = { values: settings, protocol: resolveProtocol(settings), args };
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        const { message } = error;
        const about = Object.keys(protocolFlags).find((key) => message.startsWith(flagName(key)));
        complaints.set(this.#fields.get(about ?? "prunePercents")!, message);
      }
    }
    this.#showUsual((this.valid as ValidSettings | null)?.protocol ?? PROTOCOLS[name], name);
    for (const field of this.#fields.values()) field.complain(complaints.get(field) ?? null);
    this.onChange();
  }

  /** An empty field of the protocol stands for what that protocol makes of the others. */
  #showUsual(protocol: Protocol, name: Settings["protocol"]): void {
    const base = usualValues(PROTOCOLS[name]);
    const usual = usualValues(protocol);
    for (const [key, flag] of Object.entries(protocolFlags as FlagSet)) {
      const value = flag.kind === "choice" ? base[key] : usual[key];
      if (value !== undefined && value !== null) {
        this.#fields.get(key)!.showUsual(flag.format(value));
      }
    }
  }
}
