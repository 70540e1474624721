/**
 * A client of the Docker Engine API over its unix socket: requests, and the stream of events.
 *
 * @module
 */
import * as v from "valibot";
import { chooseApiVersion, KNOWN_API_VERSIONS } from "../../core/docker/api_version.ts";
import { changeOf, type EngineChange, FOLLOWED_TYPES } from "../../core/docker/event.ts";
import { NAME, parse, parseJson } from "../../core/docker/schema.ts";
import { type NetworkList, readNetworks } from "../../core/docker/networks.ts";
import { OperationError } from "../../core/error.ts";
import { MalformedResponse } from "./buffered_reader.ts";
import { toDockerError } from "./docker_error.ts";
import { type EngineRequest, Exchange, type RequestBody, tooLong } from "./http_exchange.ts";

/** Limits on the time that an Engine may take and on the bytes that it may send. */
export interface EngineLimits {
  /** Aborts all requests. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until a whole answer has come, and the head of the events. */
  readonly timeoutMs: number;
  /** Bytes of an answer. A network takes about 1 KB, with all its containers in old versions more. */
  readonly maxResponseBytes: number;
  /** Characters of one event. */
  readonly maxEventLength: number;
}

const DEFAULT_LIMITS: EngineLimits = {
  timeoutMs: 10_000,
  maxResponseBytes: 16 << 20,
  maxEventLength: 1 << 20,
};

/** Bytes of an error's answer, and characters of its message that are shown. */
const MAX_ERROR = 65_536;
const MAX_MESSAGE = 200;

const VERSION = v.object({
  Version: v.string(),
  ApiVersion: v.string(),
  // Engines before 1.13 do not report it.
  MinAPIVersion: v.fallback(v.optional(NAME), undefined),
});
const ERROR = v.object({ message: v.string() });

/** An answer, whatever its status. */
export interface EngineReply {
  /** The status code. */
  readonly status: number;
  /** The body as text. */
  readonly text: string;
  /** The message of an error, shortened; empty if there is none. */
  readonly message: string;
}

/** The stream of events of an Engine. */
export interface EngineEvents extends Disposable {
  /**
   * The changes as they come. It ends when the Engine ends the stream.
   *
   * @throws {OperationError} "unavailable" when the stream breaks
   */
  readonly changes: AsyncIterable<EngineChange>;
}

/** Options of a request. */
export interface SendOptions {
  readonly body?: RequestBody;
  /** The body as a JSON value. */
  readonly json?: unknown;
  /** Time limit in milliseconds, if not the usual one. */
  readonly timeoutMs?: number;
}

/** A connection to an Engine that has answered. */
export class EngineClient {
  private constructor(
    /** Its socket. */
    readonly path: string,
    /** Its own version, such as "28.2.2". */
    readonly version: string,
    /** The version of the API that is spoken with it. */
    readonly api: string,
    readonly limits: EngineLimits,
  ) {}

  /**
   * Agrees on a version of the API with the Engine at a socket.
   *
   * @throws {OperationError} "unavailable" when no Engine of a usable version answers
   */
  static async connect(path: string, limits: Partial<EngineLimits> = {}): Promise<EngineClient> {
    const all = { ...DEFAULT_LIMITS, ...limits };
    const answer = parse(VERSION, await getJson(path, "/version", all));
    if (answer === undefined) {
      throw toDockerError(path, new MalformedResponse("what answers is no Docker Engine"));
    }
    const { Version: version, ApiVersion: max, MinAPIVersion: min } = answer;
    const api = chooseApiVersion(max, min);
    if (api === undefined) {
      throw new OperationError(
        "unavailable",
        `Cannot use the Docker Engine at ${path}: it speaks API ${max.slice(0, 20)}, ` +
          `${KNOWN_API_VERSIONS.min} or later is needed`,
        "Update Docker",
      );
    }
    return new EngineClient(path, version.slice(0, MAX_MESSAGE), api, all);
  }

  /**
   * Lists the bridge networks.
   *
   * @throws {OperationError} "unavailable"
   */
  async networks(): Promise<NetworkList> {
    const list = readNetworks(await getJson(this.path, `/v${this.api}/networks`, this.limits));
    if (list === undefined) {
      throw toDockerError(this.path, new MalformedResponse("the answer is no list of networks"));
    }
    return list;
  }

  /**
   * Sends any request. The answer is limited in time and bytes; its status is left to the caller.
   *
   * @param target the target without the version of the API, such as "/containers/json"
   * @throws {OperationError} "unavailable"
   */
  async send(
    method: EngineRequest["method"],
    target: string,
    { body, json, timeoutMs = this.limits.timeoutMs }: SendOptions = {},
  ): Promise<EngineReply> {
    const sent = json === undefined ? body : jsonBody(json);
    const request = {
      method,
      target: `/v${this.api}${target}`,
      ...(sent === undefined ? {} : { body: sent }),
    };
    try {
      using exchange = await Exchange.send(this.path, request, timeoutMs, this.limits.signal);
      const text = await exchange.text(this.limits.maxResponseBytes);
      return { status: exchange.status, text, message: exchange.status < 400 ? "" : messageOf(text) };
    } catch (error) {
      throw toDockerError(this.path, error);
    }
  }

  /**
   * Sends a `POST` whose answer reports progress in lines. It is limited in time and bytes.
   *
   * @param target the target without the version of the API
   * @param onLine gets the lines of an answer that is not an error, as they come
   * @returns the answer without its text
   * @throws {OperationError} "unavailable"
   */
  async report(
    target: string,
    { body, timeoutMs }: { readonly body?: RequestBody; readonly timeoutMs: number },
    onLine: (line: string) => void,
  ): Promise<EngineReply> {
    const request = {
      method: "POST",
      target: `/v${this.api}${target}`,
      ...(body === undefined ? {} : { body }),
    } as const;
    try {
      using exchange = await Exchange.send(this.path, request, timeoutMs, this.limits.signal);
      const { status } = exchange;
      if (status >= 400) return { status, text: "", message: messageOf(await exchange.text(MAX_ERROR)) };
      const { maxResponseBytes, maxEventLength } = this.limits;
      let length = 0;
      for await (const line of exchange.lines(maxEventLength)) {
        length += line.length + 1;
        if (length > maxResponseBytes) throw tooLong(maxResponseBytes);
        onLine(line);
      }
      return { status, text: "", message: "" };
    } catch (error) {
      throw toDockerError(this.path, error);
    }
  }

  /**
   * Opens the stream of changes to the networks and the client container.
   *
   * @throws {OperationError} "unavailable"
   */
  async events(): Promise<EngineEvents> {
    const { path, limits } = this;
    const filters = encodeURIComponent(JSON.stringify({ type: FOLLOWED_TYPES }));
    const exchange = await open(path, `/v${this.api}/events?filters=${filters}`, limits);
    exchange.stopTimeout();
    return {
      changes: changesOf(exchange, path, limits.maxEventLength),
      [Symbol.dispose]: () => exchange[Symbol.dispose](),
    };
  }
}

async function* changesOf(
  exchange: Exchange,
  path: string,
  max: number,
): AsyncGenerator<EngineChange, void> {
  try {
    for await (const line of exchange.lines(max)) {
      const change = changeOf(line);
      if (change !== undefined) yield change;
    }
  } catch (error) {
    throw toDockerError(path, error);
  }
}

function jsonBody(value: unknown): RequestBody {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return { type: "application/json", length: bytes.length, chunks: [bytes] };
}

/** Sends a `GET` whose answer must be 200. */
async function open(path: string, target: string, { timeoutMs, signal }: EngineLimits): Promise<Exchange> {
  try {
    const exchange = await Exchange.send(path, { method: "GET", target }, timeoutMs, signal);
    if (exchange.status === 200) return exchange;
    using refused = exchange;
    const message = messageOf(await refused.text(MAX_ERROR));
    throw new MalformedResponse(`it answers ${refused.status}${message === "" ? "" : `: ${message}`}`);
  } catch (error) {
    throw toDockerError(path, error);
  }
}

async function getJson(path: string, target: string, limits: EngineLimits): Promise<unknown> {
  using exchange = await open(path, target, limits);
  try {
    return JSON.parse(await exchange.text(limits.maxResponseBytes));
  } catch (error) {
    throw toDockerError(path, error);
  }
}

/** Returns the message of an error, which the Engine sends as `{"message": "..."}`. */
function messageOf(text: string): string {
  return parseJson(ERROR, text)?.message.slice(0, MAX_MESSAGE) ?? "";
}
