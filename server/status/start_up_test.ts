import assert from "node:assert/strict";
import { ProgressLine } from "../../cli/progress_line.ts";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { showStartUp, type StartUpState } from "./start_up.ts";

const container = (state: "pending" | "running" | "not-required") => ({ name: "c", state, image: null });

Deno.test("a start shows what it waits for, until packets have a path", async () => {
  let written = "";
  const clock = new FakeClock();
  const line = new ProgressLine((text) => void (written += text), () => 80);
  let state: StartUpState = { docker: { state: "connecting", container: null }, isUp: false };
  using _start = showStartUp(line, () => state, clock);
  assert.match(written, / 25 % starting: waiting for Docker/);
  state = { docker: { state: "connected", container: container("pending") }, isUp: false };
  await clock.advance(200);
  assert.match(written, / 50 % starting: the client container is made ready/);
  state = { docker: { state: "connected", container: container("running") }, isUp: false };
  await clock.advance(200);
  assert.match(written, / 75 % starting: waiting for the client/);
  written = "";
  state = { ...state, isUp: true };
  await clock.advance(200);
  assert.equal(written, "\r\x1b[K");
  assert.equal(clock.nextDue, undefined);
});

Deno.test("where no tunnel is required, and after a minute, it shows nothing", async () => {
  let written = "";
  const clock = new FakeClock();
  const line = new ProgressLine((text) => void (written += text), () => 80);
  showStartUp(
    line,
    () => ({ docker: { state: "connected", container: container("not-required") }, isUp: false }),
    clock,
  );
  assert.equal(written, "");
  showStartUp(line, () => ({ docker: { state: "connecting", container: null }, isUp: false }), clock);
  await clock.advance(61_000);
  assert.ok(written.endsWith("\r\x1b[K"));
  assert.equal(clock.nextDue, undefined);
});
