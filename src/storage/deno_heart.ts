/** The heartbeat of a process: keeps its claims alive and stops it where one is lost. */

import { LockedError } from "../errors.ts";
import type { HostClaim } from "./deno_claim.ts";
import type { Said } from "./deno_claim_file.ts";

/** Beats per second of one process, at most: a file server has many of them to serve. */
const MOST_BEATS = 4;

/** The claims of one process; one timer for all. */
export class Heart {
  /** Said with each beat. */
  note: unknown = undefined;
  readonly #claims = new Set<HostClaim>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #lost: LockedError | null = null;

  /**
   * @param milliseconds between beats
   * @param onLost       called with the first claim that another process has taken over
   */
  constructor(
    private readonly milliseconds: number,
    private readonly onLost: (error: LockedError) => void,
  ) {}

  /** What each claim says now. */
  get said(): Said {
    const rare = 1000 * Math.floor(this.#claims.size / MOST_BEATS);
    return { note: this.note, every: Math.max(this.milliseconds, rare) };
  }

  /** Keeps a claim alive from now on. */
  add(claim: HostClaim): void {
    this.#claims.add(claim);
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#beat(), this.milliseconds);
    Deno.unrefTimer(this.#timer);
  }

  /** Leaves a claim alone from now on. */
  delete(claim: HostClaim): void {
    this.#claims.delete(claim);
    if (this.#claims.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /**
   * To be called before anything is changed on the disk.
   *
   * @throws LockedError if a claim was lost; StorageError's causes where that cannot be found out
   */
  async check(): Promise<void> {
    if (this.#lost) throw this.#lost;
    for (const claim of this.#claims) if (claim.isLate) await this.#beatOne(claim);
  }

  async #beat(): Promise<void> {
    // A beat that fails is late: before the next change it must not.
    const due = [...this.#claims].filter((claim) => claim.isDue);
    await Promise.all(due.map((claim) => this.#beatOne(claim).catch(() => {})));
  }

  async #beatOne(claim: HostClaim): Promise<void> {
    try {
      await claim.beat();
    } catch (error) {
      if (error instanceof LockedError && this.#claims.has(claim) && !this.#lost) {
        this.#lost = error;
        this.onLost(error);
      }
      throw error;
    }
  }
}
