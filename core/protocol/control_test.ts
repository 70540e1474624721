import assert from "node:assert/strict";
import fc from "fast-check";
import { packetVersion } from "../packet/ip.ts";
import {
  type Assembly,
  ControlAssembler,
  ControlBudget,
  encodeControl,
  MAX_CONTROL_LENGTH,
  parseControl,
} from "./control.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const octets = (...parts: (string | number)[]) =>
  Uint8Array.from(parts.flatMap((part) => typeof part === "number" ? [part] : [...bytes(part)]));

function assemble(datagrams: Uint8Array[], assembler = new ControlAssembler()): Assembly[] {
  return datagrams.map((datagram) => assembler.push(datagram));
}

const text = (value: string): Assembly => ({ kind: "text", text: value });
const partial: Assembly = { kind: "partial" };
const stray: Assembly = { kind: "stray" };

/** Control texts as servers write them; capitals come from host names. */
const anyText = fc.string({ unit: fc.constantFrom(..."abcdeEO 0123456789.,-"), maxLength: 400 });

Deno.test("the answer to a heartbeat is a header without text", () => {
  assert.deepEqual(encodeControl("", 1400), [octets(1, 0, 0)]);
  assert.deepEqual(assemble([octets(1, 0, 0)]), [text("")]);
});

Deno.test("a short text follows its header in the same datagram", () => {
  const command = "connect 172.17.0.0 172.18.0.0";
  assert.deepEqual(encodeControl(command, 1400), [octets(1, 0, 29, command)]);
});

Deno.test("the original's server sends the header alone", () => {
  const command = "connect 172.17.0.0 172.18.0.0";
  assert.deepEqual(assemble([octets(1, 0, 29), bytes(command)]), [partial, text(command)]);
  assert.deepEqual(assemble([octets(1, 0, 29), bytes("connect 17"), bytes("2.17.0.0 172.18.0.0")]), [
    partial,
    partial,
    text(command),
  ]);
});

Deno.test("the length is big endian", () => {
  const long = "host 10.0.0.1 a".padEnd(0x0102, "b");
  assert.deepEqual(encodeControl(long, 1400)[0].subarray(0, 3), octets(1, 1, 2));
});

Deno.test("any text arrives whole through any MTU, in datagrams that are no packets", () => {
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 4 }), fc.integer({ min: 3, max: 500 }), (texts, mtu) => {
      const assembler = new ControlAssembler();
      for (const each of texts) {
        const datagrams = encodeControl(each, mtu);
        assert.ok(datagrams.every(({ length }) => length > 0 && length <= mtu));
        const results = assemble(datagrams, assembler);
        assert.deepEqual(results.at(-1), text(each));
        assert.ok(results.slice(0, -1).every(({ kind }) => kind === "partial"));
      }
    }),
  );
});

Deno.test("text that looks like a packet at one MTU is cut elsewhere", () => {
  // The second datagram begins with an "h", 0x68, and has " D", 0x2044, where IPv6 has its payload length: 8,300 - 40.
  const mtu = 8300;
  const lookAlike = "x".repeat(mtu - 3) + "ho.. D".padEnd(mtu, ".") + "x".repeat(100);
  const datagrams = encodeControl(lookAlike, mtu);
  assert.ok(datagrams.every((datagram) => packetVersion(datagram, 0, datagram.length) === 0));
  assert.deepEqual(assemble(datagrams).at(-1), text(lookAlike));
  assert.equal(datagrams[1].length, mtu - 1);
});

Deno.test("the longest text is sent, a longer one is refused", () => {
  const longest = "x".repeat(MAX_CONTROL_LENGTH);
  const datagrams = encodeControl(longest, 1400);
  assert.deepEqual(datagrams[0].subarray(0, 3), octets(1, 0xff, 0xff));
  assert.deepEqual(assemble(datagrams).at(-1), text(longest));
  assert.throws(() => encodeControl(`${longest}x`, 1400), RangeError);
});

Deno.test("a header begins a new text, whatever was missing of the last", () => {
  const results = assemble([octets(1, 0, 9, "abc"), octets(1, 0, 2, "d"), octets("e"), octets(1, 0, 0)]);
  assert.deepEqual(results, [partial, partial, text("de"), text("")]);
});

Deno.test("what belongs to no text is told as stray", () => {
  assert.deepEqual(assemble([octets("abc"), octets(7), new Uint8Array()]), [stray, stray, stray]);
  assert.deepEqual(assemble([octets(1, 0, 1, "ab"), octets("c")]), [text("a"), stray]);
  assert.deepEqual(assemble([octets(1), octets(1, 0)]), [stray, stray]);
});

Deno.test("a header cut short does not disturb the text that is under way", () => {
  assert.deepEqual(assemble([octets(1, 0, 2, "a"), octets(1, 0), octets("b")]), [partial, stray, text("ab")]);
});

Deno.test("a letter of several octets may be cut anywhere", () => {
  const datagrams = encodeControl("host 10.0.0.1 \u00e9\u20ac", 1).slice(3);
  assert.deepEqual(assemble([octets(1, 0, 19), ...datagrams]).at(-1), text("host 10.0.0.1 \u00e9\u20ac"));
});

Deno.test("the assembler keeps no reference to a datagram's memory", () => {
  const assembler = new ControlAssembler();
  const buffer = octets(1, 0, 4, "ab");
  assembler.push(buffer);
  buffer.fill(0x78);
  assert.deepEqual(assembler.push(octets("cd")), text("abcd"));
});

Deno.test("commands are told apart by commas, words by spaces", () => {
  assert.deepEqual(parseControl("version 2,connect 172.17.0.0 172.18.0.0,dns a.example -b.example"), [
    { name: "version", words: ["2"] },
    { name: "connect", words: ["172.17.0.0", "172.18.0.0"] },
    { name: "dns", words: ["a.example", "-b.example"] },
  ]);
  assert.deepEqual(parseControl(" , reset ,,x  y "), [{ name: "reset", words: [] }, {
    name: "x",
    words: ["y"],
  }]);
  assert.deepEqual(parseControl(""), []);
});

Deno.test("a flood of heartbeats from forged addresses draws 4 KiB a second after the first 64", () => {
  const budget = new ControlBudget(0);
  let octets = 0;
  for (let now = 0; now < 10_000; now++) if (budget.take(3000, now)) octets += 3000;
  assert.ok(octets > 90_000 && octets <= 104 * 1024, String(octets));
});

Deno.test("the longest text goes when the budget is full", () => {
  const budget = new ControlBudget(0);
  assert.equal(budget.take(200_000, 0), true);
  assert.equal(budget.take(1, 0), false);
  assert.equal(budget.take(200_000, 16_000), true);
});
