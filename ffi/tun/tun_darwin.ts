/**
 * The TUN device of macOS: a utun interface, made by connecting a kernel control socket (bsd/net/if_utun.c). Kernel controls are
 * named kernel parts that one talks to through a socket; their ids are given at boot, so each is looked up by name.
 *
 * @module
 */
import * as darwin from "../libc/constants_darwin.ts";
import { control, growBuffer, setSocketDefaults } from "../libc/descriptor_darwin.ts";
import { SystemError } from "../libc/errno.ts";
import { darwinErrno } from "../libc/errno_darwin.ts";
import { CTL_INFO, KCTL_RECORD, SOCKADDR_CTL } from "../libc/layout_darwin.ts";
import { cString } from "../libc/libc.ts";
import { type DarwinSystem, darwinSystem } from "../libc/libc_darwin.ts";
import type { TunDevice, TunRequest } from "./tun_port.ts";

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
  const descriptor = libc.socket(darwin.AF_SYSTEM, darwin.SOCK_DGRAM, darwin.SYSPROTO_CONTROL);
  if (descriptor < 0) throw new SystemError("socket PF_SYSTEM", system.errno());
  const close = () => void libc.close(descriptor);
  try {
    setSocketDefaults(libc, descriptor);
    connectUnit(system, descriptor, unitForName(request.name));
    const name = interfaceName(system, descriptor);
    growBuffer(libc, descriptor, darwin.SO_SNDBUF);
    // After connect, which sets the number back to 1.
    const pending = new Uint32Array([pendingPackets(growBuffer(libc, descriptor, darwin.SO_RCVBUF))]);
    libc.setsockopt(descriptor, darwin.SYSPROTO_CONTROL, darwin.UTUN_OPT_MAX_PENDING_PACKETS, pending, 4);
    return { descriptor, name, offload: { tcp: false, udp: false }, close, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

function connectUnit(system: DarwinSystem, descriptor: number, unit: number): void {
  const address = controlAddress(controlId(system, descriptor, darwin.UTUN_CONTROL_NAME), unit);
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
  if (libc.getsockopt(descriptor, darwin.SYSPROTO_CONTROL, darwin.UTUN_OPT_IFNAME, name, length) < 0) {
    throw new SystemError("getsockopt UTUN_OPT_IFNAME", errno());
  }
  // The length counts the final zero.
  return new TextDecoder().decode(name.subarray(0, Math.max(0, length[0] - 1)));
}

/** Room for the list of all controls: some twenty records on a plain system. */
const LIST_CAPACITY = 64 * 1024;

/** The `struct ctl_info` that asks for a control's id. */
export function controlInfo(name: string): Uint8Array<ArrayBuffer> {
  const info = new Uint8Array(CTL_INFO.size);
  info.set(new TextEncoder().encode(name).subarray(0, CTL_INFO.nameCapacity - 1), CTL_INFO.name);
  return info;
}

/** The `struct sockaddr_ctl` of a control's unit; unit 0 lets the kernel choose. */
export function controlAddress(id: number, unit: number): Uint8Array<ArrayBuffer> {
  const address = new Uint8Array(SOCKADDR_CTL.size);
  const view = new DataView(address.buffer);
  view.setUint8(SOCKADDR_CTL.length, SOCKADDR_CTL.size);
  view.setUint8(SOCKADDR_CTL.family, darwin.AF_SYSTEM);
  view.setUint16(SOCKADDR_CTL.kind, darwin.AF_SYS_CONTROL, true);
  view.setUint32(SOCKADDR_CTL.id, id, true);
  view.setUint32(SOCKADDR_CTL.unit, unit, true);
  return address;
}

/**
 * Finds a control's id in the value of the sysctl net.systm.kctl.reg_list. Records are recognised by their own length
 * and the name in its place, at any 4-byte boundary, so the size of the header before them does not matter.
 */
export function controlIdInList(list: Uint8Array, name: string): number | undefined {
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  const wanted = new TextEncoder().encode(`${name}\0`);
  for (let at = 0; at + KCTL_RECORD.size <= list.length; at += 4) {
    if (view.getUint32(at + KCTL_RECORD.length, true) !== KCTL_RECORD.size) continue;
    const start = at + KCTL_RECORD.name;
    if (wanted.every((byte, index) => list[start + index] === byte)) {
      return view.getUint32(at + KCTL_RECORD.id, true);
    }
  }
  return undefined;
}

/**
 * The id of a control: asked for by ioctl, or looked up in the list of all where that fails.
 *
 * @param descriptor a socket of the kernel control protocol
 * @throws {SystemError} "ioctl CTLIOCGINFO"
 */
export function controlId({ libc, errno }: DarwinSystem, descriptor: number, name: string): number {
  const info = controlInfo(name);
  if (control(libc, descriptor, darwin.CTLIOCGINFO, info) === 0) {
    return new DataView(info.buffer).getUint32(CTL_INFO.id, true);
  }
  const refusal = new SystemError("ioctl CTLIOCGINFO", errno(), name);
  const list = new Uint8Array(LIST_CAPACITY);
  const length = new BigUint64Array([BigInt(list.length)]);
  const variable = cString("net.systm.kctl.reg_list");
  if (libc.sysctlbyname(variable, list, length, null, 0n) < 0) throw refusal;
  const id = controlIdInList(list.subarray(0, Number(length[0])), name);
  if (id === undefined) throw refusal;
  return id;
}
