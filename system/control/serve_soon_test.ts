import assert from "node:assert/strict";
import { OperationError } from "../../core/error.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { serveSoon } from "./serve_soon.ts";

/** What the system says of a file system that cannot be written: errno 30. */
function readOnly(): OperationError {
  const cause = Object.assign(new Error("Read-only file system (os error 30)"), { code: "EROFS" });
  return new OperationError("io", "Cannot open control socket /s: it cannot be written", "", { cause });
}

/** A socket that can be opened once `isWritable` is true. */
class Site {
  readonly clock = new FakeClock();
  readonly told: string[] = [];
  readonly events: string[] = [];
  isWritable = false;

  serve(): Promise<AsyncDisposable> {
    return serveSoon(
      () => {
        if (!this.isWritable) return Promise.reject(readOnly());
        this.events.push("open");
        return Promise.resolve({
          [Symbol.asyncDispose]: () => Promise.resolve(void this.events.push("closed")),
        });
      },
      ({ message }) => this.told.push(message),
      this.clock,
    );
  }
}

Deno.test("a socket whose file system cannot be written is told once, and opened when that can be", async () => {
  const site = new Site();
  const served = await site.serve();
  await site.clock.advance(60_000);
  assert.deepEqual([site.told.length, site.events], [1, []]);
  site.isWritable = true;
  await site.clock.advance(30_000);
  assert.deepEqual(site.events, ["open"]);
  await served[Symbol.asyncDispose]();
  assert.deepEqual(site.events, ["open", "closed"]);
});

Deno.test("a program that ends before does not open it any more", async () => {
  const site = new Site();
  const served = await site.serve();
  await served[Symbol.asyncDispose]();
  site.isWritable = true;
  await site.clock.advance(60_000);
  assert.deepEqual(site.events, []);
});

Deno.test("a socket that another run serves is a failure at once", async () => {
  const fault = new OperationError("io", "Cannot open control socket /s: another one runs", "Stop it first");
  await assert.rejects(serveSoon(() => Promise.reject(fault), () => {}, new FakeClock()), fault);
});
