/**
 * A data plane with sessions at a test's hand, without handshakes: `session_end.ts JSON` with the settings of
 * `SessionEndSettings`. Each line on standard input is a step of `SessionStep` as JSON, answered by a line with what
 * it gave; what the data plane tells in between is printed as lines `{"event": ...}`. It ends with its input.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { createInterface } from "node:readline";
import { addressFromUint32, parseAddress } from "../../../core/net/address.ts";
import { formatEndpoint, parseEndpoint } from "../../../core/net/endpoint.ts";
import { parsePrefix } from "../../../core/net/prefix.ts";
import { COUNTERS } from "../../../core/counters.ts";
import { SESSION_LIMITS } from "../../../core/wireguard/limits.ts";
import { DataPlane } from "../../../dataplane/data_plane.ts";
import { SessionController } from "../../../dataplane/sessions/session_controller.ts";
import { openTun } from "../../../ffi/tun/tun.ts";
import { openUdpSocket, socketAddressCodec, type UdpSocket } from "../../../ffi/udp/udp_socket.ts";
import type { SessionEndSettings, SessionStep } from "../session_end.ts";

const NOWHERE = addressFromUint32(0);
const codec = socketAddressCodec(4);

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a step names something that is not there");
  return value;
}

// Not by Uint8Array.fromHex, which the Deno of the compiled programs may not have.
const octets = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const address = (text: string) => needed(parseAddress(text));
const encoded = (text: string) => codec.encode(needed(parseEndpoint(text)));
const print = (line: unknown) => console.log(JSON.stringify(line));
const tell = (event: string, facts: Record<string, unknown>) => print({ event, ...facts });

const settings: SessionEndSettings = JSON.parse(Deno.args[0] ?? "");
const plane = new DataPlane();
const tun = await openTun({ name: settings.tun, offload: settings.offload });
const clientPort = settings.role === "server" ? { address: NOWHERE, port: 2511 } : undefined;
const udp = clientPort === undefined ? undefined : await openUdpSocket(clientPort);
await plane.start({
  role: settings.role,
  tun,
  ...udp === undefined ? {} : { udp },
  offload: settings.offload,
  onNotice: (line) => tell("notice", { line }),
  onMessage: () => {},
});

let exposed: UdpSocket | undefined;
let sessions: SessionController | undefined;

async function attach(step: Extract<SessionStep, { do: "attach" }>): Promise<unknown> {
  const socket = await openUdpSocket({ address: NOWHERE, port: step.port });
  exposed = socket;
  sessions = await SessionController.attach(plane, {
    socket,
    offload: settings.offload,
    slots: step.slots,
    cipher: step.cipher,
    onDatagram: (bytes, source) => {
      const from = codec.decode(source);
      tell("datagram", { hex: hex(bytes), from: from && formatEndpoint(from) });
    },
    onText: (slot, bytes) => tell("text", { slot, hex: hex(bytes) }),
    onWanted: (slot) => tell("wanted", { slot }),
    onConfirmed: (slot, localIndex) => tell("confirmed", { slot, localIndex }),
    onNotice: (line) => tell("notice", { line }),
  });
  sessions.failure.catch((error) => tell("failed", { message: String(error) }));
  return { backend: sessions.backend };
}

function report(to: SessionController, slot: number): unknown {
  const endpoint = to.endpoint(slot);
  const counts = Object.keys(COUNTERS).map((name, index) => [name, to.counters[index] ?? 0] as const);
  return {
    facts: to.stats(slot),
    traffic: to.traffic(slot),
    now: performance.now(),
    endpoint: endpoint && formatEndpoint(endpoint),
    counters: Object.fromEntries(counts.filter(([, count]) => count !== 0)),
  };
}

async function carryOut(step: SessionStep): Promise<unknown> {
  if (step.do === "attach") return await attach(step);
  if (step.do === "client") return plane.bindPeer(encoded(step.endpoint));
  const to = needed(sessions);
  switch (step.do) {
    case "detach":
      await to.detach();
      exposed?.close();
      sessions = undefined;
      return;
    case "session": {
      const endpoint = step.endpoint === undefined ? {} : { endpoint: encoded(step.endpoint) };
      const legacy = step.legacy ?? false;
      return to.setSession(step.slot, { address: address(step.address), legacy, ...endpoint });
    }
    case "remove":
      return to.removeSession(step.slot);
    case "keys":
      return to.installKeys(
        step.slot,
        {
          ...step,
          send: octets(step.send),
          receive: octets(step.receive),
        },
        step.endpoint === undefined ? undefined : encoded(step.endpoint),
        { ...SESSION_LIMITS, ...step.limits },
      );
    case "expire":
      return to.expireKeys(step.slot, step.localIndex);
    case "routes":
      return to.setExposedRoutes(step.prefixes.map((prefix) => needed(parsePrefix(prefix))));
    case "answers":
      return to.setLocalResponder({
        ownAddress: address(step.ownAddress),
        clientAddress: address(step.clientAddress),
        virtualNetwork: needed(parsePrefix(`${step.ownAddress}/24`)),
        answerEcho: step.pong,
        legacy: step.legacy,
      });
    case "text":
      return to.sealAndSend(step.slot, octets(step.hex));
    case "report":
      return report(to, step.slot);
  }
}

print("ready");
for await (const line of createInterface({ input: process.stdin })) {
  print({ result: await carryOut(JSON.parse(line)) ?? null });
}
await sessions?.detach();
await plane.stop();
exposed?.close();
udp?.close();
tun.close();
