/**
 * The names of files that are being written: `.run.json.<UUID>.tmp`, to become `run.json`. What a
 * killed process leaves behind can be told by them.
 */

/** A name in the same folder for a file that will become `name`. */
export function temporaryName(name: string): string {
  return `.${name}.${crypto.randomUUID()}.tmp`;
}

/** Whether a name is one of those. */
export function isTemporary(name: string): boolean {
  return /^\..+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/s.test(name);
}
