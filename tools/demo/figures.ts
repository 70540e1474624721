/**
 * The demo's figures and its picture, all taken from the running tunnel.
 *
 * @module
 */
import { throughput } from "../../tests/topology/iperf.ts";
import type { Namespace } from "../../tests/topology/namespace.ts";
import { ping } from "../../tests/topology/ping.ts";
import { SERVER_VIRTUAL_ADDRESS } from "../../tests/topology/tunnel.ts";
import { drawBoxes } from "./drawing.ts";

/** A container and its network namespace. */
export interface Container {
  readonly namespace: Namespace;
  readonly address: string;
}

/** Ten echoes, in words. */
async function roundTrips(from: Namespace, address: string): Promise<string> {
  const { received, times, text } = await ping(from, address, { count: 10 });
  if (received !== 10) throw new Error(`${received} of 10 came back\n${text}`);
  const sorted = times.toSorted((a, b) => a - b);
  const [least, most] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  const median = ((sorted[4] ?? 0) + (sorted[5] ?? 0)) / 2;
  return `echoes ${least.toFixed(2)} / ${median.toFixed(2)} / ${most.toFixed(2)} ms (min/median/max)`;
}

/** One TCP stream each way, in words. */
async function streams(mac: Namespace, { namespace, address }: Container): Promise<string> {
  const seconds = 2;
  const to = await throughput({ from: mac, to: namespace, address, seconds });
  const from = await throughput({ from: namespace, to: mac, address: SERVER_VIRTUAL_ADDRESS, seconds });
  const gigabits = (bits: number) => `${(bits / 1e9).toFixed(2)} Gbit/s`;
  return `${gigabits(to)} to the container, ${gigabits(from)} from it`;
}

/** What the path in use carries, in words. */
export async function measure(mac: Namespace, container: Container): Promise<string> {
  return `${await roundTrips(mac, container.address)}; ${await streams(mac, container)}`;
}

/** Interfaces with their IPv4 addresses, `lo` left out. */
async function addresses(namespace: Namespace): Promise<string[]> {
  const text = await namespace.ip("-4", "-o", "addr");
  const found = [...text.matchAll(/^\d+: (\S+)\s+inet (\S+)/gm)];
  return found.filter(([, name]) => name !== "lo").map(([, name, address]) => `${name} ${address}`);
}

/** The picture, with the addresses of this moment. */
export async function draw(
  mac: Namespace,
  vm: Namespace,
  container: Container,
  wire: string,
): Promise<string> {
  const [macRows, vmRows, containerRows] = await Promise.all(
    [mac, vm, container.namespace].map(addresses),
  );
  const pick = (rows: string[] = [], name: string) => rows.find((row) => row.startsWith(name)) ?? "";
  return drawBoxes([
    {
      title: "mac: the desktop",
      rows: [pick(macRows, "connector0"), "", pick(macRows, "eth0") || "lo 127.0.0.1/8"],
      wire: { row: 2, label: wire },
      caption: "docker-connector",
    },
    {
      title: "vm: Docker's machine",
      rows: [pick(vmRows, "connector0"), "", pick(vmRows, "eth0"), "", pick(vmRows, "docker0")],
      wire: { row: 4, label: "bridge" },
      caption: "dockerd, docker-connector-client",
    },
    {
      title: "the container",
      rows: ["", "", "", "", pick(containerRows, "eth0")],
      caption: "busybox httpd, port 8080",
    },
  ]);
}
