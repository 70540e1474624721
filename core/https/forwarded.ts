/** Header fields that are of one connection and not passed on (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
];

/** What a request came with. */
export interface ForwardedRequest {
  /** The peer's address. */
  readonly peer: string;
  /** Its host, with the port where it is not 443. */
  readonly host: string;
}

/** Makes the header of a request for the container, with who asked, for what host and how (RFC 7239, and its forerunners). */
export function forwardedHeaders(headers: Headers, { peer, host }: ForwardedRequest): Headers {
  const passed = endToEndHeaders(headers);
  const node = peer.includes(":") ? `"[${peer}]"` : peer;
  passed.set("host", host);
  // This is the first proxy: what the browser says of others is not passed on.
  passed.set("forwarded", `for=${node};host="${host.replace(/["\\]/g, "")}";proto=https`);
  passed.set("x-forwarded-for", peer);
  passed.set("x-forwarded-host", host);
  passed.set("x-forwarded-proto", "https");
  passed.set("x-forwarded-port", "443");
  return passed;
}

/** Makes the header without what is of the connection alone. */
export function endToEndHeaders(headers: Headers): Headers {
  const passed = new Headers(headers);
  const named = headers.get("connection")?.split(",").map((name) => name.trim().toLowerCase()) ?? [];
  for (const name of [...HOP_BY_HOP, ...named]) {
    if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) passed.delete(name);
  }
  return passed;
}
