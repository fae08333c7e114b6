/**
 * Reads event files with a reader of its own, in Python, that shares nothing with the writer: every
 * length and both checksums (bit by bit, not by table) of every record are checked on the way.
 */

import { runNumpy } from "../numpy.ts";

/** One record of an event file. */
export interface ReadEvent {
  wallTime: number;
  step: number | null;
  fileVersion: string | null;
  values: { tag: string; value: number }[];
}

const READER = `
import json, struct, sys

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF

def unmask(masked):
    rotated = (masked - 0xA282EAD8) % 2**32
    return ((rotated >> 17) | (rotated << 15)) % 2**32

assert crc32c(b"123456789") == 0xE3069283

def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at

def message(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        field, wire = key >> 3, key & 7
        if wire == 0:
            value, at = varint(data, at)
        else:
            length = {1: 8, 5: 4}.get(wire)
            if wire == 2:
                length, at = varint(data, at)
            value, at = data[at:at + length], at + length
            assert len(value) == length, "a field is cut short"
        yield field, wire, value

def event(data):
    found = {"wallTime": None, "step": None, "fileVersion": None, "values": []}
    for field, wire, value in message(data):
        if (field, wire) == (1, 1):
            found["wallTime"] = struct.unpack("<d", value)[0]
        elif (field, wire) == (2, 0):
            found["step"] = value
        elif (field, wire) == (3, 2):
            found["fileVersion"] = value.decode()
        elif (field, wire) == (5, 2):
            for inner, kind, part in message(value):
                assert (inner, kind) == (1, 2), "a summary has values only"
                fields = {number: (kind, content) for number, kind, content in message(part)}
                assert fields[1][0] == 2 and fields[2][0] == 5, "a value has a tag and a float"
                number = struct.unpack("<f", fields[2][1])[0]
                found["values"].append({"tag": fields[1][1].decode(), "value": number})
        else:
            raise AssertionError(f"unexpected field {field} of type {wire}")
    return found

def records(data):
    at = 0
    while at < len(data):
        length, check = struct.unpack_from("<QI", data, at)
        assert unmask(check) == crc32c(data[at:at + 8]), "checksum of a length"
        content = data[at + 12:at + 12 + length]
        assert len(content) == length, "a record is cut short"
        assert unmask(struct.unpack_from("<I", data, at + 12 + length)[0]) == crc32c(content), "checksum"
        yield content
        at += 16 + length

files = [open(path, "rb").read() for path in sys.argv[1:]]
print(json.dumps([[event(content) for content in records(data)] for data in files]))
`;

/** The records of each file; rejects if a checksum, a length or a field is not as it should be. */
export async function readEventFiles(paths: string[]): Promise<ReadEvent[][]> {
  return JSON.parse(await runNumpy(READER, paths));
}
