/**
 * Lifetimes and message counts of sessions (whitepaper section 6.1). Tests shorten these.
 *
 * @module
 */

/** The limits of sessions; times in milliseconds. */
export interface SessionLimits {
  /** Packets sent by one key after which either side renews it. */
  readonly rekeyAfterMessages: number;
  /** Counters from here on are neither sent nor accepted. */
  readonly rejectAfterMessages: number;
  /** Age at which the initiator renews a session that it sends on. */
  readonly rekeyAfterTime: number;
  /** Age at which a session serves no more. */
  readonly rejectAfterTime: number;
  /** For how long an unanswered initiation is repeated. */
  readonly rekeyAttemptTime: number;
  /** Between repeated initiations; no initiation follows another sooner. */
  readonly rekeyTimeout: number;
  /** After data came and nothing went, a keepalive goes. */
  readonly keepaliveTimeout: number;
  /** Between packets of an otherwise idle tunnel, so that address translations stay; 0: none. */
  readonly persistentKeepalive: number;
}

/**
 * The whitepaper's limits, but for the counts. It has 2^60 and 2^64 - 2^13 - 1 packets; counters here are
 * JavaScript's numbers, exact up to 2^53. At ten million packets a second, 2^48 take 325 days, while a
 * session lives for three minutes.
 */
export const SESSION_LIMITS: SessionLimits = {
  rekeyAfterMessages: 2 ** 48,
  rejectAfterMessages: 2 ** 53 - 2 ** 13 - 1,
  rekeyAfterTime: 120_000,
  rejectAfterTime: 180_000,
  rekeyAttemptTime: 90_000,
  rekeyTimeout: 5_000,
  keepaliveTimeout: 10_000,
  persistentKeepalive: 0,
};

/**
 * The most milliseconds of random jitter between initiations, so that two ends do not keep colliding (section
 * 6.1).
 */
export const REKEY_TIMEOUT_JITTER_MAX_MS = 334;
