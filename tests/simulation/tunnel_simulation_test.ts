import assert from "node:assert/strict";
import fc from "fast-check";
import { heartbeatMac } from "../../core/protocol/heartbeat_mac.ts";
import { HEARTBEAT_MS, MAX_DELAY_MS, TunnelWorld } from "./tunnel_world.ts";

/** Worlds to try; `deno task simulate` tries more. */
const RUNS = Number(Deno.env.get("SIMULATION_RUNS") ?? 100);
/** The longest pause before something lost is sent again or looked up again. */
const MAX_RESEND_MS = 30_000;
/** Once late datagrams have arrived, both ends are connected after two heartbeats and one repetition. */
const MAX_RECOVERY_MS = MAX_DELAY_MS + 2 * HEARTBEAT_MS + MAX_RESEND_MS + 1_000;
/** A clock that is further ahead lets recorded heartbeats bind later runs, as docs/internals/protocol.md says. */
const MAX_AHEAD_MS = 60_000;
const MAX_BEHIND_MS = 2 * 3_600_000;

const KEY = heartbeatMac("correct horse battery staple");
const WRONG_KEY = heartbeatMac("guess");

/** One thing that happens, after a wait. */
type Act = (world: TunnelWorld) => void;

const anySkew = fc.oneof(fc.constant(0), fc.integer({ min: -MAX_BEHIND_MS, max: MAX_AHEAD_MS }));
const anyPart = fc.double({ min: 0, max: 1, noNaN: true });
const anyAct: fc.Arbitrary<Act> = fc.oneof(
  fc.constant<Act>((world) => world.restartServer()),
  fc.boolean().map((moves): Act => (world) => world.restartClient(moves)),
  fc.constant<Act>((world) => world.moveServer()),
  fc.constant<Act>((world) => world.changeConfig()),
  fc.constant<Act>((world) => world.replay()),
  fc.constant<Act>((world) => {
    world.restartServer();
    world.replay();
  }),
  fc.constant<Act>((world) => world.heal()),
  fc.boolean().map((isOn): Act => (world) => world.hasTraffic = isOn),
  anySkew.map((skew): Act => (world) => world.skew = skew),
  fc.tuple(anyPart, anyPart, fc.integer({ min: 1, max: MAX_DELAY_MS })).map(
    ([loss, repetition, delay]): Act => (world) =>
      Object.assign(world, { loss, repetition, maxDelay: delay }),
  ),
);
const anyWait = fc.oneof(fc.nat({ max: 1_000 }), fc.nat({ max: 40_000 }));
const anyHistory = fc.array(fc.tuple(anyWait, anyAct), { maxLength: 20 });

async function live(world: TunnelWorld, history: readonly [number, Act][]): Promise<void> {
  for (const [wait, act] of history) {
    await world.clock.advance(wait);
    act(world);
  }
}

for (const [title, key] of [["with a key", KEY], ["without a key", undefined]] as const) {
  Deno.test(`simulation ${title}: whatever happened, a sound network connects both ends, and no replay binds`, () =>
    fc.assert(
      fc.asyncProperty(fc.integer(), anySkew, anyHistory, async (seed, skew, history) => {
        using world = new TunnelWorld({ seed, skew, serverKey: key, clientKey: key });
        await live(world, history);
        world.heal();
        await world.clock.advance(MAX_RECOVERY_MS);
        assert.equal(world.fault, undefined);
        if (key !== undefined) world.replay();
        await world.clock.advance(60_000);
        assert.equal(world.fault, undefined, "a minute later");
      }),
      { numRuns: RUNS },
    ));
}

Deno.test("simulation: a client with a wrong key, or none, never binds", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer(),
      anySkew,
      anyHistory,
      fc.constantFrom(WRONG_KEY, undefined),
      async (seed, skew, history, clientKey) => {
        using world = new TunnelWorld({ seed, skew, serverKey: KEY, clientKey });
        for (const step of history) {
          await live(world, [step]);
          assert.equal(world.bound, undefined);
        }
      },
    ),
    { numRuns: RUNS },
  ));
