import type { Config } from "../config/config.ts";
import type { TunnelClient } from "./container_state.ts";

/**
 * Decides who may bind the tunnel in one run: the key that a client's heartbeats have to prove. Nothing else decides that.
 *
 * | | required |
 * |---|---|
 * | a `key` line | that key, of every client |
 * | the managed container is the client | the key that it was given |
 * | the user's own container is the client, or another one has the name | nothing |
 * | `docker off`, `--image off`, no Engine was found yet | nothing |
 *
 * Where nothing is required a heartbeat with a MAC binds too, since a managed container of an earlier run has a key.
 */
export class BindingPolicy {
  /** The key of the configuration. */
  readonly key: string | undefined;
  /** True where the server manages a client container once an Engine is found. */
  readonly managesClient: boolean;

  /** Derives the policy from a configuration and the value of `--image`. */
  constructor({ docker, key }: Pick<Config, "docker" | "key">, image: string | undefined) {
    this.key = key;
    this.managesClient = docker.mode !== "off" && image !== "off";
  }

  /** True where the required key depends on the Engine's containers. */
  get isOpen(): boolean {
    return this.managesClient && this.key === undefined;
  }

  /** Returns the key that heartbeats have to prove; undefined: any heartbeat binds. */
  requiredKey(client: TunnelClient, managedKey: string | undefined): string | undefined {
    return this.key ?? (this.managesClient && client === "managed" ? managedKey : undefined);
  }
}
