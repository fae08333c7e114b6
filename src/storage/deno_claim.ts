/**
 * Locks between hosts, where the system's locks may not reach: a claim is a file that only one can
 * create (O_EXCL, which NFS keeps), whose owner changes its content every few seconds. One whose
 * content has not changed for `stale`, as who wants it sees by its own clock, counts as dead: no two
 * clocks are compared.
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
import { type FoundHolder, lockedError, parseHolder, takenError } from "./lock_holder.ts";
import type { LockHolder } from "./storage.ts";

/** Milliseconds between two beats, and without one until a claim counts as dead. */
export interface ClaimTimes {
  beat: number;
  stale: number;
}

/**
 * Twelve beats may be missed before anyone may take over: a process that trains on a processor with
 * ten times as much to do as it has cores was seen to be 10 seconds late.
 */
export const CLAIM_TIMES: ClaimTimes = { beat: 10_000, stale: 120_000 };

/** A claim of a chain. */
export interface FoundClaim {
  /** The end of its file's name. */
  name: string;
  /** Whose successor would take it over. */
  token: string;
  /** Its whole content. */
  text: string;
  owner: FoundHolder | undefined;
  /** The installation of its owner's system; "" if that is not known. */
  machine: string;
  /** What its owner does, if it says so. */
  note: unknown;
}

/** How a claim is taken. */
export interface TakeOptions {
  times: ClaimTimes;
  /** Whether the system's lock shows that no process of this machine has the claim. */
  hasSystemLock: boolean;
  /** Said with each beat, for those who look. */
  note: () => unknown;
}

const FIRST = "first";
const TAKE_TRIES = 20;
/** Bytes of a claim that are looked at. */
const CLAIM_BYTES = 4096;
/** Characters of a command that are kept; JSON writes six for some. */
const COMMAND_LENGTH = 300;

/** The last claim of a lock file; null if there is none. */
export async function lastClaim(path: string): Promise<FoundClaim | null> {
  return (await readChain(path)).at(-1) ?? null;
}

/** The claims of a lock file, each the successor of the one before. */
async function readChain(path: string): Promise<FoundClaim[]> {
  const chain: FoundClaim[] = [], names = new Set<string>();
  for (let name = FIRST;;) {
    const text = await readClaim(`${path}.${name}`);
    if (text === null) return chain;
    names.add(name);
    const claim = parseClaim(text, name);
    // No program makes a circle.
    if (names.has(claim.token)) claim.token = `${name}x`;
    chain.push(claim);
    name = claim.token;
  }
}

/** @throws LockedError if the owner of a lock file's claim lives; waits until that is known */
export async function checkClaim(
  path: string,
  holder: LockHolder,
  { times, hasSystemLock }: Pick<TakeOptions, "times" | "hasSystemLock">,
): Promise<FoundClaim | null> {
  for (let tries = 1; tries <= TAKE_TRIES; tries++) {
    const last = await lastClaim(path);
    if (last === null || hasSystemLock && isOfMachine(last, holder)) return last;
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
  #beaten = now();
  #busy: Promise<void> = Promise.resolve();
  #lost: LockedError | null = null;

  private constructor(
    private readonly path: string,
    private readonly holder: LockHolder,
    private readonly options: TakeOptions,
    made: { file: Deno.FsFile; token: string },
  ) {
    this.#file = made.file;
    this.#token = made.token;
  }

  /** @throws LockedError if another's claim lives, or another takes it first */
  static async take(path: string, holder: LockHolder, options: TakeOptions): Promise<HostClaim> {
    for (let tries = 1; tries <= TAKE_TRIES; tries++) {
      const last = await checkClaim(path, holder, options);
      const name = last?.token ?? FIRST;
      const made = await make(`${path}.${name}`, holder, options.note());
      if (made === null) continue;
      const claim = new HostClaim(path, holder, options, made);
      // What it follows may have been given back meanwhile: then it follows nothing.
      if (await claim.#isLast()) return claim;
      made.file.close();
      await remove(`${path}.${name}`);
    }
    throw lockedError(path, (await lastClaim(path))?.owner, holder);
  }

  /** Whether so long has passed since the last beat that others may soon take the claim over. */
  get isLate(): boolean {
    return elapsed(this.#beaten) > this.options.times.stale / 2;
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

  /** Gives the claim back; returns whether it was still this process's. Never rejects. */
  async release(): Promise<boolean> {
    await this.#busy;
    try {
      if (this.isLate) await this.#beat();
      if (this.#lost || !await this.#isLast()) return false;
      // Without the first one the others are worth nothing.
      for (const { name, token } of await readChain(this.path)) {
        await remove(`${this.path}.${name}`);
        if (token === this.#token) break;
      }
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
    await fill(this.#file, this.#token, this.holder, ++this.#beats, this.options.note());
    this.#beaten = start;
  }

  /** Takes this claim over from itself, as others may by now. */
  async #succeed(stopped: number): Promise<void> {
    const made = await make(`${this.path}.${this.#token}`, this.holder, this.options.note());
    if (made !== null) {
      this.#file.close();
      this.#file = made.file;
      this.#token = made.token;
      if (await this.#isLast()) return;
    }
    const owner = (await lastClaim(this.path))?.owner;
    this.#lost = takenError(this.path, owner, stopped / 1000);
    throw this.#lost;
  }

  async #isLast(): Promise<boolean> {
    return (await lastClaim(this.path))?.token === this.#token;
  }
}

/** Two clocks: one that jumps never, and one that counts while the machine sleeps. */
function now(): { steady: number; wall: number } {
  return { steady: performance.now(), wall: Date.now() };
}

/** The larger of what they say has passed. */
function elapsed({ steady, wall }: { steady: number; wall: number }): number {
  return Math.max(performance.now() - steady, Date.now() - wall);
}

/**
 * Whether a claim stays as it is for the stale time. Time in which this process could not look,
 * being stopped or waiting for the file server, does not count.
 */
async function isUnchanged(
  path: string,
  { text }: FoundClaim,
  { beat, stale }: ClaimTimes,
): Promise<boolean> {
  const pause = beat / 4;
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

function isOfMachine({ owner, machine }: FoundClaim, { host }: LockHolder): boolean {
  const here = machineId();
  return owner?.host === host && (machine === "" || here === "" || machine === here);
}

let knownMachine: string | undefined;

/** Tells hosts of one name apart; "" where the system has no such number. */
function machineId(): string {
  if (knownMachine !== undefined) return knownMachine;
  try {
    knownMachine = Deno.readTextFileSync("/etc/machine-id").trim().slice(0, 64);
  } catch {
    knownMachine = "";
  }
  return knownMachine;
}

/** Creates a claim; null if there is one of that name. */
async function make(
  path: string,
  holder: LockHolder,
  note: unknown,
): Promise<{ file: Deno.FsFile; token: string } | null> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { write: true, createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return null;
    throw error;
  }
  const token = crypto.randomUUID();
  try {
    await fill(file, token, holder, 0, note);
    return { file, token };
  } catch (error) {
    file.close();
    await remove(path);
    throw error;
  }
}

/** Writes a claim in its place: if it was removed or moved, nothing else is touched. */
async function fill(
  file: Deno.FsFile,
  token: string,
  { pid, host, since, command }: LockHolder,
  beat: number,
  note: unknown,
): Promise<void> {
  const short = command.slice(0, COMMAND_LENGTH);
  const content = { token, machine: machineId(), pid, host, since, command: short, beat, note };
  const bytes = new TextEncoder().encode(`${JSON.stringify(content)}\n`);
  // At once, however long the event loop takes to turn; only the server is waited for.
  file.seekSync(0, Deno.SeekMode.Start);
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
  file.truncateSync(bytes.length);
  await file.syncData();
}

/** The text of a claim; null if there is none. What is no file says nothing. */
async function readClaim(path: string): Promise<string | null> {
  try {
    if (!(await Deno.stat(path)).isFile) return "";
    using file = await Deno.open(path);
    const buffer = new Uint8Array(CLAIM_BYTES);
    let length = 0;
    for (let count; (count = await file.read(buffer.subarray(length)));) length += count;
    return new TextDecoder().decode(buffer.subarray(0, length));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function parseClaim(text: string, name: string): FoundClaim {
  let fields: Record<string, unknown> = {};
  try {
    const found = JSON.parse(text);
    if (typeof found === "object" && found !== null) fields = found;
  } catch {
    // Being written, or damaged: then it stays so.
  }
  const { token, machine, note } = fields;
  const isToken = typeof token === "string" && /^[0-9a-f-]{36}$/.test(token);
  return {
    name,
    token: isToken ? token : `${name}x`,
    text,
    owner: parseHolder(text),
    machine: typeof machine === "string" ? machine : "",
    note,
  };
}

async function remove(path: string): Promise<void> {
  await Deno.remove(path).catch(() => {});
}
