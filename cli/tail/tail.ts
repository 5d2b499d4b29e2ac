import type { Client, ClientEvents, ConnectionState, Message } from '@chat4all/sdk/node'

/** Where what happens is shown. */
export interface TailOutput {
  message(message: Message): void
  /** A member's cursors moved. */
  receipts(receipts: ClientEvents['receipts']): void
  gap(gap: ClientEvents['gap']): void
  removed(removed: ClientEvents['removed']): void
  state(state: ConnectionState): void
  close(): void
}

export interface TailStart {
  readonly since?: number
  /** How many of the last messages to begin with, without `since`. */
  readonly lines: number
}

const PAGE_MESSAGES = 500

/**
 * Shows the messages of a conversation, or of all, to the output: first what is stored, as asked for, then what comes,
 * each once. Resolves when it shows what comes.
 */
export async function tail(
  client: Client,
  conversation: string | undefined,
  start: TailStart,
  output: TailOutput,
): Promise<void> {
  const isWanted = (event: { readonly conversation: string }) =>
    conversation === undefined || event.conversation === conversation
  // Of one conversation, history is read as well, and what it shows may also be told as new, now or later.
  let shown = start.since ?? 0
  const show = (message: Message) => {
    if (conversation !== undefined && message.seq <= shown) return
    shown = message.seq
    output.message(message)
  }
  // What comes while history is read is younger: it waits.
  let early: Message[] | undefined = conversation === undefined ? undefined : []
  client.on('message', (message) => {
    if (!isWanted(message)) return
    if (early === undefined) show(message)
    else early.push(message)
  })
  for (const type of ['receipts', 'gap', 'removed'] as const) {
    client.on(type, (event) => isWanted(event) && output[type](event as never))
  }
  client.on('state', (state) => output.state(state))
  if (conversation === undefined) return

  for await (const message of stored(client, conversation, start)) show(message)
  const waited = early ?? []
  early = undefined
  for (const message of waited) show(message)
}

async function* stored(client: Client, conversation: string, { since, lines }: TailStart): AsyncIterable<Message> {
  if (since === undefined) {
    if (lines > 0) yield* (await client.history(conversation, { limit: Math.min(lines, PAGE_MESSAGES) })).messages
    return
  }
  for (let after = since; ; ) {
    const { messages, upto, head } = await client.history(conversation, { since: after, limit: PAGE_MESSAGES })
    yield* messages
    // A page that gets nowhere would be asked for without end.
    if (upto >= head || upto <= after) return
    after = upto
  }
}
