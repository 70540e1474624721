import assert from "node:assert/strict";
import { parseAddress } from "../net/address.ts";
import { isLoopback, refusalOf } from "./request_guard.ts";
import { parseRequestHead } from "./request_head.ts";

function headOf(lines: string[], target = "/") {
  const head = parseRequestHead([`GET ${target} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
  if (head === undefined) throw new Error("the head was refused");
  return head;
}

function addressOf(text: string) {
  const address = parseAddress(text);
  if (address === undefined) throw new TypeError(`${text} is no address`);
  return address;
}

const refused = (listen: string, lines: string[], target = "/") =>
  refusalOf(headOf(lines, target), addressOf(listen)) !== undefined;

Deno.test("the head of a request is read", () => {
  const { method, path, headers } = headOf(["Host: localhost:2580", "X-Odd:  a b \t"], "/metrics?x=1");
  assert.deepEqual([method, path, headers.get("host"), headers.get("x-odd")], [
    "GET",
    "/metrics",
    "localhost:2580",
    "a b",
  ]);
});

Deno.test("what is no HTTP/1 request with a path is refused", () => {
  for (
    const text of [
      "",
      "GET / HTTP/1.1",
      "GET / HTTP/2\r\n\r\n",
      "get / HTTP/1.1\r\n\r\n",
      "GET http://localhost/ HTTP/1.1\r\n\r\n",
      "GET /a b HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: localhost\r\nhost: evil\r\n\r\n",
      "\u0016\u0003\u0001\u0002",
    ]
  ) assert.equal(parseRequestHead(text), undefined, JSON.stringify(text));
});

Deno.test("a host that is a loopback name or address, or the address listened on, is accepted", () => {
  for (const host of ["localhost", "LOCALHOST:2580", "127.0.0.1:2580", "127.9.9.9", "[::1]:80"]) {
    assert.equal(refused("127.0.0.1", [`Host: ${host}`]), false, host);
  }
  assert.equal(refused("192.168.1.5", ["Host: 192.168.1.5:2580"]), false);
  assert.equal(refused("fd00::1", ["Host: [fd00:0::1]:2580"]), false);
  assert.equal(refused("0.0.0.0", ["Host: 192.168.1.5:2580"]), false);
});

Deno.test("DNS rebinding: a host that is any other name or address is refused", () => {
  for (
    const host of [
      "evil.example:2580",
      "localhost.evil.example",
      "127.0.0.1.nip.io",
      "192.168.1.5",
      "::1",
      "[127.0.0.1]",
      "127.0.0.1:2580:80",
      "user@127.0.0.1",
      "",
    ]
  ) assert.equal(refused("127.0.0.1", [`Host: ${host}`]), true, host);
  assert.equal(refused("127.0.0.1", []), true, "no host");
  assert.equal(refused("0.0.0.0", ["Host: evil.example:2580"]), true, "any address, but no name");
});

Deno.test("another origin is refused, and what a browser sends for another site", () => {
  const host = "Host: 127.0.0.1:2580";
  assert.equal(refused("127.0.0.1", [host, "Origin: http://127.0.0.1:2580"]), false);
  for (const origin of ["null", "http://evil.example", "http://127.0.0.1:3000", "https://127.0.0.1:2580"]) {
    assert.equal(refused("127.0.0.1", [host, `Origin: ${origin}`]), true, origin);
  }
  const fetched = (site: string, mode: string, dest: string) => [
    host,
    `Sec-Fetch-Site: ${site}`,
    `Sec-Fetch-Mode: ${mode}`,
    `Sec-Fetch-Dest: ${dest}`,
  ];
  assert.equal(refused("127.0.0.1", fetched("same-origin", "cors", "empty"), "/v1/doctor"), false);
  assert.equal(refused("127.0.0.1", fetched("none", "navigate", "document")), false);
  assert.equal(refused("127.0.0.1", fetched("cross-site", "navigate", "document")), false, "a link");
  assert.equal(refused("127.0.0.1", fetched("cross-site", "navigate", "iframe")), true);
  assert.equal(refused("127.0.0.1", fetched("cross-site", "navigate", "document"), "/v1/doctor"), true);
  assert.equal(refused("127.0.0.1", fetched("same-site", "no-cors", "image"), "/v1/doctor"), true);
});

Deno.test("loopback addresses are told from others", () => {
  const loopback = (text: string) => isLoopback(addressOf(text));
  assert.deepEqual(["127.0.0.1", "127.255.0.9", "::1"].map(loopback), [true, true, true]);
  assert.deepEqual(["0.0.0.0", "10.0.0.1", "::", "fe80::1"].map(loopback), [false, false, false, false]);
});
