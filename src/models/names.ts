/** Names of layers and of files. */

import { InputError } from "../errors.ts";

/**
 * Returns the name if it can be that of one file or folder.
 *
 * @param what names it in the error: "experiment name"
 * @throws InputError if it is empty, begins with a dot, or holds a slash or a control character
 */
export function checkName(name: string, what: string): string {
  const bad = name === ""
    ? "is empty"
    : name.startsWith(".")
    ? "begins with a dot"
    : /[/\\]/.test(name)
    ? "holds a slash"
    : /\p{Cc}/u.test(name)
    ? "holds a control character"
    : null;
  if (bad === null) return name;
  throw new InputError(
    `${what} ${JSON.stringify(name)} ${bad}: use letters, digits, "_" and "-"`,
  );
}
