/**
 * The framing that the Engine puts around the output of an exec'ed program without a terminal: 8 octets, then the bytes
 * (Docker Engine API, "Attach to a container", section "Stream format").
 *
 * | octet | |
 * |---|---|
 * | 0 | 1: standard output; 2: standard error |
 * | 1-3 | 0 |
 * | 4-7 | how many bytes follow, big endian |
 *
 * @module
 */

/** Octets before each piece of output. */
const HEADER = 8;
const STDOUT = 1;
const STDERR = 2;
/** Characters of standard error that are kept: one line of ours. */
const MAX_ERROR_TEXT = 256;

/** Result of {@linkcode ExecDemultiplexer.take}: what came is not framed as the Engine frames it. */
export const NOT_FRAMED: number = -1;

/** Takes the framing off, wherever the stream is cut. No method throws or allocates. */
export class ExecDemultiplexer {
  readonly #header = new Uint8Array(HEADER);
  /** Octets of the header that are there; the rest comes with the next piece. */
  #headerLength = 0;
  /** Bytes that still belong to the header. */
  #left = 0;
  readonly #error = new Uint8Array(MAX_ERROR_TEXT);
  #errorLength = 0;

  /**
   * Leaves of the `length` bytes at `at` those of the standard output, from `at` on.
   *
   * @returns how many they are, or {@linkcode NOT_FRAMED}
   */
  take(bytes: Uint8Array, at: number, length: number): number {
    const end = at + length;
    let to = at;
    for (let from = at; from < end;) {
      if (this.#left === 0) {
        this.#header[this.#headerLength++] = bytes[from++];
        if (this.#headerLength === HEADER && !this.#begin()) return NOT_FRAMED;
        continue;
      }
      const count = Math.min(this.#left, end - from);
      if (this.#header[0] === STDOUT) {
        if (to !== from) bytes.copyWithin(to, from, from + count);
        to += count;
      } else this.#keepError(bytes, from, count);
      from += count;
      this.#left -= count;
    }
    return to - at;
  }

  /** The first characters that the program wrote to its standard error. */
  get errorText(): string {
    return new TextDecoder().decode(this.#error.subarray(0, this.#errorLength)).trim();
  }

  /** Reads a whole header; false if it is none. */
  #begin(): boolean {
    const header = this.#header;
    this.#headerLength = 0;
    this.#left = (header[4] << 24 | header[5] << 16 | header[6] << 8 | header[7]) >>> 0;
    const isOutput = header[0] === STDOUT || header[0] === STDERR;
    return isOutput && (header[1] | header[2] | header[3]) === 0;
  }

  #keepError(bytes: Uint8Array, from: number, count: number): void {
    for (let index = 0; index < count && this.#errorLength < MAX_ERROR_TEXT; index++) {
      this.#error[this.#errorLength++] = bytes[from + index];
    }
  }
}
