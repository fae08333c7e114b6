/**
 * Lets a module of Deno tests run in a page or worker: takes what it registers with `Deno.test`,
 * runs one by its name. Must be imported before the tests.
 */

const tests = new Map<string, () => unknown>();

Object.assign(globalThis, {
  Deno: {
    build: { os: "browser" },
    test: (name: string, run: () => unknown) => {
      if (tests.has(name)) throw new Error(`two tests are called "${name}"`);
      tests.set(name, run);
    },
  },
});

/** Names of the registered tests. */
export function testNames(): string[] {
  return [...tests.keys()];
}

/** Runs a test; gives null if it passes, else what went wrong. */
export async function runTest(name: string): Promise<string | null> {
  try {
    await tests.get(name)!();
    return null;
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    const cause = error.cause instanceof Error ? `\n${error.cause.message}` : "";
    return `${error.stack}${cause}`;
  }
}

/** The tests that a worker runs. */
interface RunMessage {
  run: string;
  port: MessagePort;
}

/** The same in a worker of this module, where the module is that of the page too. */
export function openTestWorker(url: string): (name: string) => Promise<string | null> {
  const worker = new Worker(url, { type: "module" });
  return (name) =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => resolve(`the worker failed: ${event.message}`);
      worker.postMessage({ run: name, port: port2 } satisfies RunMessage, [port2]);
    });
}

globalThis.addEventListener("message", async (event) => {
  const { data } = event as MessageEvent<RunMessage>;
  if (data?.run) data.port.postMessage(await runTest(data.run));
});
