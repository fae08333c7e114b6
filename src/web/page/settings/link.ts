/**
 * The settings as the page's address has them, so that a link opens with them: only those that
 * differ from a first visit's, or, with another protocol, from that protocol's own.
 */

import { flagName } from "../../../flags/flags.ts";

/** Texts of the form's fields, by setting. */
export type Texts = Readonly<Record<string, string>>;

/** What concerns this browser alone, and no one to whom a link is sent. */
const NOT_SHARED = ["experimentPath", "overwrite"];

/** The settings that a link starts from. */
export interface Baselines {
  /** Of a first visit. */
  first: Texts;
  /** Of a protocol whose fields are all empty. */
  empty: Texts;
}

const nameOf = (key: string) => flagName(key).slice(2);

/** What a link with this protocol starts from. */
export function baselineOf(protocol: string, { first, empty }: Baselines): Texts {
  return protocol === first.protocol ? first : { ...empty, protocol: first.protocol };
}

/** The query of a link: `protocol=google&seed=3`; empty of a first visit's settings. */
export function linkOf(texts: Texts, baselines: Baselines): string {
  const baseline = baselineOf(texts.protocol, baselines), query = new URLSearchParams();
  for (const [key, text] of Object.entries(texts)) {
    if (text !== baseline[key] && !NOT_SHARED.includes(key)) query.set(nameOf(key), text);
  }
  return `${query}`;
}

/** The settings of a link. */
export interface LinkedSettings {
  texts: Record<string, string>;
  /** Names that are no setting's. */
  unknown: string[];
}

/** Reads a query; null where it has none. */
export function readLink(query: string, baselines: Baselines): LinkedSettings | null {
  const parameters = new URLSearchParams(query);
  if (parameters.size === 0) return null;
  const protocol = parameters.get("protocol") ?? baselines.first.protocol;
  const texts: Record<string, string> = { ...baselineOf(protocol, baselines) }, unknown = [];
  for (const [name, text] of parameters) {
    const key = Object.keys(texts).find((key) => nameOf(key) === name);
    if (key === undefined || NOT_SHARED.includes(key)) unknown.push(name);
    else texts[key] = text;
  }
  return { texts, unknown };
}
