/**
 * The files of claims: a chain of them beside a lock file, each the successor of the one before.
 */

import { type FoundHolder, parseHolder } from "./lock_holder.ts";
import type { LockHolder } from "./storage.ts";

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
  /** Milliseconds between its beats, if they are more than usual. */
  every: number;
  /** Number of the lock file whose system's lock its owner has; null if that is not known. */
  lockFile: number | null;
}

/** What an owner says of itself. */
export interface Said {
  note: unknown;
  /** Milliseconds until the next beat. */
  every: number;
  /** Number of the lock file whose system's lock it has. */
  lockFile?: number | null;
}

/** The end of the name of a chain's first file. */
export const FIRST = "first";
/** Bytes of a claim that are looked at. */
const CLAIM_BYTES = 4096;
/** No owner beats more rarely, whatever its claim says. */
const LONGEST_EVERY = 600_000;
/** Characters of a command that are kept; JSON writes six for some. */
const COMMAND_LENGTH = 300;

/** The last claim of a lock file; null if there is none. */
export async function lastClaim(path: string): Promise<FoundClaim | null> {
  return (await readChain(path)).at(-1) ?? null;
}

/** The claims of a lock file, each the successor of the one before. */
export async function readChain(path: string): Promise<FoundClaim[]> {
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

/** A claim that was created. */
export interface Made {
  file: Deno.FsFile;
  token: string;
  every: number;
}

/**
 * Creates a claim; null if there is one of that name, or if it became late meanwhile.
 *
 * @param isLate whether others may have taken over by now what was created and says nothing yet
 */
export async function make(
  path: string,
  holder: LockHolder,
  said: Said,
  isLate: () => boolean,
): Promise<Made | null> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { write: true, createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return null;
    throw error;
  }
  const token = crypto.randomUUID();
  // Written or removed now, it would cut off the claims that follow the empty one.
  if (isLate()) {
    file.close();
    return null;
  }
  try {
    await fill(file, token, holder, 0, said);
    return { file, token, every: said.every };
  } catch (error) {
    file.close();
    if (!isLate()) await remove(path);
    throw error;
  }
}

/** Writes a claim in its place: if it was removed or moved, nothing else is touched. */
export async function fill(
  file: Deno.FsFile,
  token: string,
  { pid, host, since, command }: LockHolder,
  beat: number,
  said: Said,
): Promise<void> {
  const short = command.slice(0, COMMAND_LENGTH);
  const content = { token, machine: machineId(), pid, host, since, command: short, beat, ...said };
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
  const { token, machine, note, every, lockFile } = fields;
  const isToken = typeof token === "string" && /^[0-9a-f-]{36}$/.test(token);
  return {
    name,
    token: isToken ? token : `${name}x`,
    text,
    owner: parseHolder(text),
    machine: typeof machine === "string" ? machine : "",
    note,
    every: typeof every === "number" ? Math.min(every, LONGEST_EVERY) : 0,
    lockFile: typeof lockFile === "number" ? lockFile : null,
  };
}

let knownMachine: string | undefined;

/** Tells hosts of one name apart; "" where the system has no such number. */
export function machineId(): string {
  if (knownMachine !== undefined) return knownMachine;
  try {
    knownMachine = Deno.readTextFileSync("/etc/machine-id").trim().slice(0, 64);
  } catch {
    knownMachine = "";
  }
  return knownMachine;
}

/** Removes a claim, if it is there. */
export async function remove(path: string): Promise<void> {
  await Deno.remove(path).catch(() => {});
}
