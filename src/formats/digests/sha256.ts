/**
 * SHA-256 of bytes as 64 lower-case hexadecimal digits, by the platform's WebCrypto.
 */

/** The digest of `bytes`. In a browser this needs a secure context (https or localhost). */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  // WebCrypto refuses shared memory; the copy also has the type that says so.
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
