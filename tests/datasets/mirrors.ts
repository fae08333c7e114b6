/**
 * A tiny dataset of two files for download tests, and mirrors of it on this machine: good ones and
 * ones with every fault that a mirror can have.
 */

import type { PublishedFiles } from "../../src/datasets/published.ts";
import { RandomStream, seedKey } from "../../src/engine/random.ts";
import { sha256Hex } from "../../src/formats/digests/sha256.ts";
import { gzip } from "../../tasks/lib/gzip_bytes.ts";

export const IMAGES = "train-images-idx3-ubyte", LABELS = "train-labels-idx1-ubyte";

function noise(length: number): Uint8Array<ArrayBuffer> {
  const random = new RandomStream(seedKey(1));
  return Uint8Array.from({ length }, () => random.integerBelow(256));
}

/** Content by file name; the images are incompressible, so that their archive is as long. */
export const CONTENT: Record<string, Uint8Array<ArrayBuffer>> = {
  [IMAGES]: noise(60_000),
  [LABELS]: Uint8Array.from({ length: 300 }, (_, i) => i % 10),
};

/** The files of a mirror, by path. */
export const ARCHIVES: Record<string, Uint8Array<ArrayBuffer>> = {
  [`/${IMAGES}.gz`]: await gzip(CONTENT[IMAGES]),
  [`/${LABELS}.gz`]: await gzip(CONTENT[LABELS]),
};

/** The row of the tiny dataset with these mirrors. */
export async function datasetAt(
  ...mirrors: Mirror[]
): Promise<Pick<PublishedFiles, "name" | "files" | "mirrors">> {
  const files = await Promise.all(
    Object.entries(CONTENT).map(async ([name, content]) => ({
      name,
      bytes: content.length,
      sha256: await sha256Hex(content),
    })),
  );
  return { name: "tiny", files, mirrors: mirrors.map((mirror) => mirror.url) };
}

/** A server that runs until it is disposed of. */
export interface Mirror extends AsyncDisposable {
  url: string;
  /** Path and Range header of every request, in order. */
  requests: string[];
}

/** How a mirror answers a request for a path. */
export type Answer = (request: Request, path: string) => Response | Promise<Response>;

/** Starts a mirror on a free port of 127.0.0.1. */
export function startMirror(answer: Answer): Mirror {
  const requests: string[] = [];
  const stop = new AbortController();
  const server = Deno.serve(
    {
      hostname: "127.0.0.1",
      port: 0,
      signal: stop.signal,
      onListen: () => {},
      onError: () => new Response(null, { status: 500 }),
    },
    (request) => {
      const path = new URL(request.url).pathname;
      requests.push(`${path} ${request.headers.get("Range") ?? "whole"}`);
      return answer(request, path);
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    requests,
    [Symbol.asyncDispose]: () => {
      stop.abort();
      return server.finished;
    },
  };
}

/** A body that ends or breaks after `bytes`, though `announced` were promised. */
function bodyOf(
  bytes: Uint8Array<ArrayBuffer>,
  announced: number,
  breaks: boolean,
  status = 200,
): Response {
  let sent = false;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (!sent) {
        sent = true;
        return controller.enqueue(bytes);
      }
      // Lets the bytes leave before the connection is torn down.
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (breaks) controller.error(new Error("torn"));
      else controller.close();
    },
  });
  return new Response(stream, { status, headers: { "Content-Length": String(announced) } });
}

/** A server that knows Range, as the real mirrors do. */
export const good: Answer = (request, path) => {
  const archive = ARCHIVES[path];
  if (!archive) return new Response(null, { status: 404 });
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.get("Range") ?? "")?.[1] ?? 0);
  if (start === 0) return new Response(archive);
  if (start >= archive.length) return new Response(null, { status: 416 });
  return new Response(archive.slice(start), {
    status: 206,
    headers: { "Content-Range": `bytes ${start}-${archive.length - 1}/${archive.length}` },
  });
};

/** A server that answers every request with the whole file. */
export const withoutRange: Answer = (_, path) => new Response(ARCHIVES[path]);

/** Breaks the connection after half of the file, whatever is asked for. */
export const breaking: Answer = (_, path) =>
  bodyOf(ARCHIVES[path].slice(0, ARCHIVES[path].length >> 1), ARCHIVES[path].length, true);

export const missing: Answer = () => new Response("no such file", { status: 404 });

/** Sends 1000 bytes, then nothing. */
export const stalling: Answer = (_, path) =>
  new Response(
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(ARCHIVES[path].slice(0, 1000)),
    }),
  );

/** Sends an eighth of the file every 100 ms. */
export const dripping: Answer = (_, path) => {
  const archive = ARCHIVES[path], step = Math.ceil(archive.length / 8);
  let sent = 0;
  return new Response(
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent >= archive.length) return controller.close();
        await new Promise((resolve) => setTimeout(resolve, 100));
        controller.enqueue(archive.slice(sent, sent += step));
      },
    }),
  );
};
