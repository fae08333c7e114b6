/** The page's charts when the worker that draws them could not be loaded, with a stand-in for it. */

import { assertEquals } from "@std/assert";
import type { AccuracyFigure } from "../../src/web/page/charts/accuracy_figure.ts";
import { withModulePage } from "./module_page.ts";
import { ROOT } from "../../tasks/lib/toolchain.ts";

Deno.test("after a chart worker that was lost, the next picture gets another", () =>
  withModulePage(`${ROOT}src/web/page/charts/accuracy_figure.ts`, async ({ page, errors }) => {
    const [failed, pictures, started] = await page.evaluate(async () => {
      let started = 0;
      class StandIn extends EventTarget {
        readonly number = ++started;
        async postMessage({ id }: { id: number }) {
          await Promise.resolve();
          const charts = [{
            metric: "finalAccuracy",
            svg: "<svg xmlns='http://www.w3.org/2000/svg'/>",
          }];
          const reply = new MessageEvent("message", { data: { id, charts } });
          this.dispatchEvent(this.number === 1 ? new Event("error") : reply);
        }
        terminate() {}
      }
      Object.assign(globalThis, { Worker: StandIn });
      const here = globalThis as unknown as {
        testModule: { AccuracyFigure: typeof AccuracyFigure };
      };
      const container = document.createElement("div");
      const figure = new here.testModule.AccuracyFigure(container, container);
      const run = (level: number) =>
        ({ level, kind: "ticket", percent: 100, finalAccuracy: 1, earlyStopAccuracy: 1 }) as never;
      figure.show([run(0), run(1)]);
      await new Promise((resolve) => setTimeout(resolve));
      const failed = container.textContent;
      figure.show([run(0), run(1)]);
      await new Promise((resolve) => setTimeout(resolve));
      return [failed, container.querySelectorAll("img").length, started];
    });
    assertEquals(failed, "The chart could not be drawn (lost); the table has its numbers.");
    assertEquals([pictures, started, errors], [1, 2, []]);
  }));
