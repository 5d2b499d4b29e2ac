import { Writable } from 'node:stream'
import { destination, type Logger, pino } from 'pino'
import type { LogLevel } from './config/settings.js'

export type { Logger } from 'pino'

/** Names under which secrets could stand in what is logged; the value is replaced. */
const REDACTED = ['token', 'access_token', 'accessToken', 'secret', 'client_secret', 'clientSecret', 'authorization']

/**
 * The process's log, on stderr (stdout belongs to the command): one JSON object per line, or lines for people when
 * stderr is a terminal. Written synchronously, so that the last words of a dying process are there.
 */
export function createLogger(level: LogLevel, terminal: boolean = process.stderr.isTTY === true): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    terminal ? linesForPeople(process.stderr) : destination({ fd: 2, sync: true }),
  )
}

const LEVEL_NAMES: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'ERROR',
  60: 'FATAL',
}

/** Turns pino's JSON into `12:34:56.789 info message  key=value`; where there is no message, the event's name. */
export function linesForPeople(out: { write(text: string): unknown }): Writable {
  return new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      out.write(lineForPeople(line))
      done()
    },
  })
}

function lineForPeople(json: string): string {
  const { level, time, pid, msg, event, err, ...fields } = JSON.parse(json) as Record<string, unknown>
  const clock = new Date(time as number).toISOString().slice(11, 23)
  const pairs = Object.entries(fields).map(
    ([key, value]) => `  ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const stack = (err as { stack?: string } | undefined)?.stack
  return `${clock} ${LEVEL_NAMES[level as number] ?? level} ${msg ?? event ?? ''}${pairs.join('')}\n${stack === undefined ? '' : `${stack}\n`}`
}
