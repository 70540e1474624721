import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";
import fc from "fast-check";
import { address } from "../../tests/literals.ts";
import {
  answerDnsQuery,
  idOf,
  isResponseTo,
  RCODE,
  readDnsQuery,
  refuseDnsQuery,
  withId,
} from "./dns_message.ts";

/** A query; with OPT as most resolvers send it, or without. */
function query(name: string, type = "A", opt = false): Uint8Array {
  return new Uint8Array(dnsPacket.encode({
    id: 0x1234,
    type: "query",
    flags: 0x0100,
    questions: [{ name, type }],
    additionals: opt ? [{ type: "OPT", name: ".", udpPayloadSize: 4096, flags: 0, options: [] }] : [],
  }));
}

const decode = (message: Uint8Array) => dnsPacket.decode(Buffer.from(message));

Deno.test("a query's name is read without regard to case, and its type, also one without a word", () => {
  assert.deepEqual(readDnsQuery(query("Dev.Example.TEST", "AAAA")), {
    kind: "question",
    question: { name: "dev.example.test", type: "AAAA" },
  });
  assert.deepEqual(readDnsQuery(query("a.test", "UNKNOWN_65280")), {
    kind: "question",
    question: { name: "a.test", type: "UNKNOWN_65280" },
  });
});

Deno.test("an answer repeats the question as it was, and has the records", () => {
  const records = [{ type: "A" as const, address: address("192.168.251.2") }];
  const answer = decode(answerDnsQuery(query("dEv.test"), records));
  assert.deepEqual([answer.id, answer.type, answer.rcode, answer.flag_rd, answer.flag_ra, answer.flag_aa], [
    0x1234,
    "response",
    "NOERROR",
    true,
    true,
    true,
  ]);
  assert.equal(answer.questions[0].name, "dEv.test");
  assert.deepEqual([answer.answers[0].name, answer.answers[0].data, answer.answers[0].ttl], [
    "dEv.test",
    "192.168.251.2",
    5,
  ]);
  const ipv6 = decode(
    answerDnsQuery(query("a.test", "AAAA"), [{ type: "AAAA", address: address("fd00::1") }]),
  );
  assert.equal(ipv6.answers[0].data, "fd00::1");
  const none = decode(answerDnsQuery(query("a.test", "UNKNOWN_65"), []));
  assert.deepEqual([none.rcode, none.answers.length, none.questions[0].type], ["NOERROR", 0, "UNKNOWN_65"]);
});

Deno.test("a query with OPT is answered with one, and no answer has more than 512 bytes", () => {
  assert.equal(decode(answerDnsQuery(query("a.test", "A", true), [])).additionals[0].type, "OPT");
  const many = Array.from({ length: 100 }, (_, index) => ({
    type: "A" as const,
    address: address(`10.0.0.${index}`),
  }));
  const answer = answerDnsQuery(query("a.test"), many);
  assert.ok(answer.length <= 512 && decode(answer).answers.length > 10);
});

Deno.test("an answer is never answered, and a query that is not understood is told so", () => {
  const response = answerDnsQuery(query("a.test"), []);
  assert.deepEqual(readDnsQuery(response), { kind: "none" });
  assert.deepEqual(readDnsQuery(query("a.test").subarray(0, 11)), { kind: "none" });
  const cut = query("a.test").subarray(0, 15);
  assert.deepEqual(readDnsQuery(cut), { kind: "faulty", rcode: RCODE.formatError });
  const refused = decode(refuseDnsQuery(cut, RCODE.formatError));
  assert.deepEqual([refused.id, refused.rcode, refused.questions.length], [0x1234, "FORMERR", 0]);
  const whole = decode(refuseDnsQuery(query("a.test", "A", true), RCODE.serverFailure));
  assert.deepEqual([whole.rcode, whole.questions[0].name, whole.additionals.length], [
    "SERVFAIL",
    "a.test",
    0,
  ]);
});

Deno.test("a name that points at itself, or at what comes later, is faulty", () => {
  const header = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  for (const name of [[0xc0, 12], [0xc0, 14, 0], [1, 97, 0xc0, 12], [0xff, 0xff], [0x41]]) {
    const asked = readDnsQuery(new Uint8Array([...header, ...name, 0, 1, 0, 1]));
    assert.equal(asked.kind, "faulty", String(name));
  }
});

Deno.test("a response counts by id, question and direction", () => {
  const asked = query("a.test");
  const response = answerDnsQuery(withId(asked, 7), []);
  assert.ok(isResponseTo(asked, 7, response));
  assert.equal(isResponseTo(asked, 8, response), false);
  assert.equal(isResponseTo(query("b.test"), 7, response), false);
  assert.equal(isResponseTo(asked, 7, withId(asked, 7)), false);
  assert.equal(isResponseTo(asked, 7, new Uint8Array(3)), false);
  assert.equal(idOf(withId(response, 0xfffe)), 0xfffe);
});

Deno.test("no bytes throw, neither random nor changed ones", () => {
  const base = query("dev.example.test", "A", true);
  const changed = fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { maxLength: 6 }).map(
    (changes) => {
      const copy = base.slice();
      for (const [at, value] of changes) copy[at] = value;
      return copy;
    },
  );
  fc.assert(
    fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 80 })), (bytes) => {
      const asked = readDnsQuery(bytes);
      if (asked.kind === "question") answerDnsQuery(bytes, [{ type: "A", address: address("10.0.0.1") }]);
      if (asked.kind !== "none") refuseDnsQuery(bytes, RCODE.refused);
      isResponseTo(base, 1, bytes);
    }),
    { numRuns: 20_000 },
  );
});
