/**
 * The programs of macOS that show and change the network. The paths are absolute because launchd gives a service a short
 * PATH, and because what PATH says is not to be trusted in a program that is root.
 *
 * @module
 */
import { platform } from "../../ffi/platform.ts";

/** Addresses and MTU of interfaces. */
export const IFCONFIG: string = `${platform.programRoot}/sbin/ifconfig`;
/** One route: get, add, delete; and the monitor of all changes. */
export const ROUTE: string = `${platform.programRoot}/sbin/route`;
/** The routing table. */
export const NETSTAT: string = `${platform.programRoot}/usr/sbin/netstat`;
