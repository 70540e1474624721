import type { PathPreference } from "../../core/path/path_kind.ts";
import { Counter } from "../../core/counters.ts";
import type { IpAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import type { HeartbeatMac } from "../../core/protocol/heartbeat.ts";
import type { DataPlane, Message } from "../../dataplane/data_plane.ts";
import { CARRIED_PATHS, type CarriedPath } from "../../dataplane/path/path.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { openUdpSocket } from "../../ffi/udp/udp_socket.ts";
import type { BoundClient } from "../tunnel/client_link.ts";
import type { PathsStatus } from "../status/status_document.ts";
import { ClientLinks, type ClientLinksDeps } from "./client_links.ts";
import type { RunningClient } from "../docker/container_controller.ts";
import { EngineAttachment } from "./engine_attachment.ts";
import { PathSupervisor } from "./path_supervisor.ts";

export interface PathsDeps extends Omit<ClientLinksDeps, "onChange"> {
  readonly dataPlane: DataPlane;
  readonly preference: PathPreference;
  /** Packets go by this path from now on. */
  readonly onUse: (path: CarriedPath) => void;
}

/** The paths to the client: brings each up, hears the client on each, and lets `core/path/` choose. */
export class Paths implements AsyncDisposable {
  readonly #links: ClientLinks;
  readonly #supervisor: PathSupervisor;
  readonly #attachment: EngineAttachment;
  #preference: PathPreference;
  #container: RunningClient | undefined;

  constructor(readonly deps: PathsDeps) {
    const { dataPlane, preference } = deps;
    this.#preference = preference;
    this.#links = new ClientLinks({ ...deps, onChange: () => this.#follow() });
    this.#supervisor = new PathSupervisor({
      preference,
      dataPlane: {
        pathCounters: dataPlane.pathCounters,
        usePath: (path) => {
          dataPlane.usePath(path);
          deps.onUse(path);
        },
        tellOfTraffic: (sent) => dataPlane.tellOfTraffic(sent),
        // A client of the original would take a probe for a packet.
        probe: (path) => {
          if (path === "engine" || this.#links.udp?.description?.answersProbes === true) {
            dataPlane.probe(path);
          }
        },
      },
    });
    this.#attachment = new EngineAttachment({
      onOpened: ({ descriptor }) => {
        dataPlane.attachStream({ input: descriptor, output: descriptor, isFramed: true });
        this.#links.openStream();
      },
      onClosing: async () => {
        this.#links.closeStream();
        this.#supervisor.down("engine", "its stream is being closed");
        await dataPlane.detachStream();
      },
    });
    dataPlane.onRoundTrip = (path, milliseconds) => this.#supervisor.answer(path, milliseconds);
    dataPlane.onTraffic = () => this.#supervisor.noteTraffic();
    dataPlane.onStreamEnded = (reason) => {
      this.#links.closeStream();
      this.#supervisor.down("engine", reason);
      this.#attachment.lost(reason);
    };
  }

  /** The client that has made itself known. */
  get client(): BoundClient | undefined {
    return this.#links.client;
  }

  /** Where its datagrams come from; undefined while only the Engine leads to it. */
  get endpoint(): Endpoint | undefined {
    return this.#links.udp?.endpoint;
  }

  /** Heartbeats that were not accepted. */
  get refused(): number {
    return this.#links.refused;
  }

  get status(): PathsStatus {
    const { used = null, reason, states } = this.#supervisor;
    const { pathCounters } = this.deps.dataPlane;
    const { state: attached, fault } = this.#attachment.status;
    const unproven = attached === "open" ? "its client has not proven itself" : undefined;
    return {
      preference: this.#preference,
      inUse: used,
      reason,
      list: states.flatMap(({ kind, state, roundTripMs, reason }) => {
        const carried = CARRIED_PATHS.find((path) => path === kind);
        if (carried === undefined) return [];
        const counters = pathCounters[carried];
        const why = kind === "engine" && state === "down" ? fault ?? unproven ?? reason : reason;
        return [{
          kind,
          state,
          roundTripMs: roundTripMs ?? null,
          ...why === undefined ? {} : { reason: why },
          sent: {
            packets: counters[Counter["outbound.packets"]] ?? 0,
            bytes: counters[Counter["outbound.bytes"]] ?? 0,
          },
          received: {
            packets: counters[Counter["inbound.packets"]] ?? 0,
            bytes: counters[Counter["inbound.bytes"]] ?? 0,
          },
        }];
      }),
    };
  }

  handleMessage(message: Message, now: number): void {
    this.#links.handleMessage(message, now);
  }

  sendChange(change: string): void {
    this.#links.sendChange(change);
  }

  requireKey(proof: HeartbeatMac | undefined): void {
    this.#links.requireKey(proof);
  }

  /** Another path is wanted. */
  prefer(preference: PathPreference): void {
    this.#preference = preference;
    this.#supervisor.prefer(preference);
    this.setContainer(this.#container);
  }

  /** The container in which the client runs; undefined: none that is known. */
  setContainer(container: RunningClient | undefined): void {
    this.#container = container;
    this.#attachment.setContainer(this.#preference === "udp" ? undefined : container);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#supervisor[Symbol.dispose]();
    this.#links[Symbol.dispose]();
    await this.#attachment[Symbol.asyncDispose]();
  }

  #follow(): void {
    const { udp, stream } = this.#links;
    // A client of the original answers no probe: it is measured beside no other path.
    if (udp !== undefined && (udp.description?.answersProbes === true || stream === undefined)) {
      this.#supervisor.up("udp");
      void this.#expect(udp.endpoint.address);
    }
    if (stream !== undefined) this.#supervisor.up("engine");
  }

  async #expect(address: IpAddress): Promise<void> {
    this.#supervisor.expect(await isOwnAddress(address) ? "engine" : "udp");
  }
}

/**
 * Whether a client with this address is behind a network in user space: the program that is this network sends from sockets
 * of the desktop, so datagrams come from one of the desktop's own addresses. A socket can be bound to those alone.
 */
async function isOwnAddress(address: IpAddress): Promise<boolean> {
  try {
    (await openUdpSocket({ address, port: 0 })).close();
    return true;
  } catch (error) {
    if (error instanceof SystemError) return false;
    throw error;
  }
}
