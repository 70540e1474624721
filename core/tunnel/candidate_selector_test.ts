import assert from "node:assert/strict";
import { parseAddress } from "../net/address.ts";
import { CandidateSelector, type ServerCandidate } from "./candidate_selector.ts";

function place(host: string, text: string): ServerCandidate {
  const address = parseAddress(text);
  assert.ok(address);
  return { host, address };
}

const A = place("a", "192.0.2.1");
const B = place("b", "192.0.2.2");
const C = place("c", "192.0.2.3");

/** The hosts that a silent server is looked for at, one after the other. */
function walk(
  selector: CandidateSelector,
  found: readonly ServerCandidate[],
  current: ServerCandidate,
  steps: number,
): string {
  const hosts: string[] = [];
  for (let step = 0; step < steps; step++) {
    current = selector.next(found, current) ?? current;
    hosts.push(current.host);
  }
  return hosts.join("");
}

Deno.test("a named host is stayed with as long as it has the address, and followed to another", () => {
  const selector = new CandidateSelector(false);
  assert.equal(selector.next([B, A], A), undefined);
  assert.equal(selector.next([], A), undefined);
  assert.equal(selector.next([B, C], A), B);
});

Deno.test("before the server was ever heard, each place has its turn", () => {
  assert.equal(walk(new CandidateSelector(true), [A, B, C], A, 7), "bcabcab");
  assert.equal(walk(new CandidateSelector(true), [A], A, 3), "aaa");
});

Deno.test("names of one address are one place, under the first name", () => {
  const again = place("again", "192.0.2.1");
  assert.equal(walk(new CandidateSelector(true), [A, again, B], A, 4), "baba");
});

Deno.test("where the server answered is left late, and come back to between the others", () => {
  const selector = new CandidateSelector(true);
  selector.onReceive(A);
  assert.equal(walk(selector, [A, B, C], A, 8), "abacabac");
});

Deno.test("a place that answers becomes the one to come back to", () => {
  const selector = new CandidateSelector(true);
  selector.onReceive(A);
  selector.onReceive(C);
  assert.equal(walk(selector, [A, B, C], C, 6), "cacbca");
});

Deno.test("a place whose address changed, or that is gone, is left for the most likely one", () => {
  const selector = new CandidateSelector(true);
  selector.onReceive(A);
  assert.equal(walk(selector, [B, C], A, 4), "bcbc");
});
