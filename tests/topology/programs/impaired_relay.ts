/**
 * A UDP relay that treats datagrams as a bad network does: `impaired_relay.ts PORT HOST SERVERPORT SEED`. Of a hundred
 * datagrams of either direction it loses one, delivers one twice and five behind some later ones; of a thousand it
 * changes one by a byte. What it sends carries a UDP checksum of its own, so only the packets' own sums can tell.
 *
 * It is as fast as the programs it stands between, for it moves datagrams as they do. A line on standard input is
 * answered by the counts so far, as JSON.
 *
 * @module
 */
import { COUNTER_BYTES } from "../../../core/counters.ts";
import { parseAddress } from "../../../core/net/address.ts";
import { DatagramList } from "../../../core/packet/datagram_list.ts";
import { PacketMemory } from "../../../ffi/packet_memory.ts";
import { Poller } from "../../../ffi/poll.ts";
import { LinuxUdpPort } from "../../../ffi/udp_port_linux.ts";
import { openLinuxUdpSocket } from "../../../ffi/udp_socket_linux.ts";

const LOST = 0.01;
const REORDERED = 0.05;
const DUPLICATED = 0.01;
const CORRUPTED = 0.001;

/** A late datagram goes after one to this many later ones. */
const LATEST = 8;
/** Datagrams that are sent in one go. */
const BATCH = 512;
/** Late datagrams whose bytes are kept; each is free again after the batch in which it was sent. */
const KEPT = 512;
const KEPT_SIZE = 9216;
/** `struct sockaddr_in` (netinet/in.h). */
const SOCKET_ADDRESS_SIZE = 16;

const [port = "", serverHost = "", serverPort = "", seed = "1"] = Deno.args;
const counts = { passed: 0, lost: 0, reordered: 0, duplicated: 0, corrupted: 0 };

/** A linear congruential generator (Knuth's MMIX is too wide; these are of Numerical Recipes, chapter 7.1). */
let state = Number(seed) >>> 0;
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

const memory = new PacketMemory(48 << 20);
const { u8 } = memory.arena;
const counters = new Float64Array(COUNTER_BYTES / Float64Array.BYTES_PER_ELEMENT);

function open(host: string, localPort: number) {
  const address = parseAddress(host);
  if (address === undefined) throw new Error(`${host} is no address`);
  return openLinuxUdpSocket({ address, port: localPort });
}

/** One direction: what `from` receives goes to `to`, at last. */
class Direction {
  readonly #list = new DatagramList(memory.arena, BATCH + 2);
  readonly #kept = memory.arena.allocate(KEPT * KEPT_SIZE, 64);
  readonly #lengths = new Int32Array(KEPT);
  /** By kept datagram: how many datagrams have been seen when it goes. */
  readonly #due = new Float64Array(KEPT);
  #first = 0;
  #end = 0;
  #seen = 0;

  constructor(readonly from: LinuxUdpPort, readonly to: LinuxUdpPort) {}

  /** Whether late datagrams wait for later ones. */
  get isLate(): boolean {
    return this.#first !== this.#end;
  }

  /** Moves what there is. */
  drain(): void {
    const { from } = this;
    const runs = from.receive();
    for (let run = 0; run < runs; run++) {
      if (!from.runIsFrom(run, 0)) {
        from.setEndpoint(0, from.runSource(run).slice(0, SOCKET_ADDRESS_SIZE));
      }
      const segment = from.runSegment(run);
      const end = from.runOffset(run) + from.runLength(run);
      for (let at = from.runOffset(run); at < end; at += segment) this.#take(at, Math.min(segment, end - at));
    }
    this.#send();
  }

  /** Sends the late datagrams: no later one has come. */
  settle(): void {
    this.#release(Infinity);
    this.#send();
  }

  #take(at: number, length: number): void {
    this.#seen++;
    if (random() < LOST) counts.lost++;
    else {
      if (random() < CORRUPTED) {
        u8[at + Math.floor(random() * length)] ^= 1 + Math.floor(random() * 255);
        counts.corrupted++;
      }
      if (random() < REORDERED && length <= KEPT_SIZE) this.#keep(at, length);
      else {
        this.#push(at, length);
        if (random() < DUPLICATED) {
          this.#push(at, length);
          counts.duplicated++;
        }
      }
    }
    this.#release(this.#seen);
  }

  #keep(at: number, length: number): void {
    const slot = this.#end++ % KEPT;
    u8.copyWithin(this.#kept + slot * KEPT_SIZE, at, at + length);
    this.#lengths[slot] = length;
    this.#due[slot] = this.#seen + 1 + Math.floor(random() * LATEST);
    counts.reordered++;
  }

  #release(seen: number): void {
    for (; this.#first < this.#end; this.#first++) {
      const slot = this.#first % KEPT;
      if (this.#due[slot] > seen) return;
      this.#push(this.#kept + slot * KEPT_SIZE, this.#lengths[slot]);
    }
  }

  #push(at: number, length: number): void {
    counts.passed++;
    this.#list.pushWhole(at, length);
    if (this.#list.count >= BATCH) this.#send();
  }

  #send(): void {
    if (this.#list.count > 0) this.to.send(this.#list);
    this.#list.clear();
  }
}

const downstream = open("0.0.0.0", Number(port));
const upstream = open("0.0.0.0", 0);
const address = parseAddress(serverHost);
if (address === undefined) throw new Error(`${serverHost} is no address`);
upstream.connect({ address, port: Number(serverPort) });
const attach = (descriptor: number, connected: boolean) =>
  new LinuxUdpPort(memory, { descriptor, connected, offload: true }, counters);
const towardsClient = attach(downstream.descriptor, false);
const towardsServer = attach(upstream.descriptor, true);
const directions = [
  new Direction(towardsClient, towardsServer),
  new Direction(towardsServer, towardsClient),
];

/** File descriptor of standard input. */
const INPUT = 0;
const poller = new Poller(memory, [INPUT, downstream.descriptor, upstream.descriptor]);
const line = new Uint8Array(256);
console.log(JSON.stringify({ listening: downstream.localEndpoint().port }));
for (;;) {
  const late = directions.filter(({ isLate }) => isLate);
  poller.wait(late.length > 0 ? 1 : 1000);
  const ready = directions.filter((_, index) => poller.isReady(index + 1));
  if (ready.length === 0) { for (const direction of late) direction.settle(); }
  for (const direction of ready) direction.drain();
  if (!poller.isReady(INPUT)) continue;
  if (Deno.stdin.readSync(line) === null) break;
  console.log(JSON.stringify(counts));
}
