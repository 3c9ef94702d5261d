import { createHash } from "node:crypto";
import { linuxFilePrograms } from "./linux-files.ts";
import type { Invoked, Programs } from "./shell.ts";

const DAY_MS = 86_400_000;

/** Lines that an ordinary system shows, each ending as a line does. */
function lines(...rows: readonly string[]): { readonly out: string } {
  return { out: rows.map((row) => `${row}\n`).join("") };
}

function counted(count: number, row: (index: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, index) => row(index + 1));
}

/** Words that do not repeat, as the arguments of real processes have them: they keep an output from packing into nothing. */
function identity(index: number): string {
  return createHash("sha256").update(String(index)).digest("hex").slice(0, 24);
}

/** A miner that calls itself a kernel thread, between ordinary processes: what the intruder left to be found. */
function processes({ host, now }: Invoked): { readonly out: string } {
  const started = new Date(now - 9 * DAY_MS).toISOString();
  return lines(
    "    PID    PPID USER     STARTED                        ELAPSED STAT COMMAND",
    ...counted(host.processes, (index) =>
      index === 42
        ? `${String(index + 1000).padStart(7)}       1 www-data ${started} 9-00:00:00 Sl   [kworker/u8:3] -o stratum+tcp://198.51.100.77:3333 -u 44AFFq5kSiGBoZ`
        : `${String(index + 1000).padStart(7)}       1 root     ${started} 9-00:00:00 Ss   /usr/sbin/service-${index} --config /etc/service-${index}.conf --id ${identity(index)}`,
    ),
  );
}

/** What an ordinary Linux of a cloud image answers to the commands that incident responders ask. */
export const linuxPrograms: Programs = {
  ...linuxFilePrograms,
  uname: ({ host }) =>
    lines(`Linux ${host.name} 6.1.119-129.201.amzn2023.${host.architecture} ${host.architecture} GNU/Linux`),
  uptime: ({ now }) =>
    lines(` ${new Date(now).toISOString().slice(11, 19)} up 9 days, 0 users, load average: 3.98, 4.01, 4.00`),
  date: ({ now }) => lines(new Date(now).toISOString()),
  ps: processes,
  ss: () =>
    lines(
      "Netid State  Local Address:Port  Peer Address:Port Process",
      'tcp   LISTEN 0.0.0.0:22          0.0.0.0:*         users:(("sshd",pid=812,fd=3))',
      'tcp   ESTAB  10.20.1.10:49152    203.0.113.24:443  users:(("kworker/u8:3",pid=1042,fd=7))',
    ),
  getent: () =>
    lines(
      "root:x:0:0:root:/root:/bin/bash",
      "ec2-user:x:1000:1000::/home/ec2-user:/bin/bash",
      "www-data:x:33:33::/var/www:/bin/sh",
    ),
  who: ({ now }) => lines(`www-data pts/0 ${new Date(now - DAY_MS).toISOString()} (198.51.100.8)`),
  last: ({ now }) => lines(`www-data pts/0 ${new Date(now - DAY_MS).toISOString()} still logged in 198.51.100.8`),
  systemctl: ({ argv }) =>
    lines(
      argv.includes("list-timers") ? "NEXT LEFT LAST PASSED UNIT ACTIVATES" : "UNIT LOAD ACTIVE SUB DESCRIPTION",
      ...counted(30, (index) => `service-${index}.service loaded active running Service ${index}`),
      "kworker-sync.service loaded active running Kernel worker sync",
    ),
  lsmod: () =>
    lines(
      "Module                  Size  Used by",
      "nf_tables             266240  0",
      "ena                   114688  0",
    ),
  find: ({ argv, now, host }) =>
    argv[1] === "/proc"
      ? lines("/proc/812/exe /usr/sbin/sshd", "/proc/1042/exe /dev/shm/.x (deleted)")
      : lines(
          ...counted(
            host.processes,
            (index) =>
              `${new Date(now - index * 60_000).toISOString()} 644 root root 512 /var/log/service-${index}.log`,
          ),
          `${new Date(now - DAY_MS).toISOString()} 755 www-data www-data 2117632 /var/tmp/.cache/kworker`,
        ),
  ip: ({ argv }) =>
    lines(
      argv.includes("route")
        ? "default via 10.20.1.1 dev ens5"
        : "2: ens5    inet 10.20.1.10/24 brd 10.20.1.255 scope global ens5",
    ),
  findmnt: () => lines("/dev/nvme0n1p1 / xfs rw,noatime", "tmpfs /dev/shm tmpfs rw,nosuid,nodev"),
  docker: () =>
    lines(
      "CONTAINER ID IMAGE COMMAND CREATED STATUS PORTS NAMES",
      '0c1d2e3f4a5b payroll/worker:41 "/worker" 9 days ago Up 9 days worker',
    ),
};
