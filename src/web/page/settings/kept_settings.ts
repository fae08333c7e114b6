/// <reference lib="dom" />
/**
 * Keeps the settings form's content in the tab: a reload brings it back. A browser that keeps
 * nothing says so when files are stored.
 */

const KEY = "settings";

/** Keeps the texts of the fields, by setting. */
export function keepSettings(texts: Readonly<Record<string, string>>): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(texts));
  } catch {
    // See above.
  }
}

/** The texts that were kept; null if there are none. */
export function keptSettings(): Record<string, string> | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}
