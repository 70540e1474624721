import * as v from "valibot";
import {
  changesOf,
  chooseApiVersion,
  type EngineChanges,
  FOLLOWED_TYPES,
  KNOWN_API_VERSIONS,
} from "../../core/docker/engine_api.ts";
import { EngineClock } from "../../core/docker/engine_clock.ts";
import { NAME, type NetworkList, parse, parseJson, readNetworks } from "../../core/docker/engine_json.ts";
import { OperationError } from "../../core/error.ts";
import { MalformedResponse, toDockerError } from "./docker_error.ts";
import { type EngineRequest, Exchange, type RequestBody } from "./http_exchange.ts";

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

/** The limits, and the clock that learns from each answer. */
type Asking = EngineLimits & { readonly clock: EngineClock };

const DEFAULTS = { timeoutMs: 10_000, maxResponseBytes: 16 << 20, maxEventLength: 1 << 20 };

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
  readonly status: number;
  /** The body; empty if its lines were taken. */
  readonly text: string;
  /** The message of an error, shortened; empty if there is none. */
  readonly message: string;
}

/** The stream of events of an Engine. */
export interface EngineEvents extends Disposable {
  /** The changes as they come. It ends when the Engine ends the stream, and throws as the client does when that breaks. */
  readonly changes: AsyncIterable<EngineChanges>;
}

/** Options of a request. */
export interface SendOptions {
  readonly body?: RequestBody;
  /** Time limit in milliseconds, if not the usual one. */
  readonly timeoutMs?: number;
  /** Gets the lines of an answer that is not an error, as they come. */
  readonly onLine?: (line: string) => void;
}

/**
 * A client of the Docker Engine API over its unix socket, of an Engine that has answered: requests, and the stream of events.
 * What does not succeed throws an OperationError "unavailable".
 */
export class EngineClient {
  private constructor(
    /** Its socket. */
    readonly path: string,
    /** Its own version, such as "28.2.2". */
    readonly version: string,
    /** The version of the API that is spoken with it. */
    readonly api: string,
    readonly limits: EngineLimits,
    /** Its machine's clock, beside this one's. */
    readonly clock: EngineClock,
  ) {}

  /** Agrees on a version of the API with the Engine at a socket. */
  static async connect(path: string, limits: Partial<EngineLimits> = {}): Promise<EngineClient> {
    const all = { ...DEFAULTS, ...limits };
    const clock = new EngineClock();
    const reply = parse(VERSION, await getJson(path, "/version", { ...all, clock }));
    const answer = checkReply({ path }, reply, "what answers is not a Docker Engine");
    const { Version: version, ApiVersion: max, MinAPIVersion: min } = answer;
    const api = chooseApiVersion(max, min);
    if (api !== undefined) return new EngineClient(path, version.slice(0, MAX_MESSAGE), api, all, clock);
    const state = `it speaks API ${max.slice(0, 20)}, ${KNOWN_API_VERSIONS.min} or later is needed`;
    const message = `Cannot use the Docker Engine at ${path}: ${state}`;
    throw new OperationError("unavailable", message, "Update Docker");
  }

  #asking(): Asking {
    return { ...this.limits, clock: this.clock };
  }

  /** Lists the bridge networks. */
  async networks(): Promise<NetworkList> {
    const list = readNetworks(await getJson(this.path, `/v${this.api}/networks`, this.#asking()));
    return checkReply(this, list, "the answer is no list of networks");
  }

  /**
   * Sends any request. The answer is limited in time and bytes; its status is left to the caller.
   *
   * @param target the target without the version of the API, such as "/containers/json"
   */
  async send(
    method: EngineRequest["method"],
    target: string,
    { body, timeoutMs = this.limits.timeoutMs, onLine }: SendOptions = {},
  ): Promise<EngineReply> {
    const request = { method, target: `/v${this.api}${target}`, body };
    return await ask(this.path, request, { ...this.#asking(), timeoutMs }, onLine);
  }

  /** Opens the stream of changes to the networks and the containers. */
  async events(): Promise<EngineEvents> {
    const { path, limits } = this;
    const filters = encodeURIComponent(JSON.stringify({ type: FOLLOWED_TYPES }));
    const request = { method: "GET", target: `/v${this.api}/events?filters=${filters}` } as const;
    const exchange = await Exchange.send(path, request, limits.timeoutMs, limits.signal);
    this.clock.note(exchange.time);
    if (exchange.status !== 200) {
      using refused = exchange;
      throw toDockerError(path, refusal(await replyOf(refused, limits)));
    }
    exchange.stopTimeout();
    return {
      changes: changesIn(exchange.lines(limits.maxEventLength)),
      [Symbol.dispose]: () => exchange[Symbol.dispose](),
    };
  }
}

async function* changesIn(lines: AsyncIterable<string>): AsyncGenerator<EngineChanges, void> {
  for await (const line of lines) yield changesOf(line);
}

/** Sends a request and reads the answer to its end. */
async function ask(
  path: string,
  request: EngineRequest,
  limits: Asking,
  onLine?: (line: string) => void,
): Promise<EngineReply> {
  using exchange = await Exchange.send(path, request, limits.timeoutMs, limits.signal);
  limits.clock.note(exchange.time);
  return await replyOf(exchange, limits, onLine);
}

async function replyOf(
  exchange: Exchange,
  { maxResponseBytes, maxEventLength }: EngineLimits,
  onLine?: (line: string) => void,
): Promise<EngineReply> {
  const { status } = exchange;
  if (status < 400 && onLine !== undefined) {
    for await (const line of exchange.lines(maxEventLength, maxResponseBytes)) onLine(line);
    return { status, text: "", message: "" };
  }
  const text = await exchange.text(status < 400 ? maxResponseBytes : MAX_ERROR);
  // The Engine sends an error as `{"message": "..."}`.
  const message = status < 400 ? "" : parseJson(ERROR, text)?.message.slice(0, MAX_MESSAGE) ?? "";
  return { status, text, message };
}

/** The fault of an answer that is not 200. */
function refusal({ status, message }: EngineReply): MalformedResponse {
  return new MalformedResponse(`it answers ${status}${message === "" ? "" : `: ${message}`}`);
}

async function getJson(path: string, target: string, limits: Asking): Promise<unknown> {
  const reply = await ask(path, { method: "GET", target }, limits);
  if (reply.status !== 200) throw toDockerError(path, refusal(reply));
  return parseReply({ path }, reply);
}

/** Returns a parsed answer, or throws what is wrong with it. */
export function checkReply<T>(
  { path }: Pick<EngineClient, "path">,
  value: T | undefined,
  problem: string,
): T {
  if (value === undefined) throw toDockerError(path, new MalformedResponse(problem));
  return value;
}

/** Parses the JSON of an answer; throws an OperationError "unavailable" if it is none. */
export function parseReply({ path }: Pick<EngineClient, "path">, { text }: EngineReply): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw toDockerError(path, error);
  }
}
