import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeClock } from "../../tests/fakes/clock.ts";
import { keysOfPair } from "./handshake_fixture.ts";
import { IndexTable } from "./index_table.ts";
import { Keypairs } from "./keypairs.ts";
import { classifyMessage, INITIATION, KEY_LENGTH } from "./message.ts";
import { Peer } from "./peer.ts";
import { PeerSession, type SessionAction } from "./peer_session.ts";
import { commitCounter, REPLAY_WINDOW_WORDS, validateCounter } from "./replay_filter.ts";
import { consumeInitiation, type TransportKeys } from "./handshake.ts";

/** Seconds of good network after which both ends must hear each other again: silence 15, pause 5, jitter and ticks. */
const HEALED_AFTER = 23;
/** Milliseconds between two ticks, as at the server. */
const TICK = 500;
const SOURCE = new Uint8Array(4);

/** A stretch of time with one kind of network. */
interface Phase {
  readonly seconds: number;
  /** Of 100 datagrams, so many are lost, sent twice, or sent again some minutes later. */
  readonly loss: number;
  readonly duplicates: number;
  readonly replays: number;
  readonly maxDelayMs: number;
  /** Seconds between the packets of each end; 0: none. */
  readonly accessorEvery: number;
  readonly serverEvery: number;
  /** Seconds by which the wall clock is set, forward or back. */
  readonly wallShift: number;
}

const GOOD: Phase = {
  ...{ seconds: 60, loss: 0, duplicates: 0, replays: 0, maxDelayMs: 20 },
  ...{ accessorEvery: 1, serverEvery: 1, wallShift: 0 },
};

interface Packet {
  readonly id: number;
  readonly index: number;
  readonly counter: number;
  readonly key: string;
  readonly isData: boolean;
}

type Datagram = Uint8Array<ArrayBuffer> | Packet;

interface Pair extends Pick<TransportKeys, "localIndex" | "remoteIndex"> {
  readonly send: string;
  readonly receive: string;
  readonly createdAt: number;
  readonly window: Uint32Array;
  counter: number;
}

/** One end: a session, and the packet path in its shortest form. A packet is authentic if it names the right key. */
class End {
  readonly session: PeerSession;
  readonly received = new Set<number>();
  readonly #pairs = new Keypairs<Pair>();
  readonly #indices = new IndexTable<void>();
  readonly #traffic = {
    ...{ dataSentAt: -Infinity, dataReceivedAt: -Infinity, sentAt: -Infinity, receivedAt: -Infinity },
    counter: 0,
  };
  #isHandshakeNeeded = false;

  constructor(
    readonly peer: Peer,
    readonly clock: FakeClock,
    readonly random: () => number,
    readonly send: (datagram: Datagram) => void,
    /** An accessor never gives up. */
    readonly isAccessor: boolean,
  ) {
    this.session = new PeerSession(peer, {
      perform: (action) => this.#perform(action),
      traffic: () => ({ ...this.#traffic, counter: this.#pairs.current?.counter ?? 0 }),
      fillRandom: (bytes) => bytes.forEach((_, at) => bytes[at] = this.random() * 256),
    });
  }

  get current(): Pair | undefined {
    const current = this.#pairs.current;
    return current !== undefined && this.#serves(current) ? current : undefined;
  }

  has(key: string): boolean {
    return this.#pairs.all.some((pair) => pair.receive === key && this.#serves(pair));
  }

  sendPacket(id: number, isData = true): void {
    const now = this.clock.now();
    const pair = this.current;
    if (pair === undefined) {
      if (!this.#isHandshakeNeeded) this.session.handshakeNeeded(now);
      this.#isHandshakeNeeded = true;
      return;
    }
    this.send({ id, index: pair.remoteIndex, counter: pair.counter++, key: pair.send, isData });
    this.#traffic.sentAt = now;
    if (isData) this.#traffic.dataSentAt = now;
  }

  handle(datagram: Datagram): void {
    const now = this.clock.now();
    if (!(datagram instanceof Uint8Array)) return this.#receive(datagram, now);
    if (classifyMessage(datagram, 0, datagram.length) !== INITIATION) {
      return void this.session.handleReply(datagram, SOURCE, now);
    }
    const localIndex = this.#indices.allocate();
    const ephemeralKey = Uint8Array.from({ length: KEY_LENGTH }, () => this.random() * 256);
    const result = consumeInitiation(this.peer, datagram, { localIndex, ephemeralKey, now });
    if (typeof result === "string") return this.#indices.release(localIndex);
    this.session.handshakeResponderDerived(result.keys, SOURCE, now);
    this.send(result.message);
  }

  tick(): void {
    const now = this.clock.now();
    this.session.tick(now);
    for (const { createdAt } of this.#pairs.all) {
      assert.ok(now - createdAt <= 180_000 + TICK, `keys of ${now - createdAt} ms`);
    }
    assert.ok(this.#indices.size <= 4, `${this.#indices.size} indices for three pairs and a handshake`);
    const isUsable = this.session.state === "established" || this.session.state === "rekeying";
    assert.equal(isUsable, this.session.canSend(now), this.session.state);
  }

  #receive(packet: Packet, now: number): void {
    const pair = this.#pairs.all.find(({ localIndex }) => localIndex === packet.index);
    if (pair === undefined || !this.#serves(pair) || pair.receive !== packet.key) return;
    if (!validateCounter(pair.window, 0, packet.counter)) return;
    commitCounter(pair.window, 0, packet.counter);
    assert.ok(!this.received.has(packet.id), `packet ${packet.id} is accepted twice`);
    this.received.add(packet.id);
    this.#traffic.receivedAt = now;
    if (packet.isData) this.#traffic.dataReceivedAt = now;
    const isNext = this.#pairs.next === pair;
    this.#pairs.receivedWithKeypair(pair);
    if (isNext) this.session.keyConfirmed(pair.localIndex, now);
  }

  #serves({ createdAt }: Pair): boolean {
    return this.clock.now() - createdAt < 180_000;
  }

  #perform(action: SessionAction): void {
    switch (action.kind) {
      case "initiate": {
        const times = { wallClock: this.clock.wallClock(), now: action.now };
        return this.send(this.session.createInitiation({ localIndex: this.#indices.allocate(), ...times }));
      }
      case "install-keys": {
        const { send, receive, localIndex, remoteIndex, initiator } = action.keys;
        const pair: Pair = {
          ...{ localIndex, remoteIndex, send: send.toHex(), receive: receive.toHex(), counter: 0 },
          ...{ createdAt: this.clock.now(), window: new Uint32Array(REPLAY_WINDOW_WORDS) },
        };
        if (initiator) this.#pairs.handshakeInitiatorComplete(pair);
        else this.#pairs.handshakeResponderDerived(pair);
        this.#isHandshakeNeeded = false;
        return;
      }
      case "expire-keys":
        this.#pairs.expire(({ localIndex }) => localIndex === action.localIndex);
        return this.#indices.release(action.localIndex);
      case "release-index":
        return this.#indices.release(action.localIndex);
      case "keepalive":
        return this.sendPacket(nextId++, false);
      case "established":
        return this.sendPacket(nextId++, false);
      case "flush-staged-packets":
        this.#isHandshakeNeeded = false;
        if (this.isAccessor) this.session.handshakeNeeded(action.now);
        return;
      case "zero-key-material":
        // As the server does, which frees the slot.
        if (this.isAccessor) return;
        this.#isHandshakeNeeded = false;
        this.session.stop();
    }
  }
}

let nextId = 0;

/** A number from 0 to 1, the same row for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 0x1_0000_0000;
  };
}

/** Runs two ends through the phases, then through a good minute, and checks that they hear each other. */
async function simulate(phases: readonly Phase[], seed: number): Promise<void> {
  nextId = 0;
  const random = randomFrom(seed);
  const clock = new FakeClock(1e12);
  let network = GOOD;
  const recorded: (() => void)[] = [];
  const link = (to: () => End) => (datagram: Datagram) => {
    const deliver = () => void clock.after(random() * network.maxDelayMs, () => to().handle(datagram));
    const percent = () => random() * 100;
    if (percent() < network.replays) recorded.push(deliver);
    if (percent() < network.loss) return;
    deliver();
    if (percent() < network.duplicates) deliver();
  };
  const [one, other] = keysOfPair();
  const accessor: End = new End(new Peer(one), clock, random, link(() => server), true);
  const server: End = new End(new Peer(other), clock, random, link(() => accessor), false);
  accessor.session.handshakeNeeded(0);
  const run = async (phase: Phase) => {
    network = phase;
    clock.setWallClock(clock.wallClock() + phase.wallShift * 1000);
    for (let step = 0; step < phase.seconds * 1000 / TICK; step++) {
      for (const [end, every] of [[accessor, phase.accessorEvery], [server, phase.serverEvery]] as const) {
        if (every > 0 && step % (every * 1000 / TICK) === 0) end.sendPacket(nextId++);
        end.tick();
      }
      if (recorded.length > 100 || random() < 0.01) { for (const replay of recorded.splice(0)) replay(); }
      await clock.advance(TICK);
    }
  };
  for (const phase of phases) await run(phase);
  await run({ ...GOOD, seconds: HEALED_AFTER });
  for (const [from, to] of [[accessor, server], [server, accessor]] as const) {
    assert.ok(from.current !== undefined && to.has(from.current.send), `${from.isAccessor}: no common key`);
    const id = nextId++;
    from.sendPacket(id);
    await clock.advance(100);
    assert.ok(to.received.has(id), `${from.isAccessor}: a packet is lost on a good network`);
  }
}

const phase: fc.Arbitrary<Phase> = fc.record({
  seconds: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 200, max: 1500 })),
  loss: fc.oneof(fc.constantFrom(0, 100), fc.integer({ min: 0, max: 95 })),
  duplicates: fc.integer({ min: 0, max: 50 }),
  replays: fc.integer({ min: 0, max: 20 }),
  maxDelayMs: fc.constantFrom(1, 50, 500, 5_000, 20_000),
  accessorEvery: fc.constantFrom(0, 1, 10, 60),
  serverEvery: fc.constantFrom(0, 1, 10, 60),
  wallShift: fc.constantFrom(0, 0, 0, -86_400, -5, 5, 86_400),
});

Deno.test("two ends on a lossy, reordering, duplicating link: a common key when it heals, no key too old, no packet twice", async () => {
  const numRuns = Number(Deno.env.get("SIMULATION_RUNS") ?? 8);
  await fc.assert(
    fc.asyncProperty(fc.array(phase, { minLength: 1, maxLength: 6 }), fc.integer(), simulate),
    { numRuns },
  );
});

Deno.test("an end whose attempts were given up and cleared begins again when the link heals", async () => {
  const dead: Phase = { ...GOOD, seconds: 631, loss: 100, maxDelayMs: 1 };
  await simulate([dead, { ...GOOD, seconds: 200, maxDelayMs: 1, accessorEvery: 0, serverEvery: 0 }], 0);
});
