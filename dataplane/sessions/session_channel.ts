/**
 * Messages between the main thread and the data plane's Worker about sessions.
 *
 * @module
 */
import type { TransportKeys } from "../../core/wireguard/transport_keys.ts";
import type { CipherChoice } from "../../ffi/aead/load_cipher.ts";
import type { CipherBackend } from "../../ffi/aead/packet_cipher.ts";
import type { UdpAttachment } from "../../ffi/udp/udp_socket.ts";

/** Sessions of a server. */
export const MAX_SESSIONS = 1024;

/** Hands over an exposed socket. */
export interface Attach {
  readonly kind: "attach";
  readonly udp: UdpAttachment;
  readonly cipher: CipherChoice;
  readonly slots: number;
  readonly shared: SharedArrayBuffer;
}

/** The identity of a session. */
export interface SessionSpec {
  /** The session's inner IPv4 address; an accessor's own. Unsigned 32-bit number. */
  readonly address: number;
  /** Socket address of the other end; undefined while it is not known. */
  readonly endpoint: Uint8Array | undefined;
  /** Plaintext packets from the endpoint, no keys. */
  readonly legacy: boolean;
}

/** Messages to the Worker. */
export type SessionCommand =
  | Attach
  | { readonly kind: "detach" }
  | { readonly kind: "set"; readonly slot: number; readonly session: SessionSpec | undefined }
  | { readonly kind: "address"; readonly slot: number; readonly address: number }
  | { readonly kind: "endpoint"; readonly slot: number; readonly endpoint: Uint8Array }
  | {
    readonly kind: "keys";
    readonly slot: number;
    readonly keys: TransportKeys;
    readonly endpoint: Uint8Array | undefined;
    readonly sendLimit: number;
    readonly lifetime: number;
  }
  /** Report the next packet that waits for keys. */
  | { readonly kind: "want-again"; readonly slot: number }
  | { readonly kind: "expire"; readonly slot: number; readonly localIndex: number }
  /** Inclusive ranges of unsigned 32-bit addresses, as `ipv4Ranges` makes them. */
  | { readonly kind: "routes"; readonly ranges: Uint32Array<ArrayBuffer> }
  /** Accessor: all virtual addresses, in the same form. */
  | { readonly kind: "virtual-network"; readonly ranges: Uint32Array<ArrayBuffer> }
  | {
    readonly kind: "local-responder";
    readonly ownAddress: number;
    readonly clientAddress: number;
    /** First and last address of the virtual network, as `ipv4Ranges` makes them. */
    readonly virtualNetwork: Uint32Array<ArrayBuffer>;
    readonly answerEcho: boolean;
    readonly legacy: boolean;
  }
  | { readonly kind: "text"; readonly slot: number; readonly text: Uint8Array };

/** Messages from the Worker. */
export type SessionEvent =
  | { readonly kind: "attached"; readonly backend: CipherBackend; readonly notices: readonly string[] }
  | { readonly kind: "attach-failed"; readonly message: string }
  | { readonly kind: "detached" }
  /** A datagram of the exposed socket without a session: a handshake message, or a login of upstream v1. */
  | {
    readonly kind: "datagram";
    readonly bytes: Uint8Array<ArrayBuffer>;
    readonly source: Uint8Array<ArrayBuffer>;
  }
  /** An authentic text of a session that is no packet; no keepalive either. */
  | { readonly kind: "text"; readonly slot: number; readonly bytes: Uint8Array<ArrayBuffer> }
  /** A packet waits for the keys of a session; sent once until keys come or "want-again". */
  | { readonly kind: "wanted"; readonly slot: number }
  /** The first authentic message with keys of a responder arrived: they are the current ones now. */
  | { readonly kind: "confirmed"; readonly slot: number; readonly localIndex: number }
  | { readonly kind: "unsupported"; readonly unsupported: number }
  /** The socket died; the Worker has let go of it. */
  | { readonly kind: "failed"; readonly errno: number };
