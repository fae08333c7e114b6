/** The kind of `--layers`. */

import { UsageError } from "../../errors.ts";
import type { Flag } from "../../flags/flags.ts";
import { type FlagSpec, parseInteger } from "../../flags/kinds.ts";
import { listOf } from "../../flags/lists.ts";
import { type HiddenLayer, layerText, NOTATION, parseLayer } from "../../models/hidden_layers.ts";

/** Hidden layers, first to last: `300,100` or `conv5x5v:20,pool,500`. */
export function layers<D extends readonly HiddenLayer[] | undefined = undefined>(
  spec: FlagSpec<D>,
): Flag<readonly HiddenLayer[], D> {
  const flag = listOf<HiddenLayer, D>(spec, {
    kind: "layers",
    placeholder: "N,N,…",
    expected: NOTATION,
    read: (part, name) =>
      /^[-+.\d]/.test(part) ? parseInteger(part, name, 1, 1e6) : parseLayer(part),
  });
  return {
    ...flag,
    parse: (text, name) => {
      const hidden = flag.parse(text, name);
      const dense = hidden.findIndex((layer) => typeof layer === "number");
      const late = hidden.find((layer, i) => typeof layer !== "number" && dense >= 0 && i > dense);
      if (late === undefined) return hidden;
      throw new UsageError(
        `${name} has ${layerText(late)}, which takes an image, above a dense layer: put ` +
          "convolutions and pooling before dense layers",
      );
    },
    format: (values) => values.map(layerText).join(","),
  };
}
