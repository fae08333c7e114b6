/** CRC-32C (Castagnoli), the checksum of TFRecord files: RFC 3720, appendix B.4. */

/** The polynomial with its bits reversed: the lowest bit is the highest power. */
const POLYNOMIAL = 0x82f63b78;

/** The checksum of each single byte. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  return crc;
});

/** The CRC-32C of the bytes, from 0 to 2^32 - 1. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[i]) & 0xff];
  return ~crc >>> 0;
}
