/**
 * What processes mean to train, kept in an experiment's folder for those who look at it: a file per
 * process, gone when all of it is done. Nothing that trains reads it.
 */

import * as v from "../npm/valibot.ts";
import { sha256Hex } from "../formats/digests/sha256.ts";
import { encodeText, within } from "../records/record.ts";
import type { Storage } from "../storage/storage.ts";
import { LotteryError } from "../errors.ts";

/** A run of an experiment: its folder is {experiment}/trial{t}/{level}/{name}, or without name. */
const RUN = /^(?:(.*)\/)?(trial\d+\/\d+(?:\/[^/]+)?)$/;

const PLAN = v.object({
  runs: v.array(v.pipe(v.string(), v.regex(/^trial\d+\/\d+(\/[^/]+)?$/))),
  failed: v.record(v.string(), v.string()),
});

/** Runs by their folders, relative to the experiment's, and why some of them failed. */
export type WorkPlan = v.InferOutput<typeof PLAN>;

const NAME = /^\.plan-[0-9a-f]{16}\.json$/;

/** The work of one process. */
export class AnnouncedWork {
  private constructor(
    private readonly storage: Storage,
    /** Names of runs by the file that announces them. */
    private readonly files: ReadonlyMap<string, readonly string[]>,
  ) {}

  /**
   * Work that is to be announced; that outside of experiments is never.
   *
   * @param key   the same for the same work of another process, before or after
   * @param runs  folders
   */
  static async of(
    storage: Storage,
    key: string,
    runs: readonly string[],
  ): Promise<AnnouncedWork> {
    const name = `.plan-${(await sha256Hex(encodeText(key))).slice(0, 16)}.json`;
    const files = new Map<string, string[]>();
    for (const run of runs) {
      const parts = RUN.exec(run);
      if (!parts) continue;
      const path = within(parts[1] ?? "", name);
      if (!files.has(path)) files.set(path, []);
      files.get(path)!.push(parts[2]);
    }
    return new AnnouncedWork(storage, files);
  }

  /** Whether another process had announced it before. */
  isOfOthers = false;

  /** Says which runs will be trained, and what of them has failed already, by folder. */
  async announce(failed: ReadonlyMap<string, string> = new Map()): Promise<void> {
    for (const [path, runs] of this.files) {
      this.isOfOthers ||= await this.storage.exists(path);
      await write(this.storage, path, { runs: [...runs], failed: failuresOf(path, runs, failed) });
    }
  }

  /** Says what failed, by folder; where nothing did there is nothing more to say. */
  async conclude(failed: ReadonlyMap<string, string> = new Map()): Promise<void> {
    for (const [path, runs] of this.files) {
      const messages = failuresOf(path, runs, failed);
      if (Object.keys(messages).length === 0) await this.storage.remove(path);
      else await write(this.storage, path, { runs: [...runs], failed: messages });
    }
  }
}

/** Why runs of a plan have failed, by their names in it. */
function failuresOf(
  path: string,
  runs: readonly string[],
  failed: ReadonlyMap<string, string>,
): Record<string, string> {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  return Object.fromEntries(runs.flatMap((run) => {
    const message = failed.get(folder + run);
    return message === undefined ? [] : [[run, message]];
  }));
}

async function write(storage: Storage, path: string, plan: WorkPlan): Promise<void> {
  await storage.write(path, encodeText(JSON.stringify(plan) + "\n"));
}

/** Whether a file's name is that of a plan. */
export function isPlan(name: string): boolean {
  return NAME.test(name);
}

/** Reads a plan; null if it is none, or gone. */
export async function readPlan(storage: Storage, path: string): Promise<WorkPlan | null> {
  try {
    const text = new TextDecoder().decode(await storage.read(path, { maxBytes: 1 << 26 }));
    const { success, output } = v.safeParse(PLAN, JSON.parse(text));
    return success ? output : null;
  } catch (error) {
    if (error instanceof LotteryError || error instanceof SyntaxError) return null;
    throw error;
  }
}
