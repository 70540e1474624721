/**
 * `struct virtio_net_hdr`, the 10 bytes that precede every packet of a Linux TUN device opened with IFF_VNET_HDR
 * (linux/virtio_net.h; its length is the default in drivers/net/tun.c of Linux). Fields are in host order.
 *
 * | offset | field | |
 * |---|---|---|
 * | 0 | flags u8 | 1: the checksum at csum_start + csum_offset is still to be completed |
 * | 1 | gso_type u8 | what kind of large packet it is; 0x80: its first segment carries CWR |
 * | 2 | hdr_len u16 | bytes of all headers |
 * | 4 | gso_size u16 | payload bytes of each segment |
 * | 6 | csum_start u16 | where the checksummed part begins: the transport header |
 * | 8 | csum_offset u16 | where in it the checksum lies |
 *
 * @module
 */

/** Bytes of the header. */
export const VIRTIO_HEADER = 10;
/** flags: the checksum field holds the pseudo-header sum only. */
export const VIRTIO_NEEDS_CHECKSUM = 1;
/** gso_type: an ordinary packet. */
export const VIRTIO_GSO_NONE = 0;
/** gso_type: TCP over IPv4. */
export const VIRTIO_GSO_TCP4 = 1;
/** gso_type: TCP over IPv6. */
export const VIRTIO_GSO_TCP6 = 4;
/** gso_type: UDP over either. */
export const VIRTIO_GSO_UDP = 5;
/** gso_type bit: TCP with ECN; the type is what remains without it. */
export const VIRTIO_GSO_ECN = 0x80;
/** csum_offset of TCP (RFC 9293 section 3.1). */
export const TCP_CHECKSUM_OFFSET = 16;
/** csum_offset of UDP (RFC 768). */
export const UDP_CHECKSUM_OFFSET = 6;
