import { decodeBase64, encodeBase64 } from "./base64.ts";

/** Writes a certificate as PEM (RFC 7468). */
export function certificatePem(der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** Finds the first block of a label in PEM; undefined where there is none. */
export function pemBlock(text: string, label: string): string | undefined {
  return new RegExp(`-----BEGIN ${label}-----[A-Za-z0-9+/=\\s]+-----END ${label}-----\\n?`).exec(text)?.[0];
}

/** Reads the bytes of a block; undefined where it is none. */
export function pemBytes(block: string): Uint8Array<ArrayBuffer> | undefined {
  return decodeBase64(block.replace(/-----[A-Z ]+-----/g, "").replace(/\s/g, ""));
}
