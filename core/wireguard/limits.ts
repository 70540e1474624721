/**
 * Lifetimes and message counts of sessions: the whitepaper's (section 6.1), but for the counts. It has 2^60 and
 * 2^64 - 2^13 - 1 packets; counters here are JavaScript's numbers, exact up to 2^53. At ten million packets a
 * second, 2^48 take 325 days, while a session lives for three minutes. Times are in milliseconds.
 */
export const SESSION_LIMITS = {
  /** Packets sent by one key after which either side renews it. */
  rekeyAfterMessages: 2 ** 48,
  /** Counters from here on are neither sent nor accepted. */
  rejectAfterMessages: 2 ** 53 - 2 ** 13 - 1,
  /** Age at which the initiator renews a session that it sends on. */
  rekeyAfterTime: 120_000,
  /** Age at which a session serves no more. */
  rejectAfterTime: 180_000,
  /** For how long an unanswered initiation is repeated. */
  rekeyAttemptTime: 90_000,
  /** Between repeated initiations; no initiation follows another sooner. */
  rekeyTimeout: 5_000,
  /** After data came and nothing went, a keepalive goes. */
  keepaliveTimeout: 10_000,
  /** Between packets of an otherwise idle tunnel, so that address translations stay; 0: none. */
  persistentKeepalive: 0,
};

/** The limits of sessions; tests shorten them. */
export type SessionLimits = Readonly<typeof SESSION_LIMITS>;

/** The most milliseconds of random jitter between initiations, so that two ends do not keep colliding (section 6.1). */
export const REKEY_TIMEOUT_JITTER_MAX_MS = 334;
