/**
 * Draws a chart: takes a Vega-Lite specification, gives the text of an SVG file. Vega is loaded when
 * the first chart is drawn, and needs neither a canvas nor permissions.
 */
import type { TopLevelSpec } from "vega-lite";

/**
 * The chart as a complete SVG document.
 *
 * @throws Error with Vega's own message if the specification is not valid: a bug in `charts.ts`
 */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  const [vega, vegaLite, { expressionInterpreter: expr }] = await Promise.all([
    import("vega"),
    import("vega-lite"),
    import("vega-interpreter"),
  ]);
  // Interpreted, since a page whose security policy forbids evaluation could not compile expressions.
  const dataflow = vega.parse(vegaLite.compile(spec).spec, undefined, { ast: true });
  const view = new vega.View(dataflow, { renderer: "none", expr });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
