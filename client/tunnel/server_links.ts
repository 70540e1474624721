import type { DataPlane, Message } from "../../dataplane/data_plane.ts";
import { Counter } from "../../core/counters.ts";
import type { CarriedPath } from "../../dataplane/path/path.ts";
import { ServerLink, type ServerLinkDeps } from "./server_link.ts";

/** Bytes of the longest message on the stream: a whole frame's. */
const MAX_STREAM_MESSAGE = 65_535;

export interface ServerLinksDeps
  extends Omit<ServerLinkDeps, "traffic" | "onSilent" | "onTrust" | "isReachedOtherwise"> {
  readonly dataPlane: Pick<DataPlane, "pathCounters" | "sendOnStream" | "admitServer">;
  /** The server does not answer over the stream any more. */
  readonly onStreamSilent: () => void;
}

/** The client's links to its server: by UDP, and over the stream through the Engine while there is one. */
export class ServerLinks implements Disposable {
  readonly udp: ServerLink;
  #stream: ServerLink | undefined;
  /** What the links over former streams have counted. */
  readonly #before = { sent: 0, answered: 0, strayMessage: 0, unknownCommand: 0 };

  constructor(readonly deps: ServerLinksDeps) {
    this.udp = new ServerLink({
      ...deps,
      // Who opens a stream could as well read the key: the Engine runs what it is told in the client's container.
      onTrust: (isTrusted) => deps.dataPlane.admitServer(isTrusted),
      isReachedOtherwise: () => this.#stream?.isUp === true,
      traffic: () => this.#traffic("udp"),
    });
  }

  /** Whether the server is reachable by any path. */
  get isUp(): boolean {
    return this.udp.isUp || this.#stream?.isUp === true;
  }

  get heartbeats(): { readonly sent: number; readonly answered: number } {
    return {
      sent: this.#before.sent + this.udp.heartbeats.sent + (this.#stream?.heartbeats.sent ?? 0),
      answered: this.#before.answered + this.udp.heartbeats.answered +
        (this.#stream?.heartbeats.answered ?? 0),
    };
  }

  /** Messages that were not used, by reason. */
  get drops(): Readonly<Record<string, number>> {
    const { udp } = this;
    const stream = this.#stream?.drops;
    return {
      strayMessage: this.#before.strayMessage + udp.drops.strayMessage + (stream?.strayMessage ?? 0),
      unknownCommand: this.#before.unknownCommand + udp.drops.unknownCommand + (stream?.unknownCommand ?? 0),
    };
  }

  handleMessage({ bytes, path }: Message): void {
    (path === "udp" ? this.udp : this.#stream)?.handleMessage(bytes);
  }

  /** See {@linkcode ServerLink.onNetworkChange}. The stream through the Engine has no address. */
  onNetworkChange(isAddressLost: boolean): void {
    this.udp.onNetworkChange(isAddressLost);
  }

  describeIfChanged(): void {
    this.udp.describeIfChanged();
    this.#stream?.describeIfChanged();
  }

  /** Sends the first heartbeat over a new stream, and goes on by itself. */
  openStream(): void {
    this.closeStream();
    const { deps } = this;
    this.#stream = new ServerLink({
      ...deps,
      mtu: MAX_STREAM_MESSAGE,
      socket: {
        family: 4,
        connect: () => {},
        send: (datagram) => {
          deps.dataPlane.sendOnStream(datagram);
          return true;
        },
      },
      // The stream leads to one server alone.
      gatherCandidates: () => Promise.resolve([]),
      anyHost: false,
      onSilent: deps.onStreamSilent,
      traffic: () => this.#traffic("engine"),
    });
    this.#stream.start();
  }

  closeStream(): void {
    const link = this.#stream;
    if (link === undefined) return;
    this.#stream = undefined;
    link[Symbol.dispose]();
    this.#before.sent += link.heartbeats.sent;
    this.#before.answered += link.heartbeats.answered;
    this.#before.strayMessage += link.drops.strayMessage;
    this.#before.unknownCommand += link.drops.unknownCommand;
    // When a server is killed its stream ends at once, and the port is anyone's.
    this.udp.doubt();
  }

  [Symbol.dispose](): void {
    this.udp[Symbol.dispose]();
    this.closeStream();
  }

  #traffic(path: CarriedPath): { received: number; sent: number } {
    const counters = this.deps.dataPlane.pathCounters[path];
    return {
      received: counters[Counter["inbound.packets"]] ?? 0,
      sent: counters[Counter["outbound.packets"]] ?? 0,
    };
  }
}
