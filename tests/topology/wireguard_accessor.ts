/**
 * A teammate's machine with wireguard-go, configured by what `docker-connector token export` prints.
 *
 * @module
 */
import { binary } from "./daemon.ts";
import type { Namespace } from "./namespace.ts";
import type { Lan, Network } from "./network.ts";
import { EXPOSED_PORT } from "./session_pair.ts";
import { WireguardGo } from "./wireguard_go.ts";

/** What an accessor is made of. */
export interface AccessorOptions {
  readonly network: Network;
  readonly lan: Lan;
  /** The server's config file. */
  readonly configFile: string;
  readonly token: string;
  /** UDP port of the accessor's socket; any where absent. */
  readonly port?: number;
  /** Seconds between keepalives; the exported file's where absent. */
  readonly keepalive?: number;
}

/** What `token export` prints for an accessor of the local network. */
export async function exportToken(network: Network, configFile: string, token: string): Promise<string> {
  return await network.mac.exec([
    binary("docker-connector"),
    ...["token", "export", token, "--config", configFile],
    ...["--endpoint", `${network.macLanAddress}:${EXPOSED_PORT}`],
  ]);
}

let devices = 0;

/** A running accessor. Disposal ends it. */
export class WireguardAccessor implements AsyncDisposable {
  private constructor(
    readonly namespace: Namespace,
    readonly device: WireguardGo,
    /** Name of its interface. */
    readonly name: string,
    /** Its virtual address. */
    readonly address: string,
    readonly file: string,
  ) {}

  /** Exports the token, starts the device by it and routes what the file allows. */
  static async start(options: AccessorOptions): Promise<WireguardAccessor> {
    const { network, lan: { namespace }, configFile, token } = options;
    const text = await exportToken(network, configFile, token);
    const value = (key: string) => new RegExp(`^${key} = (.*)$`, "m").exec(text)?.[1] ?? "";
    const name = `wg${Deno.pid}n${devices++}`;
    const file = `${network.folder}/${name}.conf`;
    const [address = ""] = value("Address").split("/");
    const mtu = Number(value("MTU"));
    const device = await WireguardGo.start({ namespace, name, address: `${address}/32`, mtu });
    const accessor = new WireguardAccessor(namespace, device, name, address, file);
    try {
      const keepalive = options.keepalive;
      await Deno.writeTextFile(
        file,
        keepalive === undefined ? text : text.replace(/^(PersistentKeepalive) = .*$/m, `$1 = ${keepalive}`),
        { mode: 0o600 },
      );
      await accessor.configure();
      if (options.port !== undefined) await device.set("listen-port", String(options.port));
      for (const prefix of value("AllowedIPs").split(", ")) {
        await namespace.ip("route", "add", prefix, "dev", name);
      }
      return accessor;
    } catch (error) {
      await device[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Configures the device by the file, which ends what session it has. */
  async configure(): Promise<void> {
    const script = 'wg-quick strip "$2" > "$2.strip"; wg setconf "$1" "$2.strip"';
    await this.namespace.exec(["sh", "-c", script, "sh", this.name, this.file]);
  }

  /** Seconds since 1970 of its last handshake; 0: none. */
  async handshakeAt(): Promise<number> {
    const line = await this.namespace.exec(["wg", "show", this.name, "latest-handshakes"]);
    return Number(line.split("\t")[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.device[Symbol.asyncDispose]();
  }
}
