/// <reference lib="dom" />
/** The page's colours for what is painted pixel by pixel. */

/** A custom property of the page as red, green, blue from 0 to 255. */
export function rgb(name: string): [number, number, number] {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const part = (at: number) => parseInt(hex.slice(at, at + 2), 16);
  return [part(1), part(3), part(5)];
}
