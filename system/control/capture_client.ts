import { OperationError } from "../../core/error.ts";
import { isAbsent, wordsOf } from "../process/runtime_error.ts";
import { CAPTURE_PATH, captureSocketPath } from "./capture_socket.ts";

/** Bytes of an answer's head, or of a refusal. */
const MAX_HEAD = 8192;
/** Bytes that are read at once. */
const CHUNK = 1 << 18;

/** A capture that a running program gives. */
export class RemoteCapture implements Disposable {
  readonly #connection: Deno.UnixConn;
  readonly #buffer = new Uint8Array(CHUNK);
  /** What came with the head. */
  #first: Uint8Array;

  private constructor(connection: Deno.UnixConn, first: Uint8Array) {
    this.#connection = connection;
    this.#first = first;
  }

  /**
   * Asks a running program for a capture.
   *
   * @param control path of its control socket
   * @throws {OperationError} `privilege` for a user other than root, `failure` where it gives none
   */
  static async open(control: string, query: URLSearchParams): Promise<RemoteCapture> {
    const connection = await connect(captureSocketPath(control));
    try {
      const request = `GET ${CAPTURE_PATH}?${query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
      await connection.write(new TextEncoder().encode(request));
      const { head, rest } = await readHead(connection);
      if (head.startsWith("HTTP/1.1 200 ")) return new RemoteCapture(connection, rest);
      const [, words] = /"error":"([^"]{1,200})"/.exec(new TextDecoder().decode(rest)) ?? [];
      throw words === undefined
        ? tooMany()
        : new OperationError("failure", `Cannot capture packets: ${words}`);
    } catch (error) {
      connection.close();
      const { BrokenPipe, ConnectionReset } = Deno.errors;
      throw error instanceof BrokenPipe || error instanceof ConnectionReset ? tooMany() : error;
    }
  }

  /** The next bytes, good until the next call; undefined at the end. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#first.length > 0) {
      const first = this.#first;
      this.#first = new Uint8Array();
      return first;
    }
    const count = await this.#connection.read(this.#buffer);
    return count === null ? undefined : this.#buffer.subarray(0, count);
  }

  /** Asks for the end: what was captured so far comes yet. */
  async stop(): Promise<void> {
    await this.#connection.closeWrite().catch(() => {});
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** The program has closed the connection at once. */
function tooMany(): OperationError {
  return new OperationError(
    "failure",
    "Cannot capture packets: four captures are under way already",
    "End one of them",
  );
}

async function connect(path: string): Promise<Deno.UnixConn> {
  try {
    return await Deno.connect({ transport: "unix", path });
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new OperationError("privilege", "Cannot capture packets: not root", "Run with sudo", {
        cause: error,
      });
    }
    if (!isAbsent(error) && !(error instanceof Deno.errors.ConnectionRefused)) throw error;
    const state = `the running program serves no captures at ${path}: ${wordsOf(error)}`;
    const remedy = "Restart it; its log says why";
    throw new OperationError("failure", `Cannot capture packets: ${state}`, remedy, { cause: error });
  }
}

async function readHead(connection: Deno.UnixConn): Promise<{ head: string; rest: Uint8Array }> {
  const buffer = new Uint8Array(MAX_HEAD);
  let length = 0;
  for (;;) {
    const count = length < buffer.length ? await connection.read(buffer.subarray(length)) : null;
    if (count === null) return { head: "", rest: new Uint8Array() };
    length += count;
    const text = new TextDecoder("latin1").decode(buffer.subarray(0, length));
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) return { head: text.slice(0, end), rest: buffer.slice(end + 4, length) };
  }
}
