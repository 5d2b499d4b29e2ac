import type { ServerProfile } from '../profile/profile-server.js'
import { figure, table } from './table.js'

/** Where the server's time goes: by part of the program, then by function, per message. */
export function profileTables({ result, summary }: ServerProfile, top: number): string {
  const messages = result.window.acknowledged
  const share = (micros: number): string[] => [
    `${((100 * micros) / summary.busyMicros).toFixed(1)} %`,
    figure(micros / messages),
  ]
  const parts = summary.parts.map(({ part, micros }) => [part, ...share(micros)])
  const functions = summary.functions.slice(0, top).map(({ name, place, micros }) => [name, ...share(micros), place])
  return [
    `${figure(messages)} messages acknowledged at ${figure(result.acknowledgedPerSecond)}/s; server CPU ` +
      `${figure(result.serverCpuMicrosPerMessage)} µs/message with the profiler on; profile: ` +
      `${figure(summary.busyMicros / 1000)} ms busy, ${figure(summary.idleMicros / 1000)} ms idle.`,
    table(['part', 'self time', 'µs/message'], parts),
    table(['function', 'self time', 'µs/message', 'place'], functions),
  ].join('\n\n')
}
