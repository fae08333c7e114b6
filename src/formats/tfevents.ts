/**
 * Writes TensorBoard's event files. An `events.out.tfevents.…` file is a sequence of TFRecords,
 * each of which holds one `Event` message (TensorFlow's event.proto and summary.proto) in
 * protocol-buffer encoding.
 */

import { InputError } from "../errors.ts";
import { crc32c } from "./digests/crc32c.ts";
import { concatenate } from "./gzip.ts";

/** One point of one curve. */
export interface Scalar {
  /** The curve's name in TensorBoard. */
  tag: string;
  /** Place on the horizontal axis: a whole number from 0. */
  step: number;
  /** Kept as a 32-bit float. */
  value: number;
}

/** The content of the first record, as TensorBoard expects it. */
const FILE_VERSION = "brain.Event:2";

/** Fields as event.proto and summary.proto number them. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 };
const SUMMARY = { value: 1 };
const VALUE = { tag: 1, simpleValue: 2 };

/** How a field's content is encoded (protocol buffers, "wire types"). */
const VARINT = 0, FIXED_64 = 1, DELIMITED = 2, FIXED_32 = 5;

/**
 * The bytes of an event file: its version, then one event per step with all scalars of that step,
 * steps ascending, the scalars of a step in the order given.
 *
 * @param wallTime seconds since 1970, for every event
 * @throws InputError if a step is not a whole number from 0
 */
export function encodeEvents(
  scalars: readonly Scalar[],
  wallTime: number,
): Uint8Array<ArrayBuffer> {
  const time = [...key(EVENT.wallTime, FIXED_64), ...littleEndian(8, "setFloat64", wallTime)];
  const tags = new Map<string, number[]>();
  const encodeValue = ({ tag, value }: Scalar) => {
    const name = tags.get(tag) ?? delimited(VALUE.tag, utf8(tag));
    tags.set(tag, name);
    const number = littleEndian(4, "setFloat32", value);
    return delimited(SUMMARY.value, [...name, ...key(VALUE.simpleValue, FIXED_32), ...number]);
  };
  const records = [record([...time, ...delimited(EVENT.fileVersion, utf8(FILE_VERSION))])];
  const steps = [...Map.groupBy(scalars, ({ step }) => step)].sort(([a], [b]) => a - b);
  for (const [step, group] of steps) {
    if (!(Number.isSafeInteger(step) && step >= 0)) {
      throw new InputError(`cannot write an event of step ${step}: not a whole number from 0`);
    }
    const summary = delimited(EVENT.summary, group.flatMap(encodeValue));
    records.push(record([...time, ...key(EVENT.step, VARINT), ...varint(step), ...summary]));
  }
  return concatenate(records, records.reduce((sum, { length }) => sum + length, 0));
}

/** A TFRecord: length (u64), its checksum (u32), content, its checksum (u32); little-endian. */
function record(content: number[]): Uint8Array {
  const bytes = new Uint8Array(8 + 4 + content.length + 4);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(content.length), true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(content, 12);
  const end = 12 + content.length;
  view.setUint32(end, maskedCrc(bytes.subarray(12, end)), true);
  return bytes;
}

/** TFRecord's variant of CRC-32C, made so that checksums of checksums don't cancel out. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return ((crc >>> 15 | crc << 17) + 0xa282ead8) >>> 0;
}

function utf8(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

function littleEndian(size: number, set: "setFloat32" | "setFloat64", value: number): number[] {
  const view = new DataView(new ArrayBuffer(size));
  view[set](0, value, true);
  return [...new Uint8Array(view.buffer)];
}

/** A number from 0 to 2^53 - 1 in groups of 7 bits, lowest first; bit 7 set but in the last. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 0x80)) bytes.push(value % 0x80 | 0x80);
  return [...bytes, value];
}

/** The beginning of a field. */
function key(field: number, wireType: number): number[] {
  return varint(field << 3 | wireType);
}

/** A text, or a message within a message. */
function delimited(field: number, content: number[]): number[] {
  return [...key(field, DELIMITED), ...varint(content.length), ...content];
}
