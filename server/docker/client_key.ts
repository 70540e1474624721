import { randomBytes } from "node:crypto";
import type { BindingPolicy } from "../../core/docker/binding_policy.ts";
import { keyOfEnvironment } from "../../core/docker/client_container.ts";
import type { TunnelClient } from "../../core/docker/container_state.ts";

/** A generated key: 32 random bytes in base64url. */
const GENERATED_KEY = /^[A-Za-z0-9_-]{43}$/;

/** The key of the managed container: that of the configuration, else one that is generated. It must never be logged. */
export class ClientKey {
  #generated: string | undefined;
  /** Whether the link knows which key clients have to prove. */
  isDecided = false;

  /**
   * @param policy decides which key is required
   * @param requireKey requires a key of clients from now on; undefined: none. Not called where the policy is not open
   */
  constructor(
    readonly policy: BindingPolicy,
    readonly requireKey: (key: string | undefined) => Promise<void>,
  ) {}

  get text(): string {
    return this.policy.key ?? (this.#generated ??= randomBytes(32).toString("base64url"));
  }

  /** Adopts the key that an earlier run has generated for its container. */
  adopt(environment: readonly string[]): void {
    const key = keyOfEnvironment(environment);
    if (key !== undefined && GENERATED_KEY.test(key)) this.#generated ??= key;
  }

  /** Requires the key that goes with the tunnel's client. */
  async require(client: TunnelClient): Promise<void> {
    this.isDecided = true;
    if (this.policy.isOpen) await this.requireKey(this.policy.requiredKey(client, this.text));
  }
}
