import { endToEndHeaders, forwardedHeaders } from "../../core/https/forwarded.ts";
import type { WebTarget } from "../../core/https/web_target.ts";
import { formatEndpoint } from "../../core/net/endpoint.ts";
import { relayWebSocket } from "./web_socket_relay.ts";

/** Statuses whose answer has no body (RFC 9110 section 6.4.1). */
const WITHOUT_BODY = [204, 205, 304];

/** Methods that fetch does not take (Fetch Standard, forbidden methods). */
const FORBIDDEN_METHODS = ["CONNECT", "TRACE", "TRACK"];

/** Connections to each container that wait for the next request. */
const MAX_IDLE = 32;

/** What one relay needs. */
export interface WebRelayDeps {
  readonly target: WebTarget;
  /** The container's web server did not answer. */
  readonly onUnreached: () => void;
}

/** Passes requests on to a container's web server and its answers back, both as streams. */
export class WebRelay implements Disposable {
  readonly #client = Deno.createHttpClient({ allowHost: true, poolMaxIdlePerHost: MAX_IDLE });

  constructor(readonly deps: WebRelayDeps) {}

  async handle(request: Request, peer: string): Promise<Response> {
    if (FORBIDDEN_METHODS.includes(request.method)) return new Response(null, { status: 405 });
    const { target } = this.deps;
    const url = new URL(request.url);
    const path = `${formatEndpoint(target)}${url.pathname}${url.search}`;
    const headers = forwardedHeaders(request.headers, { peer, host: url.host });
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
      return await relayWebSocket(request, `ws://${path}`, headers) ?? this.#unreached();
    }
    // Without this field fetch asks for compression itself, and then takes it off the answer.
    if (!headers.has("accept-encoding")) headers.set("accept-encoding", "identity");
    const hasBody = request.method !== "GET" && request.method !== "HEAD";
    try {
      const answer = await fetch(`http://${path}`, {
        method: request.method,
        headers,
        body: hasBody ? request.body : null,
        redirect: "manual",
        client: this.#client,
      });
      const body = WITHOUT_BODY.includes(answer.status) ? null : answer.body;
      return new Response(body, {
        status: answer.status,
        statusText: answer.statusText,
        headers: endToEndHeaders(answer.headers),
      });
    } catch {
      // Refused, reset, or no answer in HTTP.
      return this.#unreached();
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #unreached(): Response {
    this.deps.onUnreached();
    const { target } = this.deps;
    return new Response(
      `Cannot pass the request on: no web server answers at ${formatEndpoint(target)}.\n` +
        "If the container has it at another port, start the container with the label docker-connector.http-port=PORT.\n",
      { status: 502, headers: { "content-type": "text/plain; charset=utf-8" } },
    );
  }
}
