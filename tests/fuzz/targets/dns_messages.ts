/**
 * DNS messages at the server's name server, at the client's, and answers of the machine's own name servers.
 *
 * @module
 */
import assert from "node:assert/strict";
import { NameServer } from "../../../client/names/name_server.ts";
import { HostRecords } from "../../../core/hosts/host_records.ts";
import { idOf, isResponseTo, readDnsQuery, withId } from "../../../core/hosts/dns_message.ts";
import { answerQuery } from "../../../core/names/answer.ts";
import { MAX_UDP_SIZE } from "../../../core/names/query.ts";
import { container, decode, endpoint, query, replica, zoneOf } from "../../../core/names/zone_fixture.ts";
import { parseControl } from "../../../core/protocol/control.ts";
import { readDnsMessage } from "../../../system/hosts/dns_stream.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { address } from "../../literals.ts";
import type { Random } from "../random.ts";
import type { Subject, Target } from "../target.ts";

const HEADER = 12;
const QR = 0x80;
const CONTAINER = "172.17.0.2";
const QUERY = query("web.example", "A");

const zone = zoneOf([
  container("web", [endpoint("172.17.0.2", "fd00::2", ["www"])]),
  ...Array.from({ length: 40 }, (_, index) => replica("shop", "api", index + 1, `172.18.0.${index + 2}`)),
]);

/** What an answer has to be, by either name server. */
function checkAnswer(input: Uint8Array, answer: Uint8Array | undefined): void {
  const isQuery = input.length >= HEADER && (input[2] & QR) === 0;
  if (answer === undefined) return;
  assert.ok(isQuery, "an answer to what is no query");
  assert.ok((answer[2] & QR) !== 0 && idOf(answer) === idOf(input), "no answer to this query");
  decode(answer);
}

/** A stream that gives the bytes in pieces. */
function streamOf(input: Uint8Array, random: Random): Pick<Deno.Conn, "read" | "write"> {
  let at = 0;
  return {
    read(buffer) {
      if (at >= input.length) return Promise.resolve(null);
      const piece = input.subarray(at, at + 1 + random.below(Math.min(buffer.length, input.length - at)));
      buffer.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length);
    },
    write: (bytes) => Promise.resolve(bytes.length),
  };
}

function open(): Subject {
  const clock = new FakeClock();
  const records = new HostRecords();
  records.take(parseControl("version 2,revision 1,dns test,host 10.0.0.1 a.test b.test,host fd00::7 a.test"));
  const desktop = [address("192.168.251.2"), address("fdc0:c0de:251::2")];
  let response: Uint8Array<ArrayBuffer> | undefined;
  const names = new NameServer({
    ...{ records, desktop: () => desktop, clock },
    mayForward: (source) => source === CONTAINER,
    forwarder: { forward: (asked) => Promise.resolve(response && withId(response, idOf(asked))) },
  });
  return {
    async take(input, random) {
      const limit = random.pick([undefined, 65_535, 4096]);
      const answer = answerQuery(zone, input, limit, random.next());
      checkAnswer(input, answer);
      if (answer !== undefined) {
        assert.ok(answer.length <= (limit ?? MAX_UDP_SIZE), `${answer.length} octets`);
      }
      clock.time += 1;
      // What a name server answers is passed on only if it is an answer to the question.
      response = isResponseTo(QUERY, 7, input) ? input : undefined;
      if (response !== undefined) assert.ok(response.length >= HEADER && (response[2] & QR) !== 0);
      const source = random.pick([CONTAINER, "192.0.2.1"]);
      const passed = await names.answer(input, source, random.pick(["udp", "tcp"]));
      if (passed !== undefined) {
        assert.notEqual(readDnsQuery(input).kind, "none");
        assert.equal(idOf(passed), idOf(input));
      }
      if (random.oneIn(8)) await readDnsMessage(streamOf(input, random));
    },
  };
}

export const dnsMessages: Target = {
  name: "dns-messages",
  kind: "datagrams",
  modules: [
    "client/names/name_server.ts",
    "core/hosts/dns_message.ts",
    "core/names/",
    "system/hosts/dns_stream.ts",
  ],
  share: 2,
  open,
};
