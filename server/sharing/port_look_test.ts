import assert from "node:assert/strict";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { address } from "../../tests/literals.ts";
import { PortLook } from "./port_look.ts";

/** A sharing port with a firewall before it. */
class World {
  readonly clock = new FakeClock();
  isBlocked = false;
  isOpen = true;
  /** Datagrams that were lost for another reason. */
  lost = 0;
  /** Milliseconds until a datagram is counted. */
  delay = 1;
  sent = 0;
  arrived = 0;
  own = 0;
  listen = "0.0.0.0:2512";
  where: string | undefined = "10.9.0.1";
  readonly look = new PortLook({
    status: () => this.isOpen ? { listen: this.listen, drops: { malformed: this.arrived - this.own } } : null,
    noteOwn: (count) => this.own += count,
    addressOf: () => Promise.resolve(this.where === undefined ? undefined : address(this.where)),
    open: () =>
      Promise.resolve({
        send: () => {
          this.sent++;
          if (this.isBlocked || this.lost-- > 0) return;
          this.clock.after(this.delay, () => this.arrived++);
        },
        [Symbol.dispose]() {},
      }),
    clock: this.clock,
  });

  /** Looks so often, and tells after each whether the port counts as blocked. */
  async asks(count: number): Promise<boolean[]> {
    const found: boolean[] = [];
    for (let round = 0; round < count; round++) {
      let isOver = false;
      const asking = this.look.ask().then(() => isOver = true);
      for (let step = 0; !isOver && step < 50; step++) await this.clock.advance(20);
      await asking;
      found.push(this.look.fault !== undefined);
    }
    return found;
  }
}

Deno.test("an open port costs one datagram, and none of them is left in the drops", async () => {
  const world = new World();
  assert.deepEqual(await world.asks(5), [false, false, false, false, false]);
  assert.deepEqual([world.sent, world.arrived - world.own], [5, 0]);
});

Deno.test("a blocked port is told after two looks, and over with the first datagram that arrives", async () => {
  const world = new World();
  await world.asks(1);
  world.isBlocked = true;
  assert.deepEqual(await world.asks(1), [false]);
  assert.ok(world.look.isSuspect);
  assert.deepEqual(await world.asks(3), [true, true, true]);
  assert.equal(world.look.isSuspect, false);
  assert.equal(
    world.look.fault?.text,
    "Datagrams to 0.0.0.0:2512 do not arrive: this machine itself cannot reach 10.9.0.1:2512",
  );
  world.isBlocked = false;
  assert.deepEqual(await world.asks(2), [false, false]);
});

Deno.test("lost datagrams, and those that are counted late, are no fault", async () => {
  const world = new World();
  world.lost = 2;
  assert.deepEqual(await world.asks(1), [false]);
  world.delay = 900;
  assert.deepEqual(await world.asks(6), [false, false, false, false, false, false]);
});

Deno.test("without sharing, or an address that is known, nothing is sent and nothing told", async () => {
  const world = new World();
  world.isBlocked = true;
  assert.deepEqual(await world.asks(2), [false, true]);
  world.isOpen = false;
  assert.deepEqual([await world.asks(1), world.look.isOn], [[false], false]);
  world.isOpen = true;
  world.where = undefined;
  const { sent } = world;
  assert.deepEqual(await world.asks(3), [false, false, false]);
  assert.equal(world.sent, sent);
});

Deno.test("a look ends with the disposal and tells nothing", async () => {
  const world = new World();
  world.isBlocked = true;
  const asking = world.look.ask();
  await world.clock.advance(1);
  world.look[Symbol.dispose]();
  await asking;
  assert.deepEqual([world.look.fault, world.look.isSuspect], [undefined, false]);
});
