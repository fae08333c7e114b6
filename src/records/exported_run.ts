/**
 * Writes a run as one file for users of PyTorch and NumPy, and reads networks from such a file:
 * safetensors or npz, with the names of the folder's tree (initial/layer0, final/layer0,
 * masks/layer0, initial_biases/layer0, final_biases/layer0) and the run's record.
 */

import { FormatError, InputError, NotFoundError } from "../errors.ts";
import { checkNpySize, decodeNpy, encodeNpy } from "../formats/npy.ts";
import { encodeNpz, openNpz } from "../formats/npz.ts";
import { decodeSafetensors, encodeSafetensors } from "../formats/safetensors.ts";
import { type Tensor, tensorFromNpy } from "../formats/tensor.ts";
import type { Storage } from "../storage/storage.ts";
import {
  checkAxes,
  checkBinary,
  checkKnownNames,
  checkShape,
  type Network,
} from "../models/network.ts";
import { onesMasks } from "../models/masks.ts";
import * as paths from "./paths.ts";
import { decodeRecord, encodeText, MAX_RECORD_BYTES, type RunRecord } from "./record.ts";
import { restoreNetwork } from "./save_restore.ts";
import { type Parameter, prunableOf } from "../models/parameters.ts";
import { checkIntact } from "./condition.ts";

/** The formats that runs are exported to; also the endings of their files. */
export const EXPORT_FORMATS = ["safetensors", "npz"] as const;
export type ExportFormat = typeof EXPORT_FORMATS[number];

/** The networks of a run, by the names of their folders. */
const PARTS = [
  paths.initial,
  paths.final,
  paths.masks,
  paths.initialBiases,
  paths.finalBiases,
].map((folder) => folder(""));
const [INITIAL, FINAL, MASKS] = PARTS;

/** The run's texts that go along: everything needed to repeat it, and its curves. */
const TEXTS = [paths.record, paths.metrics].map((file) => file(""));

/** The ending of arrays' names in an archive. */
const NPY = ".npy";

/** The format that a file's name says it has; null if none. */
export function exportFormatOf(path: string): ExportFormat | null {
  return EXPORT_FORMATS.find((format) => path.endsWith(`.${format}`)) ?? null;
}

/**
 * The bytes of a run as one file. A run of the original library has neither biases nor a record;
 * its masks folder is empty where nothing is pruned.
 *
 * @throws NotFoundError if the folder is not that of a run; FormatError, InputError naming what in
 *   it cannot be used
 */
export async function exportRun(
  storage: Storage,
  folder: string,
  format: ExportFormat,
): Promise<Uint8Array> {
  const parts: Record<string, Network> = {};
  await checkIntact(storage, folder);
  for (const part of PARTS) {
    const path = `${folder.replace(/\/$/, "")}/${part}`;
    const files = await storage.list(path);
    if (files.some(({ name }) => name.endsWith(".npy"))) {
      parts[part] = await restoreNetwork(storage, path);
    }
  }
  if (!parts[INITIAL] || !parts[FINAL]) {
    throw new NotFoundError(
      `${folder} is not the folder of a finished run (it lacks ${INITIAL} or ${FINAL}): give one ` +
        "such as results/mnist-quick/trial1/0/same_init",
    );
  }
  parts[MASKS] ??= onesMasks(parts[INITIAL]);
  for (const [name, { shape }] of Object.entries(parts[INITIAL])) {
    for (const part of [FINAL, MASKS]) {
      const what = paths.layer(`${folder}/${part}`, name);
      if (!Object.hasOwn(parts[part], name)) {
        throw new InputError(`${what} is missing: copy it back, or run again`);
      }
      checkShape(parts[part][name], shape, what);
    }
    checkBinary(parts[MASKS][name], paths.layer(`${folder}/${MASKS}`, name));
  }
  const tensors = Object.fromEntries(
    Object.entries(parts).flatMap(([part, network]) =>
      Object.entries(network).map(([name, tensor]) => [`${part}/${name}`, tensor])
    ),
  );
  const texts: Record<string, Uint8Array> = {};
  for (const name of TEXTS) {
    const path = `${folder.replace(/\/$/, "")}/${name}`;
    if (await storage.exists(path)) texts[name] = await storage.read(path);
  }
  if (format === "npz") {
    const arrays = Object.entries(tensors).map(([name, tensor]) => [
      `${name}.npy`,
      encodeNpy(tensor),
    ]);
    return encodeNpz({ ...Object.fromEntries(arrays), ...texts });
  }
  const metadata = Object.fromEntries(
    Object.entries(texts).map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]),
  );
  return encodeSafetensors({ tensors, metadata });
}

/**
 * A network from a file: the part that is asked for of an exported run, or all arrays of a file
 * that names them by layer alone, as `numpy.savez(path, layer0=...)` does.
 *
 * @param parameters that it is for, where they are known: an archive's arrays of other layers or
 *   shapes are refused before they are unpacked
 * @throws NotFoundError if there is no such file; FormatError if it is damaged or holds neither;
 *   InputError naming what does not fit the layers
 */
export async function readExported(
  storage: Storage,
  path: string,
  format: ExportFormat,
  part: "initial" | "final" | "masks",
  parameters?: readonly Parameter[],
): Promise<Network> {
  const { names, read } = await openTensors(await storage.read(path), path, format);
  const shapes = parameters &&
    new Map(prunableOf(parameters).map(({ name, shape }) => [name, shape]));
  const pick = async (wanted: string[], start: number) => {
    const tensors = await read(wanted, (name, shape, what) => {
      if (!shapes) return;
      const layer = name.slice(start);
      checkKnownNames({ [layer]: shape }, [...shapes.keys()], `${path}: array`);
      checkAxes(shape, shapes.get(layer)!, what);
    });
    return Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name.slice(start), tensor]),
    );
  };
  const ofPart = names.filter((name) => name.startsWith(`${part}/`));
  if (ofPart.length > 0) return await pick(ofPart, part.length + 1);
  if (names.length > 0 && names.every((name) => !name.includes("/"))) return await pick(names, 0);
  throw new FormatError(
    `${path} holds no ${part}/layer0 or layer0 (its arrays are ` +
      `${
        JSON.stringify(names.slice(0, 5)).slice(0, 200)
      }): give a file that \`deno task export\` wrote`,
  );
}

/**
 * The record of an exported run; null if the file has none that is whole.
 *
 * @throws FormatError if the file is damaged
 */
export async function readExportedRecord(
  storage: Storage,
  path: string,
  format: ExportFormat,
): Promise<RunRecord | null> {
  const bytes = await storage.read(path), name = paths.record("");
  const text = format === "npz"
    ? await readNpzFile(bytes, path, name)
    : encodeText(decodeSafetensors(bytes, path).metadata[name] ?? "");
  const record = text === undefined ? null : await decodeRecord(text);
  return typeof record === "string" ? null : record;
}

/** A file of an archive; undefined if it has none of that name. */
async function readNpzFile(
  bytes: Uint8Array,
  path: string,
  name: string,
): Promise<Uint8Array | undefined> {
  const { names, read } = await openNpz(bytes, path);
  return names.includes(name)
    ? (await read([name], { maxBytes: MAX_RECORD_BYTES }))[name]
    : undefined;
}

/** The names of a file's arrays, and how to read some of them without unpacking the others. */
async function openTensors(bytes: Uint8Array, path: string, format: ExportFormat): Promise<{
  names: string[];
  read(
    names: string[],
    checkShape: (name: string, shape: number[], what: string) => void,
  ): Promise<Record<string, Tensor>>;
}> {
  if (format === "safetensors") {
    const { tensors } = decodeSafetensors(bytes, path);
    const read = (names: string[]) => names.map((name) => [name, tensors[name]]);
    return {
      names: Object.keys(tensors),
      read: (names) => Promise.resolve(Object.fromEntries(read(names))),
    };
  }
  const archive = await openNpz(bytes, path);
  const whereOf = (file: string) => `${path}: ${JSON.stringify(file.slice(0, 60))}`;
  return {
    names: archive.names.flatMap((file) => file.endsWith(NPY) ? [file.slice(0, -NPY.length)] : []),
    async read(names, checkShape) {
      const files = await archive.read(names.map((name) => name + NPY), {
        checkStart: (start, { name, bytes }) => {
          const { shape } = checkNpySize(start, bytes, whereOf(name));
          checkShape(name.slice(0, -NPY.length), shape, whereOf(name));
        },
      });
      return Object.fromEntries(
        Object.entries(files).map(([file, content]) => {
          const where = whereOf(file);
          return [file.slice(0, -NPY.length), tensorFromNpy(decodeNpy(content, where), where)];
        }),
      );
    },
  };
}
