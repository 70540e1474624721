/**
 * Heads of HTTP requests: of the status page, and header fields that HTTPS of containers passes on.
 *
 * @module
 */
import assert from "node:assert/strict";
import { endToEndHeaders, forwardedHeaders } from "../../../core/https/forwarded.ts";
import { isLoopback, refusalOf } from "../../../core/web/request_guard.ts";
import { parseRequestHead } from "../../../core/web/request_head.ts";
import { parseAddress } from "../../../core/net/address.ts";
import { address } from "../../literals.ts";
import { textTarget } from "../target.ts";

const LISTENS = [address("127.0.0.1"), address("192.168.1.5"), address("::1")];
/** Fields that are of one connection. */
const HOP = ["connection", "transfer-encoding", "upgrade", "keep-alive", "te"];

export const requestTexts = textTarget({
  name: "request-texts",
  modules: ["core/https/forwarded.ts", "core/web/"],
  share: 2,
  take(text) {
    const head = parseRequestHead(text);
    if (head === undefined) return;
    assert.ok(head.path.startsWith("/") && !/[?#\s]/.test(head.path));
    const host = head.headers.get("host") ?? "";
    for (const listen of LISTENS) {
      if (refusalOf(head, listen) !== undefined) continue;
      // Who is let in has named this machine by an address, or by the one name that no page of another site has.
      const name = host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
      const named = parseAddress(name);
      assert.ok(
        name.toLowerCase() === "localhost" ||
          named !== undefined && (isLoopback(named) || host.includes(".") || host.includes(":")),
        host,
      );
    }
    const headers = new Headers();
    for (const [name, value] of head.headers) {
      // The runtime's parser has refused these by then.
      if (/^[\t\x20-\x7e]*$/.test(value)) headers.set(name, value);
    }
    const passed = forwardedHeaders(headers, { peer: "172.17.0.2", host: "web.container.internal" });
    for (const name of HOP) assert.equal(passed.get(name), null);
    assert.equal(passed.get("x-forwarded-for"), "172.17.0.2");
    endToEndHeaders(headers);
  },
});
