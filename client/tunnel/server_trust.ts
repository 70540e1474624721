import type { Clock } from "../../core/async/clock.ts";
import type { HeartbeatMac } from "../../core/protocol/heartbeat.ts";
import { ServerProofs } from "../../core/protocol/server_proof.ts";

/**
 * Milliseconds for which a server is trusted beyond an interval of heartbeats after it has proven the key: ten heartbeats, of which
 * a bad link loses some.
 */
const TRUST_MS = 5_000;

/** What decides whether the server is trusted. */
export interface ServerTrustDeps {
  readonly clock: Pick<Clock, "now">;
  readonly heartbeatMs: number;
  /** The key; undefined without one, where any server is trusted. */
  readonly proof: HeartbeatMac | undefined;
  /** Is told each change, and at first where the server is not trusted. Where this is not given, any server is trusted. */
  readonly onTrust: ((isTrusted: boolean) => void) | undefined;
}

/**
 * Whether the server has proven the key of late. Another program may have taken its address and port, so with a key it has to do
 * so again and again.
 */
export class ServerTrust {
  /** Proofs that the server has to give; undefined where it has to give none. */
  readonly #proofs: ServerProofs | undefined;
  /** On the monotonic clock, in milliseconds. */
  #provenAt = -Infinity;
  #isTrusted: boolean;

  constructor(readonly deps: ServerTrustDeps) {
    const { proof, onTrust } = deps;
    this.#proofs = proof === undefined || onTrust === undefined ? undefined : new ServerProofs(proof);
    this.#isTrusted = !this.isRequired;
    if (this.isRequired) onTrust?.(false);
  }

  /** Whether the server has to prove the key. */
  get isRequired(): boolean {
    return this.#proofs !== undefined;
  }

  get isTrusted(): boolean {
    return this.#isTrusted;
  }

  /** Whether the server has to prove the key again, which packets do not. */
  get isDue(): boolean {
    return this.isRequired && this.deps.clock.now() - this.#provenAt >= this.deps.heartbeatMs;
  }

  /** These bytes were sent; the server's answer has to prove them. */
  expect(bytes: Uint8Array): void {
    this.#proofs?.expect(bytes);
  }

  /** Reads a datagram of the server. Says what it proves: that the server has the key, or that it ends; undefined: nothing. */
  take(datagram: Uint8Array): "answer" | "end" | undefined {
    const shown = this.#proofs?.take(datagram);
    if (shown === "answer") this.#set(this.deps.clock.now());
    else if (shown === "end") this.#set(-Infinity);
    return shown;
  }

  /** Ends the trust where the last proof is too old. */
  check(): void {
    if (this.isRequired) this.#set(this.#provenAt);
  }

  /** Ends the trust. What was sent before proves nothing any more, in case an answer to it is still under way. */
  revoke(): void {
    if (!this.isRequired) return;
    this.#proofs?.forget();
    this.#set(-Infinity);
  }

  #set(provenAt: number): void {
    const { clock, heartbeatMs, onTrust } = this.deps;
    this.#provenAt = provenAt;
    const isTrusted = clock.now() - provenAt < heartbeatMs + TRUST_MS;
    if (isTrusted === this.#isTrusted) return;
    this.#isTrusted = isTrusted;
    onTrust?.(isTrusted);
  }
}
