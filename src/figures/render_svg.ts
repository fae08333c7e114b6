/**
 * Renders a Vega-Lite specification as an SVG document. Vega is loaded when the first chart is
 * drawn, and needs neither a canvas nor permissions.
 */
import { PackageError } from "../errors.ts";
import { loadVega, type TopLevelSpec } from "../npm/vega.ts";

/** Vega, or the error that says what to do without it. */
async function loadOrExplain() {
  try {
    return await loadVega();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PackageError(
      `charts are drawn by the npm package vega, which cannot be loaded (${reason}); check the ` +
        "network, then run the same command again: finished runs are kept",
    );
  }
}

/**
 * The chart as a complete SVG document.
 *
 * @throws PackageError if Vega cannot be loaded
 * @throws Error with Vega's own message if the specification is not valid: a bug of the chart
 */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  const [vega, vegaLite, { expressionInterpreter: expr }] = await loadOrExplain();
  // Interpreted, since a page whose security policy forbids evaluation could not compile
  // expressions.
  const dataflow = vega.parse(vegaLite.compile(spec).spec, undefined, { ast: true });
  const view = new vega.View(dataflow, { renderer: "none", expr });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
