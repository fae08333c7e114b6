/// <reference lib="dom" />
/**
 * One field of the settings form, made from a flag's declaration: its control by the flag's kind,
 * its help, its bounds, and the declaration's own complaint about what is typed.
 */

import { UsageError } from "../../../errors.ts";
import { type Flag, flagName } from "../../../flags/flags.ts";
import { el } from "../dom.ts";
import { choiceText, HELP, inLabels, LABELS } from "./setting_words.ts";

/** A field that is shown. */
export interface SettingField {
  readonly element: HTMLElement;
  /** The text typed or chosen. */
  text: string;
  /** The value; undefined where nothing is given and the flag has no default. */
  value(): unknown;
  /** Writes a value as the declaration does; undefined empties the field. */
  set(value: unknown): void;
  /** The meaning of an empty field. */
  showUsual(text: string): void;
  /** Shows a complaint, or none. */
  complain(message: string | null): void;
  /** The complaint of the declaration about what is typed; null if there is none. */
  check(): string | null;
  focus(): void;
}

/** The value of a field's text, and its error. */
function read(flag: Flag, key: string, text: string): { value?: unknown; complaint?: string } {
  if (text.trim() === "") return { value: flag.default };
  try {
    return { value: flag.parse(text.trim(), flagName(key)) };
  } catch (error) {
    if (error instanceof UsageError) return { complaint: error.message };
    throw error;
  }
}

/** The help of a command line begins small and ends without a point. */
const asSentence = (text: string) =>
  `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

type Control = HTMLInputElement | HTMLSelectElement;

function makeControl(flag: Flag, key: string, id: string): Control {
  const described = { id, name: key, "aria-describedby": `${id}-help ${id}-error` };
  if (flag.kind === "boolean") return el("input", { ...described, type: "checkbox" });
  if (flag.kind === "choice") {
    const empty = flag.default === undefined ? [el("option", { value: "" }, "as usual")] : [];
    const options = flag.choices!.map((word) =>
      el("option", { value: word }, choiceText(key, word))
    );
    return el("select", described, ...empty, ...options);
  }
  const isWhole = flag.kind === "integer";
  return el("input", {
    ...described,
    type: "text",
    inputmode: isWhole ? "numeric" : flag.kind === "number" ? "decimal" : "text",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
  });
}

/** The field of the flag that is declared under this key; `onInput` hears of every keystroke. */
export function makeField(flag: Flag, key: string, onInput: () => void): SettingField {
  const id = `setting-${key}`;
  const control = makeControl(flag, key, id);
  const complaint = el("p", { id: `${id}-error`, class: "complaint", "aria-live": "polite" });
  const isBox = control instanceof HTMLInputElement && control.type === "checkbox";
  const text = () => isBox ? `${control.checked}` : control.value;
  // A box that is on by default is described by what turning it off does.
  const help = HELP[key] ?? asSentence(
    inLabels(flag.default === true ? `off: ${flag.help}` : `${flag.help}`),
  );
  control.addEventListener("input", onInput);

  const label = el(
    "label",
    { for: id },
    el("span", { class: "label" }, LABELS[key] ?? key),
  );
  const element = el(
    "div",
    { class: isBox ? "field field-box" : "field" },
    ...(isBox ? [control, label] : [label, control]),
    el("p", { id: `${id}-help`, class: "help" }, help),
    complaint,
  );
  const field: SettingField = {
    element,
    get text() {
      return text();
    },
    set text(written) {
      if (isBox) control.checked = written === "true";
      else control.value = written;
    },
    value: () => read(flag, key, text()).value,
    set(value) {
      field.text = value === undefined ? "" : flag.format(value);
    },
    showUsual(usual) {
      if (control instanceof HTMLSelectElement) {
        const first = control.options[0];
        if (first.value === "") {
          first.textContent = usual === "" ? "not given" : `usual: ${choiceText(key, usual)}`;
        }
      } else if (!isBox) control.placeholder = usual;
    },
    complain(message) {
      complaint.textContent = message === null ? "" : inLabels(message);
      control.setAttribute("aria-invalid", `${message !== null}`);
    },
    check: () => read(flag, key, text()).complaint ?? null,
    focus: () => control.focus(),
  };
  field.set(flag.default);
  return field;
}
