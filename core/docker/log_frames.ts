/** Octets before each piece of output (Docker Engine API, "Attach to a container", section "Stream format"). */
const HEADER = 8;

/** Takes the Engine's framing off the log of a container without a terminal, wherever the stream is cut. */
export class LogFrames {
  readonly #header: number[] = [];
  /** Bytes that still belong to the header. */
  #left = 0;

  /** Returns what the container wrote, of both its outputs; undefined where it is not framed. */
  take(bytes: Uint8Array): Uint8Array[] | undefined {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      if (this.#left > 0) {
        const piece = bytes.subarray(at, at + this.#left);
        pieces.push(piece);
        this.#left -= piece.length;
        at += piece.length;
        continue;
      }
      this.#header.push(bytes[at++] ?? 0);
      if (this.#header.length < HEADER) continue;
      const [stream = 0, a, b, c, ...length] = this.#header.splice(0);
      if (stream > 2 || a !== 0 || b !== 0 || c !== 0) return undefined;
      this.#left = length.reduce((total, octet) => total * 256 + octet, 0);
    }
    return pieces;
  }
}
