/** Formats a plain-text table for the terminal, with columns two spaces apart. */

/**
 * Lays out rows under headers, each column as wide as its widest cell.
 *
 * @param align side of each column, one letter each: "l" or "r"; columns without one are
 *   right-aligned
 * @returns lines joined by newlines, without one at the end
 */
export function formatTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  align = "",
): string {
  const width = (text: string) => [...text].length;
  const widths = headers.map((header, i) =>
    Math.max(...[header, ...rows.map((row) => row[i])].map(width))
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => {
      const space = " ".repeat(widths[i] - width(cell));
      return align[i] === "l" ? cell + space : space + cell;
    }).join("  ").trimEnd();
  return [line(headers), widths.map((w) => "─".repeat(w)).join("  "), ...rows.map(line)].join("\n");
}
