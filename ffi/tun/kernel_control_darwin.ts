/**
 * Kernel controls of macOS: named kernel parts that one talks to through a socket. Their ids are given at boot, so each
 * is looked up by name.
 *
 * @module
 */
import { cString } from "../libc/libc.ts";
import { AF_SYS_CONTROL, AF_SYSTEM, CTLIOCGINFO } from "../libc/constants_darwin.ts";
import { control } from "../libc/ioctl_darwin.ts";
import { CTL_INFO, KCTL_RECORD, SOCKADDR_CTL } from "../libc/layout_darwin.ts";
import type { DarwinSystem } from "../libc/libc_darwin.ts";
import { SystemError } from "../libc/system_error.ts";

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
  view.setUint8(SOCKADDR_CTL.family, AF_SYSTEM);
  view.setUint16(SOCKADDR_CTL.kind, AF_SYS_CONTROL, true);
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
  if (control(libc, descriptor, CTLIOCGINFO, info) === 0) {
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
