/** Every parser of what may come from elsewhere, with examples of what it reads. */

import { decodeIdx, encodeIdx, idxFileSize } from "../../src/formats/idx.ts";
import { FormatError } from "../../src/errors.ts";
import { decodeLog, encodeLog } from "../../src/formats/csv_log.ts";
import { CIFAR_RECORD, decodeCifar } from "../../src/formats/cifar.ts";
import { gunzipChunks, maybeGunzip } from "../../src/formats/gzip.ts";
import { decodeNpy, encodeNpy, npyFileSize } from "../../src/formats/npy.ts";
import { encodeNpz, openNpz } from "../../src/formats/npz.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/formats/safetensors.ts";
import { readTar } from "../../src/formats/tar.ts";
import { sha256Hex } from "../../src/formats/digests/sha256.ts";
import {
  CHECKPOINT_FORMAT,
  decodeCheckpoint,
  encodeCheckpoint,
  stateOf,
} from "../../src/records/checkpoint_file.ts";
import { readExported } from "../../src/records/exported_run.ts";
import { restoreCurves } from "../../src/records/saved_run.ts";
import { decodeRecord, encodeRecord, encodeText } from "../../src/records/record.ts";
import { parseArgfile } from "../../src/flags/shell_words.ts";
import { readComparison } from "../../src/records/experiments/comparison_file.ts";
import { parseConfig } from "../../src/runs/schema.ts";
import { configDifferences } from "../../src/runs/config.ts";
import { runFlags } from "../../src/commands/flags/run_flags.ts";
import { lockedError, parseHolder } from "../../src/storage/lock_holder.ts";
import { MemoryStorage } from "../../src/storage/memory.ts";
import { gzip } from "./gzip_bytes.ts";
import type { Parser } from "./fuzzer.ts";
import { parametersOf } from "../../src/models/parameters.ts";
import { parseFlags } from "../../src/flags/parse.ts";

async function parseNpz(bytes: Uint8Array) {
  const { names, read } = await openNpz(bytes, "f.npz");
  return await read(names);
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A file of 16-bit floats, which are not written. */
function halves(bits: number[]): Uint8Array {
  const bytes = encodeNpy({ shape: [bits.length], data: Uint16Array.from(bits) });
  bytes.set(encodeText("f2"), text(bytes).indexOf("u2"));
  return bytes;
}

const WEIGHTS = { shape: [2, 3], data: Float32Array.of(1, -2, 0.5, 0, 3e-40, 7) };
const NPY = [
  encodeNpy(WEIGHTS),
  encodeNpy({ shape: [], data: Float64Array.of(3) }),
  encodeNpy({ shape: [4], data: Uint8Array.of(0, 1, 1, 0) }),
  halves([0, 0x3c00, 0x8001, 0x7c00]),
];
const TENSORS = { "final/layer0": WEIGHTS, "masks/layer0": WEIGHTS, "initial/layer0": WEIGHTS };
const NPZ = encodeNpz({ "masks/layer0.npy": NPY[0], "final/layer0.npy": NPY[0] });
const IDX = encodeIdx([2, 3, 4], Uint8Array.from({ length: 24 }, (_, i) => i));
const POINTS = [{ iteration: 0, loss: 2.5, accuracy: 0.25 }, {
  iteration: 1,
  loss: 1e-9,
  accuracy: 1,
}];

const LAYERS = [{ name: "layer0", inputs: 2, units: 3, activation: null, useBias: true }];
const CONFIG = {
  ...{ kind: "ticket", trial: 1, level: 0, run: 0, seed: 0, layers: LAYERS },
  optimizer: { kind: "adam", learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  ...{ batchSize: 4, iterations: 5, validationSize: 0, validateInterval: 1, testInterval: 1 },
  ...{ normalization: "unit", prunePercents: { layer0: 0.2 } },
  dataset: { name: "custom", trainCount: 5, testCount: 5, features: 2, classes: 3, sha256: "" },
  ...{ permuteLabels: false, trainOrderSeed: null, presets: null, masks: null },
};
const RECORD = await encodeRecord(
  { format: "x", config: CONFIG, adapter: { name: "a" } },
  new Map(),
);
const ADAPTER = { name: "none", vendor: "", architecture: "", isSoftware: true };
const VALUES = { weights: WEIGHTS.data, biases: Float32Array.of(1, 2, 3) };
const CHECKPOINT = await encodeCheckpoint(
  {
    config: CONFIG,
    start: "abc",
    kernels: "dense",
    adapters: [{ iteration: 0, adapter: ADAPTER }],
  },
  {
    iteration: 2,
    layers: [{ ...VALUES, optimizer: [VALUES] }],
    curves: {
      train: Float64Array.of(0, 1, 0.5, 1, 0.5, 1),
      validate: new Float64Array(),
      test: new Float64Array(),
    },
  },
);
/** An archive of one file, and the end. */
const TAR = new Uint8Array(2048);
TAR.set(encodeText("f"));
TAR.set(encodeText("00000000005"), 124);
TAR.set(encodeText("        "), 148);
TAR.set(encodeText(TAR.reduce((a, b) => a + b, 0).toString(8).padStart(6, "0") + "\0"), 148);
TAR.set(encodeText("hello"), 512);

async function readAll(bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  async function* whole(all: Uint8Array) {
    yield await Promise.resolve(all);
  }
  const chunks = bytes instanceof Uint8Array ? whole(bytes) : bytes;
  for await (const _ of readTar(chunks, "f.tar", new Map([["f", 1000]]))) { /* All are read. */ }
}

const HOLDER = { pid: 7, host: "here", since: "2026-01-01T00:00:00.000Z", command: "deno task x" };

async function readState(bytes: Uint8Array): Promise<void> {
  const checkpoint = await decodeCheckpoint(bytes);
  if (typeof checkpoint === "string") throw new FormatError(checkpoint);
  stateOf(checkpoint, parametersOf(LAYERS), 1);
  configDifferences(checkpoint.header.config, CONFIG);
}

/** A checkpoint whose digests are right whatever it says, as someone could make it. */
async function resealed(bytes: Uint8Array): Promise<Uint8Array> {
  const end = bytes.indexOf(10) + 1;
  const payload = bytes.subarray(end);
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(text(bytes.subarray(0, end)));
  } catch {
    return bytes;
  }
  if (typeof header !== "object" || header === null) return bytes;
  const { sha256: _, ...rest }: Record<string, unknown> = { ...header, format: CHECKPOINT_FORMAT };
  rest.payload = await sha256Hex(payload);
  try {
    const sha256 = await sha256Hex(encodeText(JSON.stringify(rest)));
    return Uint8Array.of(...encodeText(JSON.stringify({ ...rest, sha256 }) + "\n"), ...payload);
  } catch {
    return bytes; // Nested too deep to be written.
  }
}

async function readRun(bytes: Uint8Array): Promise<void> {
  const record = await decodeRecord(bytes);
  if (typeof record === "string") throw new FormatError(record);
  configDifferences(record.config, CONFIG);
  parseConfig(record, "run.json");
}

async function resealedRecord(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    const { sha256: _, files: __, ...record } = JSON.parse(text(bytes));
    return await encodeRecord(record, new Map());
  } catch {
    return bytes;
  }
}

/** Every parser of what may come from elsewhere. */
export const PARSERS: readonly Parser[] = [
  { name: "npy", parse: (bytes) => decodeNpy(bytes, "f.npy"), valid: NPY },
  { name: "npz", parse: parseNpz, valid: [NPZ] },
  {
    name: "safetensors",
    parse: (bytes) => decodeSafetensors(bytes, "f.safetensors"),
    valid: [encodeSafetensors({ tensors: TENSORS, metadata: { "run.json": "{}" } })],
  },
  {
    name: "exported run",
    parse: async (bytes) => {
      const storage = new MemoryStorage();
      await storage.write("f", bytes);
      await readExported(storage, "f", bytes[0] === 0x50 ? "npz" : "safetensors", "masks");
    },
    valid: [NPZ, encodeSafetensors({ tensors: TENSORS, metadata: {} })],
  },
  {
    name: "idx",
    parse: (bytes) => decodeIdx(bytes, "f"),
    valid: [IDX, encodeIdx([5], IDX.slice(0, 5))],
  },
  {
    name: "idx.gz",
    parse: async (bytes) => decodeIdx(await maybeGunzip(bytes, "f.gz", idxFileSize), "f.gz"),
    valid: [
      await gzip(IDX),
      await gzip(encodeIdx([100000], new Uint8Array(100000))),
      Uint8Array.of(...await gzip(IDX.slice(0, 20)), ...await gzip(IDX.slice(20)), 0, 0),
    ],
  },
  {
    name: "npy.gz",
    parse: async (bytes) => {
      const limit = (start: Uint8Array) => npyFileSize(start, "f.gz");
      decodeNpy(await maybeGunzip(bytes, "f.gz", limit), "f.gz");
    },
    valid: [
      await gzip(NPY[0]),
      await gzip(encodeNpy({ shape: [200000], data: new Uint8Array(200000) })),
    ],
  },
  {
    name: "cifar",
    parse: (bytes) => decodeCifar([{ bytes, where: "f" }]),
    valid: [new Uint8Array(2 * CIFAR_RECORD).fill(7)],
  },
  { name: "tar", parse: readAll, valid: [TAR] },
  {
    name: "tar.gz",
    parse: (bytes) => readAll(gunzipChunks(bytes, "f.gz")),
    valid: [await gzip(TAR)],
  },
  {
    name: "log",
    parse: (bytes) => decodeLog(text(bytes), "train.log"),
    valid: [encodeText(encodeLog("train", POINTS)), encodeText(encodeLog("test", POINTS.slice(1)))],
  },
  {
    name: "metrics.json",
    parse: async (bytes) => {
      const storage = new MemoryStorage();
      await storage.write("run/metrics.json", bytes);
      await restoreCurves(storage, "run");
    },
    valid: [encodeText(JSON.stringify({ train: POINTS, validate: [], test: POINTS }))],
  },
  {
    name: "compare.json",
    parse: async (bytes) => {
      const storage = new MemoryStorage();
      await storage.write("all/compare.json", bytes);
      await readComparison(storage, "all");
    },
    valid: [encodeText(`{"format":"lottery-ticket comparison 1","methods":["magnitude"]}`)],
  },
  { name: "run.json", parse: readRun, valid: [RECORD] },
  {
    name: "run.json, resealed",
    parse: async (bytes) => await readRun(await resealedRecord(bytes)),
    valid: [RECORD],
  },
  { name: "checkpoint", parse: readState, valid: [CHECKPOINT] },
  {
    name: "checkpoint, resealed",
    parse: async (bytes) => await readState(await resealed(bytes)),
    valid: [CHECKPOINT],
  },
  {
    name: "lock",
    parse: (bytes) => {
      throw lockedError("x/.lock", parseHolder(text(bytes)), HOLDER);
    },
    valid: [encodeText(JSON.stringify(HOLDER))],
  },
  {
    name: "argfile",
    parse: (bytes) => {
      for (const { args } of parseArgfile(text(bytes), "f.txt")) parseFlags(args, runFlags);
    },
    valid: [
      encodeText(
        "# a comment\n--trials 1-3 --output-dir='a b' --layers 3,4\n--seed=5 --permute-labels\n",
      ),
      encodeText("--prune-percents layer0=.2,layer1=.1 --training-len epochs:3 --masks a,b"),
    ],
  },
];
