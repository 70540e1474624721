/**
 * QR codes on a terminal. Loaded when one is asked for.
 *
 * @module
 */
import encodeQr from "qr";

/** The text is longer than the largest QR code, which holds 2,953 bytes (ISO/IEC 18004 table 7, version 40-L). */
export class QrCapacityError extends Error {}

/** Bytes of the largest code with the least error correction. */
const CAPACITY = 2953;
/** ECMA-48: bright white on black, as the drawing means it, whatever the terminal's own colors are; and back. */
const [COLORS, NO_COLORS] = ["\x1b[97;40m", "\x1b[0m"];

/**
 * Draws a text as a QR code, in lines of half blocks.
 *
 * @param color true to override the terminal's own colors, which makes a code easier to scan
 * @throws {QrCapacityError}
 */
export function drawQrCode(text: string, color: boolean): string {
  if (new TextEncoder().encode(text).length > CAPACITY) throw new QrCapacityError();
  const lines = encodeQr(text, "ascii", { ecc: "low" }).trimEnd().split("\n");
  return lines.map((line) => color ? `${COLORS}${line}${NO_COLORS}\n` : `${line}\n`).join("");
}
