/**
 * One attempt to fetch one address, continuing after the bytes already held if the server can.
 * Returns the bytes now held and, if the transfer failed, the reason.
 */

import { concatenate } from "../formats/gzip.ts";

export interface TransferOptions {
  url: string;
  /** The start of the content, from an earlier attempt; empty if there is none. */
  held: Uint8Array;
  /** Stops reading once there are more bytes than this: the content cannot be right. */
  maxBytes: number;
  fetch: typeof fetch;
  /** Gives up after this many milliseconds without a byte. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** Bytes held so far and, where the server says, of the whole content. */
  onProgress: (bytes: number, total: number | null) => void;
}

export interface Transfer {
  /** Receives all bytes, or after a failure the first of them. */
  bytes: Uint8Array;
  /** Whether `bytes` begin with the bytes that were held before. */
  resumed: boolean;
  /** Why the transfer broke off; null if the server ended it or sent more than `maxBytes`. */
  failure: string | null;
}

/** Fetches `url`. Network faults, refusals and timeouts are results, never exceptions. */
export async function transfer(options: TransferOptions): Promise<Transfer> {
  const { url, held, maxBytes, timeoutMs, onProgress } = options;
  const abort = new AbortController();
  const signal = options.signal ? AbortSignal.any([abort.signal, options.signal]) : abort.signal;
  const startTimer = () => setTimeout(() => abort.abort(), timeoutMs);
  let timer = startTimer();
  const restartTimer = () => {
    clearTimeout(timer);
    timer = startTimer();
  };
  const parts: Uint8Array[] = [held];
  let length = held.length, resumed = held.length > 0;
  const result = (failure: string | null): Transfer => ({
    bytes: concatenate(parts, length),
    resumed,
    failure,
  });
  try {
    const headers = new Headers({ "Accept-Encoding": "identity" });
    if (resumed) headers.set("Range", `bytes=${held.length}-`);
    const response = await options.fetch(url, { headers, signal });
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("Content-Range") ?? "");
    const continues = response.status === 206 && Number(range?.[1]) === held.length;
    if (response.status === 416 && resumed) {
      // The part is as long as the content or longer: it is of another file.
      await response.body?.cancel();
      return await transfer({ ...options, held: new Uint8Array() });
    }
    if (!response.body || !(continues || response.status === 200)) {
      await response.body?.cancel();
      return result(`HTTP status ${response.status}`);
    }
    if (!continues) {
      parts.length = 0;
      length = 0;
      resumed = false;
    }
    const announced = Number(response.headers.get("Content-Length") ?? NaN);
    const total = Number.isFinite(announced) ? length + announced : null;
    const reader = response.body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      restartTimer();
      parts.push(next.value);
      length += next.value.length;
      onProgress(length, total);
      if (length > maxBytes) {
        await reader.cancel();
        break;
      }
    }
    return result(null);
  } catch (error) {
    if (abort.signal.aborted) return result(`nothing arrived for ${timeoutMs / 1000} s`);
    return result(reasonOf(error));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Why something that the platform did failed, in one line. Deno's fetch says "fetch failed" and why
 * in the cause; of a list of causes, the first two lines say what and why.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = error.cause instanceof Error ? error.cause.message : error.message;
  return message.split("\n").slice(0, 2).map((line) => line.replace(/^\s*\d+: /, "").trim())
    .join(": ").slice(0, 300);
}
