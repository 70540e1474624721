import assert from "node:assert/strict";
import fc from "fast-check";
import { commitCounter, REPLAY_WINDOW, REPLAY_WINDOW_WORDS, validateCounter } from "./replay_filter.ts";

/** The slow twin: all counters ever accepted. */
class Twin {
  readonly #accepted = new Set<number>();
  #highest = -1;

  commitCounter(counter: number): boolean {
    if (this.#accepted.has(counter) || this.#highest - counter >= REPLAY_WINDOW) return false;
    this.#accepted.add(counter);
    this.#highest = Math.max(this.#highest, counter);
    return true;
  }
}

// Around the places where words, the ring and halves of the number end, and mostly near each other.
const anyStart = fc.constantFrom(0, 31, 8160, 8191, 2 ** 32 - 40, 2 ** 40, 2 ** 53 - 2 ** 13 - 40_000);
const anyStep = fc.oneof(
  fc.integer({ min: -40, max: 40 }),
  fc.constantFrom(-8193, -8192, -8161, -8160, -8159, 8159, 8160, 8161, 8191, 8192, 8193),
  fc.integer({ min: -9000, max: 9000 }),
);

Deno.test("counters are accepted as by the slow twin, and the neighbouring windows stay as they are", () => {
  fc.assert(fc.property(anyStart, fc.array(anyStep, { maxLength: 200 }), (start, steps) => {
    const words = new Uint32Array(3 * REPLAY_WINDOW_WORDS).fill(0xa5a5a5a5);
    const base = REPLAY_WINDOW_WORDS;
    words.fill(0, base, base + REPLAY_WINDOW_WORDS);
    const twin = new Twin();
    let counter = start;
    for (const step of [0, ...steps]) {
      counter = Math.max(0, counter + step);
      const before = words.slice();
      const expected = twin.commitCounter(counter);
      assert.equal(validateCounter(words, base, counter), expected);
      assert.deepEqual(words, before, "asking changes nothing");
      assert.equal(commitCounter(words, base, counter), expected);
      if (!expected) assert.deepEqual(words, before, "a refused counter changes nothing");
    }
    for (const place of [0, 2 * REPLAY_WINDOW_WORDS]) {
      const neighbour = words.subarray(place, place + REPLAY_WINDOW_WORDS);
      assert.ok(neighbour.every((word) => word === 0xa5a5a5a5));
    }
  }));
});

Deno.test("a stream in order, doubled and reversed in batches comes in once each", () => {
  const words = new Uint32Array(REPLAY_WINDOW_WORDS);
  let accepted = 0;
  for (let batch = 0; batch < 100; batch++) {
    for (const round of [0, 1]) {
      for (let index = 999; index >= 0; index--) {
        const counter = batch * 1000 + index;
        if (commitCounter(words, 0, counter)) accepted++;
        else assert.equal(round, 1, `${counter} was refused at its first coming`);
      }
    }
  }
  assert.equal(accepted, 100_000);
});
