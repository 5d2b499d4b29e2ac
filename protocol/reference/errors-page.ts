import { ERRORS, type ErrorEntry } from '../errors.js'
import { GENERATED, table } from './markdown.js'

/** What a client does by itself, by `retry`: the only thing that it looks at. */
const SDK_DOES: Readonly<Record<ErrorEntry['retry'], string>> = {
  never: 'Gives the error to the caller; the same request would fail again.',
  after: 'Waits `retry_after` ms, then sends the same again, in order, with the same `message_id`.',
  reconnect: 'Opens a new session after a random delay that grows (full jitter), and sends again what is unanswered.',
  token: 'Asks the application for a new token, then connects again.',
}

/** docs/errors.md */
export function errorsPage(): string {
  const entries: [string, ErrorEntry][] = Object.entries(ERRORS)
  const overview = table(
    ['Code', 'In frames', 'HTTP', 'Close', 'Retry'],
    entries.map(([code, entry]) => [
      `[${code}](#${code.toLowerCase()})`,
      String(entry.wire),
      String(entry.http),
      entry.close === undefined ? '' : String(entry.close),
      `\`${entry.retry}\``,
    ]),
  )
  const sections = entries.map(([code, entry]) => {
    const close = entry.close === undefined ? '' : ` · close code ${entry.close}`
    return [
      `## ${code}`,
      `${entry.wire} in \`error\` and \`busy\` frames · HTTP ${entry.http}${close} · retry \`${entry.retry}\``,
      `**Means.** ${entry.means}`,
      `**Remedy.** ${entry.remedy}`,
      `**An SDK** ${lowerFirst(sdkDoes(entry))}`,
    ].join('\n\n')
  })
  return `${[
    '# Errors',
    GENERATED,
    `One closed set for frames, REST and close codes. Programs look at the code and at \`retry\`, never at the text. A session
that ends with a close code of 4000–4499 is to be opened again; after 4500–4999 the remedy comes first. A number that
you do not know comes from a newer server: treat it as INTERNAL.`,
    overview,
    ...sections,
  ].join('\n\n')}\n`
}

function sdkDoes({ close, retry }: ErrorEntry): string {
  if (close === undefined) return SDK_DOES[retry]
  const ends =
    retry === 'after' ? 'If the session was closed, opens a new one after that time.' : 'The session is closed.'
  return `${SDK_DOES[retry]} ${ends}`
}

function lowerFirst(text: string): string {
  return text[0]!.toLowerCase() + text.slice(1)
}
