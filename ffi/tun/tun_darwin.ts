/**
 * The TUN device of macOS: a utun interface, made by connecting a kernel control socket (bsd/net/if_utun.c).
 *
 * @module
 */
import {
  AF_SYSTEM,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_DGRAM,
  SYSPROTO_CONTROL,
  UTUN_CONTROL_NAME,
  UTUN_OPT_IFNAME,
  UTUN_OPT_MAX_PENDING_PACKETS,
} from "../libc/constants_darwin.ts";
import { darwinErrno } from "../libc/errno_darwin.ts";
import { controlAddress, controlId } from "./kernel_control_darwin.ts";
import { type DarwinSystem, darwinSystem } from "../libc/libc_darwin.ts";
import { growBuffer, setSocketDefaults } from "../udp/socket_options_darwin.ts";
import { SystemError } from "../libc/system_error.ts";
import type { TunDevice, TunRequest } from "./tun.ts";

/** Highest unit of a kernel control that a caller may choose (kern_control.c). */
const MAX_UNIT = 65536;
/** IFXNAMSIZ is 24 (bsd/net/if_private.h); the kernel refuses too little room, not too much. */
const NAME_CAPACITY = 32;
/**
 * Packets that may wait on the socket before the kernel stops the interface. The default of 1 makes every packet cost a
 * stop and a start. What waits must fit into the receive buffer, and each arrival counts the queue, so the number stays
 * moderate.
 */
const MIN_PENDING = 16;
const MAX_PENDING = 256;
/** Bytes of receive buffer for one pending packet: twice as much as any MTU in use here. */
const PENDING_BYTES = 16 * 1024;

/** The control's unit for a wanted interface: N + 1 for "utunN", 0 (the next free one) for any other name. */
export function unitForName(name: string): number {
  const [, number] = /^utun(0|[1-9]\d{0,4})$/.exec(name) ?? [];
  const unit = number === undefined ? 0 : Number(number) + 1;
  return unit <= MAX_UNIT ? unit : 0;
}

/** How many packets may wait, for a receive buffer of this size. */
export function pendingPackets(receiveBuffer: number): number {
  return Math.min(MAX_PENDING, Math.max(MIN_PENDING, Math.floor(receiveBuffer / PENDING_BYTES)));
}

/**
 * Makes a utun interface. It has no offload: packets come and go one by one, with complete checksums.
 *
 * @param system the running system unless a test gives another
 * @throws {SystemError} "socket PF_SYSTEM", "ioctl CTLIOCGINFO", "sysctl net.systm.kctl.reg_list", "connect utun" (EPERM
 * without root, EBUSY when the wanted number is taken) or "getsockopt UTUN_OPT_IFNAME"
 */
export function openDarwinTun(request: TunRequest, system: DarwinSystem = darwinSystem()): TunDevice {
  const { libc } = system;
  const descriptor = libc.socket(AF_SYSTEM, SOCK_DGRAM, SYSPROTO_CONTROL);
  if (descriptor < 0) throw new SystemError("socket PF_SYSTEM", system.errno());
  const close = () => void libc.close(descriptor);
  try {
    setSocketDefaults(libc, descriptor);
    connectUnit(system, descriptor, unitForName(request.name));
    const name = interfaceName(system, descriptor);
    growBuffer(libc, descriptor, SO_SNDBUF);
    // After connect, which sets the number back to 1.
    const pending = new Uint32Array([pendingPackets(growBuffer(libc, descriptor, SO_RCVBUF))]);
    libc.setsockopt(descriptor, SYSPROTO_CONTROL, UTUN_OPT_MAX_PENDING_PACKETS, pending, 4);
    return { descriptor, name, offload: { tcp: false, udp: false }, close, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

function connectUnit(system: DarwinSystem, descriptor: number, unit: number): void {
  const address = controlAddress(controlId(system, descriptor, UTUN_CONTROL_NAME), unit);
  const connect = () => system.libc.connect(descriptor, address, address.length);
  if (connect() === 0) return;
  const number = system.errno();
  const what = unit === 0 ? "" : `for utun${unit - 1}`;
  // A busy kernel was seen to run out of memory for the interface once and to have it the next moment.
  if (number !== darwinErrno.ENOBUFS) throw new SystemError("connect utun", number, what);
  if (connect() < 0) throw new SystemError("connect utun", system.errno(), what);
}

function interfaceName({ libc, errno }: DarwinSystem, descriptor: number): string {
  const name = new Uint8Array(NAME_CAPACITY);
  const length = new Uint32Array([NAME_CAPACITY]);
  if (libc.getsockopt(descriptor, SYSPROTO_CONTROL, UTUN_OPT_IFNAME, name, length) < 0) {
    throw new SystemError("getsockopt UTUN_OPT_IFNAME", errno());
  }
  // The length counts the final zero.
  return new TextDecoder().decode(name.subarray(0, Math.max(0, length[0] - 1)));
}
