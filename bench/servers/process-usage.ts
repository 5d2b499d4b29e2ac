import { readFileSync } from 'node:fs'

/** What the kernel says that a process has used (Linux). */

/** The kernel counts CPU time for /proc in these: 10 ms each (USER_HZ is 100 on every architecture that Node runs on). */
const TICKS_PER_SECOND = 100

/** CPU time, user and system, of all threads of a process since its start, in microseconds; steps of 10 ms. */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The name, in parentheses, may hold spaces: count fields from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const userTicks = Number(fields[11])
  const systemTicks = Number(fields[12])
  return ((userTicks + systemTicks) * 1_000_000) / TICKS_PER_SECOND
}

/** Memory of a process that lies in RAM, in KB. */
export function residentKilobytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(status)
  if (found === null) throw new Error(`process ${pid} has no VmRSS: it has ended`)
  return Number(found[1])
}

/** Time that all processors together were busy, or held back by the hypervisor, since boot, in microseconds. */
export function machineBusyMicros(): number {
  const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!
  const [user, nice, system, , , interrupts, softInterrupts, stolen] = line.trim().split(/\s+/).slice(1).map(Number)
  const ticks = user! + nice! + system! + interrupts! + softInterrupts! + stolen!
  return (ticks * 1_000_000) / TICKS_PER_SECOND
}
