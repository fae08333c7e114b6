/**
 * Measurements of adapters, in one file, for later runs. What is
 * kept stays; of two processes that measured the same, the first one's is kept, by both.
 */

import type { Gpu } from "../../engine/mod.ts";
import { canReadStorageTextures } from "../../engine/device.ts";
import { LockedError, LotteryError, NotFoundError } from "../../errors.ts";
import { encodeText } from "../../records/record.ts";
import type { LockHolder, Storage } from "../../storage/storage.ts";
import { type Chosen, isChoice } from "./settings.ts";

/** The file, beside the results. */
export const TUNED_FILE = "results/.tuned.json";

/** Version of its form, and of what its settings mean. */
const FORMAT = "lottery-ticket adapters 1";
/** A larger file is none that this program wrote. */
const MOST_BYTES = 1 << 20;
/** How often its lock is asked for: it is held for as long as a small file takes to write. */
const TRIES = 40, PAUSE_MILLISECONDS = 50;

/** The measurements of an adapter. */
export interface KeptAdapter {
  /** When the last one was made: ISO 8601. */
  measured: string;
  chosen: Chosen;
  /** Settings of `chosen` of which a later run may find a better value. */
  open: readonly string[];
}

/** By `adapterKey`. */
type Adapters = Record<string, KeptAdapter>;

/** Names an adapter by all that is known of it and decides what is fast. */
export function adapterKey({ adapter, device }: Gpu): string {
  const { name, vendor, architecture } = adapter;
  const {
    maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupStorageSize,
    maxStorageBufferBindingSize,
    maxStorageTexturesPerShaderStage,
  } = device.limits;
  const limits = [
    ...[maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupStorageSize],
    ...[maxStorageBufferBindingSize, maxStorageTexturesPerShaderStage],
  ];
  const textures = canReadStorageTextures() ? "textures" : "no textures";
  const cores = `${globalThis.navigator?.hardwareConcurrency ?? 1} cores`;
  return [name, vendor, architecture, ...limits, textures, cores].join("; ");
}

/** The file of what was measured. */
export class KeptTuning {
  constructor(private readonly storage: Storage, private readonly path: string = TUNED_FILE) {}

  /**
   * What is kept of an adapter; null if nothing is.
   *
   * @param onDamage receives why nothing in the file counts
   */
  async find(key: string, onDamage: (line: string) => void): Promise<KeptAdapter | null> {
    const adapters = await this.#read(onDamage);
    return Object.hasOwn(adapters, key) ? adapters[key] : null;
  }

  /**
   * Adds what was measured of an adapter; returns what is kept of it from then on.
   *
   * @throws StorageError if it cannot be written
   */
  async keep(key: string, measured: KeptAdapter, holder: LockHolder): Promise<KeptAdapter> {
    const lock = await this.#lock(holder);
    try {
      const adapters = await this.#read(() => {});
      const before = Object.hasOwn(adapters, key) ? adapters[key] : null;
      const merged = before ? union(before, measured) : measured;
      const all = { format: FORMAT, adapters: { ...adapters, [key]: merged } };
      await this.storage.write(this.path, encodeText(JSON.stringify(all, null, 2) + "\n"));
      return merged;
    } finally {
      await lock.release();
    }
  }

  async #lock(holder: LockHolder) {
    for (let tries = 1;; tries++) {
      try {
        return await this.storage.lock(this.path.replace(/\.json$/, ".lock"), holder);
      } catch (error) {
        if (!(error instanceof LockedError) || tries === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
      }
    }
  }

  async #read(onDamage: (line: string) => void): Promise<Adapters> {
    let why;
    try {
      const bytes = await this.storage.read(this.path, { maxBytes: MOST_BYTES });
      const read = adaptersIn(JSON.parse(new TextDecoder().decode(bytes)));
      if (typeof read !== "string") return read;
      why = read;
    } catch (error) {
      if (error instanceof NotFoundError) return {};
      if (!(error instanceof LotteryError) && !(error instanceof SyntaxError)) throw error;
      why = error instanceof SyntaxError ? "it is not JSON" : error.message;
    }
    onDamage(
      `${this.path} does not say what is fast here (${why}): the adapter is measured anew where ` +
        "that is worth it, and the file replaced",
    );
    return {};
  }
}

/** What was kept before, and of what was measured since the settings that it lacks or left open. */
function union(before: KeptAdapter, { measured, chosen, open }: KeptAdapter): KeptAdapter {
  const isFree = (name: string) => !(name in before.chosen) || before.open.includes(name);
  const added = Object.entries(chosen).filter(([name]) => isFree(name));
  return {
    measured,
    chosen: { ...before.chosen, ...Object.fromEntries(added) },
    open: [
      ...before.open.filter((name) => !(name in chosen)),
      ...open.filter(isFree),
    ],
  };
}

/** The adapters in a file that was read; else why it has none. */
function adaptersIn(file: unknown): Adapters | string {
  if (!isObject(file)) return "it holds no object";
  if (file.format !== FORMAT) return `its format is not "${FORMAT}"`;
  if (!isObject(file.adapters)) return "it has no adapters";
  const adapters: Adapters = {};
  for (const [key, entry] of Object.entries(file.adapters)) {
    if (!isObject(entry) || !isObject(entry.chosen)) return `nothing is chosen for "${key}"`;
    const { measured, chosen, open } = entry;
    const bad = Object.entries(chosen).find(([name, value]) => !isChoice(name, value));
    if (bad) return `${bad[0]} is ${JSON.stringify(bad[1])}`;
    const isOpen = (name: unknown): name is string =>
      typeof name === "string" && Object.hasOwn(chosen, name);
    if (!Array.isArray(open) || !open.every(isOpen)) return "what is open is not chosen";
    adapters[key] = { measured: `${measured}`, chosen: chosen as Chosen, open };
  }
  return adapters;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
