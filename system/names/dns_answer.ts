/**
 * Answers a DNS message; undefined: none is due. It must not throw.
 *
 * @param limit bytes that the answer may have; undefined: what the message says
 * @param sender the sender's address as text
 */
export type DnsAnswer = (
  message: Uint8Array,
  limit: number | undefined,
  sender: string,
) => Uint8Array<ArrayBuffer> | undefined;

/** What the sockets of a name server need. */
export interface DnsSocketDeps {
  readonly answer: DnsAnswer;
  /** Whether a sender, by its address as text, is answered. */
  readonly isAllowed: (hostname: string) => boolean;
}
