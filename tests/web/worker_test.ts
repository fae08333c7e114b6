/** The page's worker, loaded here with stand-ins for what only a browser's worker has. */

import { assertEquals, assertMatch } from "@std/assert";
import type { RequestMessage, RunRequest, WorkerMessage } from "../../src/web/messages.ts";

Deno.test("files that the browser refused once are asked for again", async () => {
  let asked = 0;
  const getDirectory = () =>
    ++asked === 1
      ? Promise.reject(new DOMException("not now", "UnknownError"))
      : Promise.resolve({});
  Object.defineProperty(navigator, "storage", { value: { getDirectory }, configurable: true });
  Object.defineProperty(navigator, "locks", { value: {}, configurable: true });
  const replies: ((message: WorkerMessage) => void)[] = [];
  const posted = (message: WorkerMessage) => replies.shift()!(message);
  Object.assign(globalThis, { postMessage: posted });
  try {
    await import("../../src/web/worker.ts");
    const ask = (request: RequestMessage) =>
      new Promise<WorkerMessage>((resolve) => {
        replies.push(resolve);
        dispatchEvent(new MessageEvent("message", { data: request }));
      });
    const argument: RunRequest = { task: "run-lottery", args: ["--iterations=1"] };
    const refused = await ask({ id: 1, name: "check", argument });
    assertMatch(JSON.stringify(refused), /this browser keeps no files for this page \(not now\)/);
    for (const id of [2, 3]) {
      const reply = await ask({ id, name: "check", argument });
      assertEquals(reply, { id, reply: { isFine: true } });
    }
    assertEquals(asked, 2);
  } finally {
    Reflect.deleteProperty(globalThis, "postMessage");
    for (const name of ["storage", "locks"]) Reflect.deleteProperty(navigator, name);
  }
});
