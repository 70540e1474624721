/**
 * Bytes of the longest packet of an interface without segmentation offload while packets go by the engine path. A utun hands
 * out and takes one packet for each record, so long ones save calls; a record holds 16 KiB at most (UTUN_IF_MAX_SLOT_SIZE in
 * bsd/net/if_utun.c).
 */
export const ENGINE_MTU = 16_000;
