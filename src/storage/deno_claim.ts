/**
 * Locks between hosts, where the system's locks may not reach: a claim is a file that only one can
 * create (O_EXCL, which NFS keeps), whose owner changes its content every few seconds. One whose
 * content has not changed for `stale`, as who wants it sees by its own clock, counts as dead: no
 * two clocks are compared.
 *
 * A claim is never replaced. Who takes over a dead one creates its successor, a file whose name
 * holds its token, so one of many takers wins; the last claim of this chain counts. An owner that
 * was stopped for long (SIGSTOP, a sleeping laptop, a server that did not answer) does what takers
 * do before it writes again: it creates its own successor, or finds that another did and has lost.
 * What one system call was doing as it stopped is the only thing that may still be done.
 *
 * Beside the lock file `x/.lock` the chain is `x/.lock.first`, `x/.lock.{token of that}`, ….
 */

import type { LockedError } from "../errors.ts";
import {
  fill,
  FIRST,
  type FoundClaim,
  lastClaim,
  machineId,
  type Made,
  make,
  readChain,
  remove,
  type Said,
} from "./deno_claim_file.ts";
import { lockedError, takenError } from "./lock_holder.ts";
import type { LockHolder } from "./storage.ts";

/**
 * Milliseconds between two beats, and without one until a claim counts as dead: as many times
 * longer as its beats are rarer.
 */
export interface ClaimTimes {
  beat: number;
  stale: number;
}

/**
 * Twelve beats may be missed before anyone may take over: a process that trains on a processor with
 * ten times as much to do as it has cores was seen to be 10 seconds late.
 */
export const CLAIM_TIMES: ClaimTimes = { beat: 10_000, stale: 120_000 };

/** How a claim is taken. */
export interface TakeOptions {
  times: ClaimTimes;
  /**
   * Number of the lock file whose system's lock shows that no process of this machine has the claim
   * beside it: 0 if there is no such file; null if the system has no locks.
   */
  lockFile: number | null;
  /** Told that an owner is watched, which takes time. */
  onWatch: (line: string) => void;
  /** Said with each beat, for those who look: what is happening, and when the next beat is due. */
  said: () => Said;
}

const TAKE_TRIES = 20;

/** @throws LockedError if the owner of a lock file's claim lives; waits until that is known */
export async function checkClaim(
  path: string,
  holder: LockHolder,
  { times, lockFile, onWatch }: Omit<TakeOptions, "said">,
): Promise<FoundClaim | null> {
  for (let tries = 1; tries <= TAKE_TRIES; tries++) {
    const last = await lastClaim(path);
    if (last === null || isDeadHere(last, holder, lockFile)) return last;
    onWatch(watchText(last, staleTime(times, last.every) / 1000));
    if (await isUnchanged(path, last, times)) return last;
    const now = await lastClaim(path);
    if (now?.token === last.token) throw lockedError(path, now.owner, holder);
  }
  throw lockedError(path, (await lastClaim(path))?.owner, holder);
}

/** A claim that this process has. */
export class HostClaim {
  #file: Deno.FsFile;
  #token: string;
  #beats = 0;
  #every: number;
  #beaten: Clocks;
  #busy: Promise<void> = Promise.resolve();
  #lost: LockedError | null = null;

  private constructor(
    private readonly path: string,
    private readonly holder: LockHolder,
    private readonly options: TakeOptions,
    made: Made,
    start: Clocks,
  ) {
    this.#file = made.file;
    this.#token = made.token;
    this.#every = made.every;
    this.#beaten = start;
  }

  /** @throws LockedError if another's claim lives, or another takes it first */
  static async take(path: string, holder: LockHolder, options: TakeOptions): Promise<HostClaim> {
    for (let tries = 1; tries <= TAKE_TRIES; tries++) {
      const last = await checkClaim(path, holder, options);
      const name = last?.token ?? FIRST;
      const start = now(), isLate = () => elapsed(start) > options.times.stale / 2;
      const made = await make(`${path}.${name}`, holder, options.said(), isLate);
      if (made === null) continue;
      const chain = await readChain(path);
      if (chain.at(-1)?.token === made.token) {
        return new HostClaim(path, holder, options, made, start);
      }
      made.file.close();
      // What it follows may have been given back meanwhile: then it follows nothing. If others
      // follow it, they need it; and the first one may be another's by now.
      const isLoose = name !== FIRST && chain.every(({ token }) => token !== made.token);
      if (isLoose) await remove(`${path}.${name}`);
    }
    throw lockedError(path, (await lastClaim(path))?.owner, holder);
  }

  /** Whether so long has passed since the last beat that others may soon take the claim over. */
  get isLate(): boolean {
    return elapsed(this.#beaten) > staleTime(this.options.times, this.#every) / 2;
  }

  /** Whether it is time for the next beat. */
  get isDue(): boolean {
    return elapsed(this.#beaten) > this.#every - this.options.times.beat / 2;
  }

  /**
   * Shows others that the owner lives.
   *
   * @throws LockedError if another has taken the claim over
   */
  beat(): Promise<void> {
    const beat = this.#busy.then(() => this.#beat());
    this.#busy = beat.catch(() => {});
    return beat;
  }

  /** Releases the claim; returns whether it was still this process's. Never rejects. */
  async release(): Promise<boolean> {
    await this.#busy;
    try {
      if (this.isLate) await this.#beat();
      const chain = await readChain(this.path);
      // By now another may follow, for whom the chain has to stay.
      if (this.#lost || chain.at(-1)?.token !== this.#token || this.isLate) return false;
      // Without the first one the others are worth nothing.
      for (const { name } of chain) await remove(`${this.path}.${name}`);
      return true;
    } catch {
      // What stays behind is stale soon.
      return false;
    } finally {
      this.#file.close();
    }
  }

  async #beat(): Promise<void> {
    if (this.#lost) throw this.#lost;
    const since = this.#beaten, start = now();
    if (this.isLate) await this.#succeed(elapsed(since));
    const said = this.options.said();
    await fill(this.#file, this.#token, this.holder, ++this.#beats, said);
    this.#beaten = start;
    this.#every = said.every;
  }

  /** Takes this claim over from itself, as others may by now. */
  async #succeed(stopped: number): Promise<void> {
    const { path, holder, options } = this, name = `${path}.${this.#token}`;
    const start = now(), isLate = () => elapsed(start) > options.times.stale / 2;
    const made = await make(name, holder, options.said(), isLate);
    const chain = await readChain(path), owner = chain.at(-1)?.owner;
    if (made !== null) {
      this.#file.close();
      this.#file = made.file;
      this.#token = made.token;
      this.#every = made.every;
      if (chain.at(-1)?.token === made.token) return;
      // Who took over has ended, and with it the chain.
      if (chain.every(({ token }) => token !== made.token)) await remove(name);
    }
    this.#lost = takenError(this.path, owner, stopped / 1000);
    throw this.#lost;
  }
}

/** Two clocks: one that jumps never, and one that counts while the machine sleeps. */
interface Clocks {
  steady: number;
  wall: number;
}

function now(): Clocks {
  return { steady: performance.now(), wall: Date.now() };
}

/** The larger of what they say has passed. */
function elapsed({ steady, wall }: Clocks): number {
  return Math.max(performance.now() - steady, Date.now() - wall);
}

/**
 * Whether a claim stays as it is for the stale time. Time in which this process could not look,
 * being stopped or waiting for the file server, does not count.
 */
async function isUnchanged(
  path: string,
  { text, every }: FoundClaim,
  times: ClaimTimes,
): Promise<boolean> {
  const pause = times.beat / 4, stale = staleTime(times, every);
  let unchanged = 0;
  for (let before = performance.now(); unchanged < stale;) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const found = await lastClaim(path);
    if (found?.text !== text) return false;
    const passed = performance.now() - before;
    unchanged += Math.min(passed, 2 * pause);
    before += passed;
  }
  return true;
}

function watchText({ owner }: FoundClaim, seconds: number): string {
  const { pid, host } = owner ?? {};
  return `watching whether process ${pid ?? "?"} on host "${host ?? "?"}" lives, at most ` +
    `${Math.round(seconds)} seconds`;
}

function staleTime({ beat, stale }: ClaimTimes, every: number): number {
  return stale * Math.max(1, every / beat);
}

/**
 * Whether the system's lock of a lock file shows that the owner of a claim is dead: one of this
 * machine that had the lock of that same file. Another host that gave the lock back may have removed
 * the file of an owner that lives.
 */
function isDeadHere(
  { owner, machine, lockFile: theirs }: FoundClaim,
  { host }: LockHolder,
  lockFile: number | null,
): boolean {
  if (lockFile === null || owner?.host !== host) return false;
  const here = machineId();
  return (machine === "" || here === "" || machine === here) &&
    (theirs === null || theirs === lockFile);
}
