/** The file of what was measured: in memory, on a disk, and in a browser's files. */

import { assert, assertEquals } from "@std/assert";
import {
  type KeptAdapter,
  KeptTuning,
  TUNED_FILE,
} from "../../../src/foundations/tuning/kept_tuning.ts";
import type { LockHolder, Storage } from "../../../src/storage/storage.ts";
import { withPlace } from "./tuning_place.ts";

const HOLDER: LockHolder = {
  pid: 1,
  host: "here",
  since: "2026-01-01T00:00:00.000Z",
  command: "x",
};
const MEASURED: KeptAdapter = {
  measured: "2026-01-01T00:00:00.000Z",
  chosen: { rows: 6, "sparse.below": 0.2, "dense tiles": "medium" },
  open: ["dense tiles"],
};

const none = (line: string) => {
  throw new Error(line);
};

const text = async (storage: Storage) => new TextDecoder().decode(await storage.read(TUNED_FILE));

Deno.test("kept: what is measured is found again, of each adapter its own", () =>
  withPlace(async (storage) => {
    const kept = new KeptTuning(storage);
    assertEquals(await kept.find("a", none), null);
    assertEquals(await kept.keep("a", MEASURED, HOLDER), MEASURED);
    const other = { ...MEASURED, chosen: {}, open: [] };
    await kept.keep("b", other, HOLDER);
    const again = new KeptTuning(storage);
    assertEquals([await again.find("a", none), await again.find("b", none)], [MEASURED, other]);
    assertEquals(await again.find("constructor", none), null);
    assertEquals((await storage.list("results")).map(({ name }) => name), [".tuned.json"]);
  }));

Deno.test("kept: stays, but for what was left open or was not measured", () =>
  withPlace(async (storage) => {
    const kept = new KeptTuning(storage);
    await kept.keep("a", MEASURED, HOLDER);
    const later: KeptAdapter = {
      measured: "2026-02-01T00:00:00.000Z",
      chosen: { rows: 12, "sparse.below": 0.5, "dense tiles": "large", replicas: 8 },
      open: ["replicas"],
    };
    const merged = {
      measured: later.measured,
      chosen: { rows: 6, "sparse.below": 0.2, "dense tiles": "large", replicas: 8 },
      open: ["replicas"],
    };
    assertEquals(await kept.keep("a", later, HOLDER), merged);
    assertEquals(await kept.find("a", none), merged);
  }));

Deno.test("kept: of many who measure at once, the first counts for all", () =>
  withPlace(async (storage) => {
    const all = await Promise.all(Array.from({ length: 8 }, (_, i) => {
      const chosen = { "sparse.below": i / 10 };
      return new KeptTuning(storage).keep("a", { ...MEASURED, chosen, open: [] }, HOLDER);
    }));
    const [{ chosen }] = all;
    assertEquals(all.map((one) => one.chosen), all.map(() => chosen));
    assertEquals((await new KeptTuning(storage).find("a", none))?.chosen, chosen);
  }));

Deno.test("kept: a damaged file counts for nothing, says why, and is replaced", () =>
  withPlace(async (storage) => {
    const kept = new KeptTuning(storage);
    await kept.keep("a", MEASURED, HOLDER);
    const whole = await text(storage);
    const damages: [string, RegExp][] = [
      ["", /not JSON/],
      [whole.slice(0, -9), /not JSON/],
      ["[]", /no object/],
      [whole.replace("adapters 1", "adapters 9"), /format is not/],
      [whole.replace('"adapters": {', '"adapter": {'), /no adapters/],
      [whole.replace('"rows": 6', '"rows": 7000'), /rows is 7000/],
      [whole.replace("0.2", "null"), /sparse.below is null/],
      [whole.replace('"medium"', '"__proto__"'), /dense tiles is "__proto__"/],
      [whole.replace('    "dense tiles"\n', '    "lanes"\n'), /open is not chosen/],
      [whole + " ".repeat(1 << 20), /at most/],
    ];
    for (const [damaged, why] of damages) {
      await storage.write(TUNED_FILE, new TextEncoder().encode(damaged));
      const lines: string[] = [];
      assertEquals(await kept.find("a", (line) => lines.push(line)), null, `${why}`);
      assertEquals(lines.length, 1);
      assert(lines[0].startsWith(`${TUNED_FILE} does not say`) && why.test(lines[0]), lines[0]);
    }
    assertEquals(await kept.keep("a", MEASURED, HOLDER), MEASURED);
    assertEquals(await text(storage), whole);
  }));
