/**
 * Run by resolve_test.ts in a network and mount namespace where this process is the only name server: resolves the
 * host names in the arguments and prints the outcomes as JSON. The server and the look-ups share an event loop, so
 * a look-up that blocked it would never be answered.
 *
 * @module
 */

import dgram from "node:dgram";
import { once } from "node:events";
import { OperationError } from "../../core/error.ts";
import { formatAddress } from "../../core/net/address.ts";
import { resolveHost } from "./resolve.ts";

/** Record types and response codes of RFC 1035 and RFC 3596. */
const A = 1;
const AAAA = 28;
const SERVFAIL = 2;
const NXDOMAIN = 3;

const records: Readonly<Record<string, Readonly<Record<number, readonly number[]>>>> = {
  "both.test": {
    [A]: [192, 0, 2, 7],
    [AAAA]: [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
  },
  "four.test": { [A]: [192, 0, 2, 8] },
  "empty.test": {},
};

/** The answer to a query of one question, which starts behind the 12 bytes of the header. */
function answer(query: Uint8Array): Uint8Array {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(new TextDecoder().decode(query.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  const type = ((query[at + 1] ?? 0) << 8) | (query[at + 2] ?? 0);
  const question = query.subarray(12, at + 5);
  const name = labels.join(".");
  const host = records[name];
  const data = host?.[type];
  const code = name === "broken.test" ? SERVFAIL : host === undefined ? NXDOMAIN : 0;
  const header = [query[0] ?? 0, query[1] ?? 0, 0x81, 0x80 | code, 0, 1, 0, data ? 1 : 0, 0, 0, 0, 0];
  // The name is a pointer to the question's; class IN, 60 s to live.
  const record = data ? [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length, ...data] : [];
  return Uint8Array.from([...header, ...question, ...record]);
}

async function outcome(host: string): Promise<string> {
  try {
    return (await resolveHost(host)).map(formatAddress).sort().join(" ");
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

const server = dgram.createSocket("udp4");
server.on("message", (query, { port, address }) => server.send(answer(query), port, address));
server.bind(53, "127.0.0.1");
await once(server, "listening");
console.log(JSON.stringify(await Promise.all(Deno.args.map(outcome))));
server.close();
