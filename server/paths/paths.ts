import type { PathKind, PathPreference } from "../../core/path/path_kind.ts";
import { formatDirect } from "../../core/protocol/direct_command.ts";
import { Counter } from "../../core/counters.ts";
import { formatAddress, type IpAddress } from "../../core/net/address.ts";
import type { Endpoint } from "../../core/net/endpoint.ts";
import type { HeartbeatMac } from "../../core/protocol/heartbeat.ts";
import type { DataPlane, Message } from "../../dataplane/data_plane.ts";
import type { CarriedPath } from "../../dataplane/path/path.ts";
import type { DirectWay } from "../../system/routing/direct_way_linux.ts";
import { SystemError } from "../../ffi/libc/errno.ts";
import { openUdpSocket } from "../../ffi/udp/udp_socket.ts";
import type { BoundClient, Refusal } from "../tunnel/client_link.ts";
import type { PathsStatus } from "../status/status_document.ts";
import { ClientLinks, type ClientLinksDeps } from "./client_links.ts";
import type { RunningClient } from "../docker/container_controller.ts";
import type { DirectPath, DirectPathDeps } from "./direct_path.ts";
import type { EngineAttachment } from "./engine_attachment.ts";
import { PathSupervisor } from "./path_supervisor.ts";

/** Why a path that is open carries nothing. */
const UNPROVEN = "its client has not proven itself";

export interface PathsDeps extends Omit<ClientLinksDeps, "onChange" | "onPathUnbound" | "revisionText"> {
  /** The full control text of a revision; `direct` is the command of the direct path, where the client knows that. */
  readonly revisionText: (revision: number, direct: string | undefined) => string;
  /** Leads this machine's packets without the tunnel; undefined: through it again. */
  readonly lead: (way: DirectWay | undefined) => void;
  readonly dataPlane: DataPlane;
  readonly preference: PathPreference;
  /** Packets go by this path from now on. */
  readonly onUse: (path: CarriedPath) => void;
}

/** What `Paths` does of what the direct path asks for. */
export type OwnDirectDeps = Omit<DirectPathDeps, "interfaceName">;

/** The paths to the client: brings each up, hears the client on each, and lets `core/path/` choose. */
export class Paths implements AsyncDisposable {
  /** Told when packets take another path. */
  onSwitched = (): void => {};
  readonly #links: ClientLinks;
  readonly #supervisor: PathSupervisor;
  /** Its code is loaded with the first container, so that the tunnel starts sooner. */
  #attachment: EngineAttachment | undefined;
  #attaching: Promise<void> = Promise.resolve();
  /** Undefined before {@linkcode openDirect}, and where the system cannot route so. */
  #direct: DirectPath | undefined;
  #preference: PathPreference;
  #container: RunningClient | undefined;

  constructor(readonly deps: PathsDeps) {
    const { dataPlane, preference } = deps;
    this.#preference = preference;
    this.#links = new ClientLinks({
      ...deps,
      revisionText: (revision, description) => {
        const terms = description?.direct === undefined ? undefined : formatDirect(this.#direct?.terms);
        return deps.revisionText(revision, terms);
      },
      onDescription: (description) => {
        this.#direct?.setAddresses(description.direct ?? []);
        deps.onDescription?.(description);
      },
      onChange: () => this.#follow(),
      onPathUnbound: (path) => {
        if (path === "udp") this.#supervisor.down("udp", UNPROVEN);
        else this.reopen(UNPROVEN);
      },
    });
    this.#supervisor = new PathSupervisor({
      preference,
      probeDirect: () => this.#direct?.probe(),
      useDirect: (isUsed) => {
        deps.lead(this.#direct?.use(isUsed));
        this.onSwitched();
      },
      dataPlane: {
        pathCounters: dataPlane.pathCounters,
        usePath: (path) => {
          dataPlane.usePath(path);
          deps.onUse(path);
          this.onSwitched();
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
    dataPlane.onRoundTrip = (path, milliseconds) => this.#supervisor.answer(path, milliseconds);
    dataPlane.onTraffic = () => this.#supervisor.noteTraffic();
    dataPlane.onStreamEnded = (reason) => {
      this.#links.closeStream();
      this.#supervisor.down("engine", reason);
      this.#attachment?.lost(reason);
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

  /** The key that clients must prove; undefined: none. */
  get proof(): HeartbeatMac | undefined {
    return this.#links.proof;
  }

  /** Whether that is still to be decided. */
  get keyPending(): boolean {
    return this.#links.keyPending;
  }

  /** Heartbeats that were not accepted. */
  get refused(): number {
    return this.#links.refused;
  }

  /** The last of them. */
  get refusal(): Refusal | undefined {
    return this.#links.refusal;
  }

  /** The round trip of the path in use, in milliseconds; undefined: not measured. */
  get roundTripMs(): number | undefined {
    const { used, states } = this.#supervisor;
    return states.find(({ kind }) => kind === used)?.roundTripMs;
  }

  get status(): PathsStatus {
    const { used = null, reason, states } = this.#supervisor;
    const { pathCounters } = this.deps.dataPlane;
    const { state: attached, fault, remedy } = this.#attachment?.status ?? {};
    const unproven = attached === "open" ? UNPROVEN : undefined;
    return {
      preference: this.#preference,
      inUse: used,
      reason,
      list: states.map(({ kind, state, roundTripMs, reason }) => {
        const way = this.#direct?.way;
        if (kind === "direct") {
          return {
            kind,
            state,
            roundTripMs: roundTripMs ?? null,
            ...reason === undefined ? {} : { reason },
            ...way === undefined ? {} : { address: formatAddress(way.machine), interface: way.interfaceName },
          };
        }
        const counters = pathCounters[kind];
        const isEngineDown = kind === "engine" && state === "down";
        const why = isEngineDown ? fault ?? unproven ?? reason : reason;
        return {
          kind,
          state,
          roundTripMs: roundTripMs ?? null,
          ...why === undefined ? {} : { reason: why },
          ...isEngineDown && remedy !== undefined ? { remedy } : {},
          sent: {
            packets: counters[Counter["outbound.packets"]] ?? 0,
            bytes: counters[Counter["outbound.bytes"]] ?? 0,
          },
          received: {
            packets: counters[Counter["inbound.packets"]] ?? 0,
            bytes: counters[Counter["inbound.bytes"]] ?? 0,
          },
        };
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
    this.#direct?.requireKey(proof);
  }

  /** Another path is wanted. */
  prefer(preference: PathPreference): void {
    this.#preference = preference;
    this.#supervisor.prefer(preference);
    this.#offerDirect();
    this.setContainer(this.#container);
  }

  /** The path in use; undefined: there is none. */
  get used(): PathKind | undefined {
    return this.#supervisor.used;
  }

  /** Packets by the path in use do not arrive although it answers: takes another one; false where none works. */
  leave(): boolean {
    return this.#supervisor.leave();
  }

  /** Opens the stream of the engine path again; false where there is none. */
  reopen(reason: string): boolean {
    if (this.#attachment?.status.state !== "open") return false;
    this.#attachment.lost(reason);
    return true;
  }

  /** The networks of this machine may have changed. */
  refresh(): void {
    this.#direct?.refresh();
  }

  /** The container in which the client runs; undefined: none that is known. */
  setContainer(container: RunningClient | undefined): void {
    this.#container = container;
    this.#attaching = this.#attaching.then(async () => {
      const wanted = this.#preference === "udp" ? undefined : this.#container;
      if (wanted !== undefined) this.#attachment ??= await this.#openAttachment();
      this.#attachment?.setContainer(wanted);
    });
  }

  /**
   * Opens the direct path, when the tunnel runs already.
   *
   * @param open undefined where the system cannot route so
   */
  openDirect(open: ((deps: OwnDirectDeps) => DirectPath) | undefined): void {
    if (open === undefined) {
      return this.#supervisor.down("direct", "routes of macOS take the link's own address as their source");
    }
    const { proof, keyPending } = this.#links;
    this.#direct = open({
      proof,
      keyPending,
      onUp: () => this.#supervisor.up("direct"),
      onDown: (reason) => this.#supervisor.down("direct", reason),
      onRoundTrip: (milliseconds) => this.#supervisor.answer("direct", milliseconds),
      onTerms: () => this.#links.sendChange(""),
    });
    this.#direct.setAddresses(this.client?.description?.direct ?? []);
    this.#offerDirect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#supervisor[Symbol.dispose]();
    this.#links[Symbol.dispose]();
    await this.#direct?.[Symbol.asyncDispose]();
    this.setContainer(undefined);
    await this.#attaching;
    await this.#attachment?.[Symbol.asyncDispose]();
  }

  async #openAttachment(): Promise<EngineAttachment> {
    const { EngineAttachment } = await import("./engine_attachment.ts");
    const { dataPlane } = this.deps;
    return new EngineAttachment({
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
  }

  #offerDirect(): void {
    if (this.#direct !== undefined) {
      this.#direct.isWanted = this.#preference === "auto" || this.#preference === "direct";
    }
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
