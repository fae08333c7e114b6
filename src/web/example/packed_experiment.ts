/**
 * A finished experiment in few bytes, bit for bit what was written, without what a page never reads
 * (logs and event files). Masks take a bit each, pruned weights nothing, and what follows from
 * other files is made again: a ticket's first values are the full network's, and scores are sizes.
 */

import { FormatError, InputError } from "../../errors.ts";
import { concatenate, maybeGunzip } from "../../formats/gzip.ts";
import { decodeNpy, encodeNpy, type NpyArray } from "../../formats/npy.ts";
import type { Storage } from "../../storage/storage.ts";

/** How an array is kept. `live`: its values where the run's mask is 1; `rewound`, `sizes`: not. */
type Kind = "mask" | "live" | "all" | "rewound" | "sizes";

/** What comes first in a pack: each file, in the order in which they can be made. */
interface Contents {
  texts: [path: string, text: string][];
  arrays: [path: string, shape: number[], kind: Kind][];
}

/** The most that a pack may unpack to. */
const MOST_BYTES = 2 ** 24;
const TEXTS = /\/(run|metrics)\.json$/;
const ARRAYS = /\/(masks|initial|initial_biases|final|final_biases|scores)\/[^/]+\.npy$/;
/** Masks come before what they hide, weights before what is made of them. */
const ORDER = ["masks", "initial", "final", "scores", "initial_biases", "final_biases"];

const partOf = (path: string) => path.split("/").at(-2)!;
const sibling = (path: string, part: string) => path.replace(`/${partOf(path)}/`, `/${part}/`);
const maskOf = (path: string) => sibling(path, "masks");
/** The first values of the full network of a ticket's trial. */
const fullOf = (path: string) => path.replace(/\d+\/same_init\/initial\//, "0/same_init/initial/");
/** The last values of the ticket that was scored. */
const scoredOf = (path: string) => path.replace("/scores/", "/same_init/final/");

function kindOf(path: string): Kind {
  const part = partOf(path);
  if (part === "masks") return "mask";
  if (part === "scores") return "sizes";
  if (part === "initial" && fullOf(path) !== path) return "rewound";
  return part === "initial" || part === "final" ? "live" : "all";
}

/**
 * Packs an experiment.
 *
 * @throws InputError where a file is not what it would be made from
 */
export async function packExperiment(storage: Storage, folder: string): Promise<Uint8Array> {
  const found = (await filesOf(storage, folder)).map((path) => path.slice(folder.length + 1));
  const text = async (path: string): Promise<[string, string]> => [
    path,
    new TextDecoder().decode(await storage.read(`${folder}/${path}`)),
  ];
  const texts = await Promise.all(found.filter((path) => TEXTS.test(path)).map(text));
  const paths = found.filter((path) => ARRAYS.test(path)).sort((a, b) =>
    ORDER.indexOf(partOf(a)) - ORDER.indexOf(partOf(b)) || (a < b ? -1 : 1)
  );
  const arrays: Contents["arrays"] = [], known = new Map<string, NpyArray>();
  const floats: number[] = [], bits: number[] = [];
  for (const path of paths) {
    const file = await storage.read(`${folder}/${path}`), array = decodeNpy(file, path);
    const kind = kindOf(path), data = Array.from(array.data);
    known.set(path, array);
    arrays.push([path, array.shape, kind]);
    if (kind === "mask") bits.push(...data);
    else if (kind === "all") floats.push(...data);
    else if (kind === "live") {
      const mask = known.get(maskOf(path))!.data;
      floats.push(...data.filter((_, i) => mask[i] === 1));
    }
  }
  const header = new TextEncoder().encode(JSON.stringify({ texts, arrays } satisfies Contents));
  const parts = [
    new Uint8Array(Uint32Array.of(header.length, floats.length).buffer),
    header,
    planes(Float32Array.from(floats)),
    packedBits(bits),
  ];
  const bytes = concatenate(parts, parts.reduce((sum, part) => sum + part.length, 0));
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  const pack = new Uint8Array(await new Response(stream).arrayBuffer());
  for (const [path, made] of await unpackExperiment(pack, folder)) {
    const file = await storage.read(`${folder}/${path}`);
    if (made.length === file.length && made.every((byte, i) => byte === file[i])) continue;
    throw new InputError(`${path} does not follow from the files beside it: it cannot be packed`);
  }
  return pack;
}

/**
 * The files of a packed experiment by path.
 *
 * @throws FormatError naming a pack that is damaged
 */
export async function unpackExperiment(
  pack: Uint8Array,
  where: string,
): Promise<Map<string, Uint8Array>> {
  // Some servers unpack what ends with .gz on its way.
  const bytes = await maybeGunzip(pack, where, MOST_BYTES);
  const damage = () => new FormatError(`${where} is damaged: load the page again`);
  if (bytes.length < 8) throw damage();
  const [headerBytes, floatCount] = new Uint32Array(bytes.slice(0, 8).buffer);
  const start = 8 + headerBytes, end = start + 4 * floatCount;
  if (end > bytes.length) throw damage();
  let contents: Contents;
  try {
    contents = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  } catch {
    throw damage();
  }
  const floats = joined(bytes.subarray(start, end)), bits = bytes.subarray(end);
  const files = new Map<string, Uint8Array>(), known = new Map<string, Float32Array>();
  for (const [path, text] of contents.texts) files.set(path, new TextEncoder().encode(text));
  let float = 0, bit = 0;
  for (const [path, shape, kind] of contents.arrays) {
    const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
    const mask = known.get(maskOf(path)), scored = known.get(scoredOf(path));
    const full = known.get(fullOf(path));
    for (let i = 0; i < data.length; i++) {
      if (kind === "mask") data[i] = bits[bit >> 3] >> (bit++ & 7) & 1;
      else if (kind === "all") data[i] = floats[float++];
      else if (kind === "sizes") data[i] = Math.abs(scored![i]);
      else if (mask![i] === 1) data[i] = kind === "live" ? floats[float++] : full![i];
    }
    known.set(path, data);
    files.set(path, encodeNpy({ shape, data }));
  }
  return files;
}

async function filesOf(storage: Storage, folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const { name, isDirectory } of await storage.list(folder)) {
    const path = `${folder}/${name}`;
    found.push(...isDirectory ? await filesOf(storage, path) : [path]);
  }
  return found;
}

/** The first byte of each value, then the second, …: signs and exponents repeat, and pack well. */
function planes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer), count = values.length;
  return Uint8Array.from(bytes, (_, i) => bytes[4 * (i % count) + Math.floor(i / count)]);
}

function joined(planes: Uint8Array): Float32Array {
  const count = planes.length / 4;
  const bytes = Uint8Array.from(planes, (_, i) => planes[(i % 4) * count + (i >> 2)]);
  return new Float32Array(bytes.buffer);
}

function packedBits(bits: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => bytes[i >> 3] |= bit << (i & 7));
  return bytes;
}
