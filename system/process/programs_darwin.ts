/**
 * The programs of macOS that show and change the network. The paths are absolute because launchd gives a service a short
 * PATH, and because what PATH says is not to be trusted in a program that is root.
 *
 * @module
 */
import { backEnd } from "../../ffi/platform.ts";

/** Addresses and MTU of interfaces. */
export const IFCONFIG: string = `${backEnd.programRoot}/sbin/ifconfig`;
/** One route: get, add, delete; and the monitor of all changes. */
export const ROUTE: string = `${backEnd.programRoot}/sbin/route`;
/** The routing table. */
export const NETSTAT: string = `${backEnd.programRoot}/usr/sbin/netstat`;
