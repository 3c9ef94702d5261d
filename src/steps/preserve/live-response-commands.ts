/** One question to the operating system: it reads, and changes nothing but what reading changes. */
export interface LiveResponseCommand {
  /** The artifact's name. */
  readonly name: string;
  /** What it shows, for people. */
  readonly shows: string;
  /** Null where the system has nothing of the kind. */
  readonly linux: string | null;
  readonly windows: string | null;
}

const csv = "| ConvertTo-Csv -NoTypeInformation";

/** What is asked, what is lost first before what lasts. */
export const liveResponseCommands: readonly LiveResponseCommand[] = [
  {
    name: "processes",
    shows: "Every process: parent, user, when it started, its whole command line",
    linux: "ps -eww -o pid,ppid,user,lstart,etime,stat,args",
    windows: `Get-CimInstance Win32_Process | Select-Object ProcessId,ParentProcessId,CreationDate,ExecutablePath,CommandLine ${csv}`,
  },
  {
    name: "executables",
    shows: "The file behind every process, also where it was deleted since",
    linux: "find /proc -maxdepth 2 -name exe -printf '%p %l\\n'",
    windows: `Get-Process | Select-Object Id,Path,Company,StartTime ${csv}`,
  },
  {
    name: "sockets",
    shows: "Open TCP and UDP sockets with their processes",
    linux: "ss -tunap",
    windows: `Get-NetTCPConnection | Select-Object LocalAddress,LocalPort,RemoteAddress,RemotePort,State,OwningProcess ${csv}`,
  },
  {
    name: "sessions",
    shows: "Who is logged in now",
    linux: "who -a",
    windows: `Get-CimInstance Win32_LoggedOnUser ${csv}`,
  },
  {
    name: "logins",
    shows: "Who logged in and out, from where",
    linux: "last -Faiw",
    windows: `Get-WinEvent -FilterHashtable @{LogName='Security';Id=4624,4625,4634} -MaxEvents 2000 | Select-Object TimeCreated,Id,Message ${csv}`,
  },
  {
    name: "users",
    shows: "Accounts that the system knows",
    linux: "getent passwd",
    windows: `Get-LocalUser | Select-Object Name,Enabled,LastLogon,PasswordLastSet,SID ${csv}`,
  },
  {
    name: "scheduled",
    shows: "What runs by the clock: cron's tables, scheduled tasks",
    linux:
      "grep -rsH '' /etc/crontab /etc/anacrontab /etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /var/spool/cron",
    windows: `Get-ScheduledTask | Select-Object TaskPath,TaskName,State,Author ${csv}`,
  },
  {
    name: "services",
    shows: "Services: systemd's units, Windows services with their programs",
    linux: "systemctl list-units --all --full --no-pager --plain",
    windows: `Get-CimInstance Win32_Service | Select-Object Name,State,StartMode,StartName,PathName ${csv}`,
  },
  {
    name: "timers",
    shows: "systemd's timers and what they start",
    linux: "systemctl list-timers --all --full --no-pager --plain",
    windows: null,
  },
  {
    name: "kernel-modules",
    shows: "Modules in the kernel, drivers",
    linux: "lsmod",
    windows: `Get-CimInstance Win32_SystemDriver | Select-Object Name,State,PathName ${csv}`,
  },
  {
    name: "changed-files",
    shows: "Files that were changed in the last three days, on the root's file system",
    linux: "find / -xdev -type f -mtime -3 -printf '%T+ %m %u %g %s %p\\n'",
    windows: `Get-ChildItem C:\\ -Recurse -File -Force -ErrorAction SilentlyContinue | Where-Object LastWriteTime -gt (Get-Date).AddDays(-3) | Select-Object LastWriteTime,Length,FullName ${csv}`,
  },
  {
    name: "containers",
    shows: "Containers, running and stopped",
    linux: "docker ps --all --no-trunc",
    windows: null,
  },
  {
    name: "network",
    shows: "Addresses and routes as the system has them",
    linux: "ip route show table all",
    windows: `Get-NetRoute | Select-Object DestinationPrefix,NextHop,InterfaceAlias ${csv}`,
  },
  {
    name: "mounts",
    shows: "What is mounted where",
    linux: "findmnt --list --noheadings",
    windows: `Get-Volume | Select-Object DriveLetter,FileSystemLabel,Size ${csv}`,
  },
];
