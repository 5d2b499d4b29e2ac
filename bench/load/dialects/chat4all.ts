import { randomBytes } from 'node:crypto'
import {
  type ConversationId,
  type Cseq,
  errorCodeOfWire,
  MEMBERS_CHANGED_MAX,
  type ServerFrame,
  seq,
  type UserId,
} from '@chat4all/protocol'
import type { Closable, Dialect, DialectOptions, OpenConversation, ReaderEvents, Target } from '../dialect.js'
import { openMany, portOf } from '../dialect.js'
import {
  Chat4AllSession,
  isMessageId,
  messageIdOf,
  newIdPrefix,
  SendTemplate,
  type SessionEvents,
  type SessionOptions,
} from './chat4all-session.js'
import { userTokens } from './chat4all-tokens.js'

/** Our own protocol. Every sender and reader is a user of its own; a conversation of two is private, else a group. */

const IGNORED: SessionEvents = {
  sent() {},
  delivered() {},
  other() {},
  chunkRead() {},
  closed() {},
}

/** Events of a session of which only some matter. */
export function messageEvents(wanted: Partial<SessionEvents>): SessionEvents {
  return { ...IGNORED, ...wanted }
}

/** @throws Error when the edge refuses, which ends the session with that reason. */
export function isCreated(frame: ServerFrame): frame is Extract<ServerFrame, { t: 'created' }> {
  if (frame.t === 'error') throw new Error(`create is refused: ${errorCodeOfWire(frame.code)} ${frame.detail}`)
  return frame.t === 'created'
}

/** How often a reader tells how far it has got, at most: as apps do, not once per message. */
const RECEIPT_EVERY_MS = 200

export function chat4allDialect(target: Target, options: DialectOptions = {}): Dialect {
  const tokenOf = userTokens(target)
  // Names are new in each run, so that a server with data from an earlier one starts each conversation anew.
  const run = randomBytes(4).toString('hex')
  const idleName = (index: number) => `i${run}-${index}` as UserId
  let idleTokens: string[] = []

  return {
    async openConversation(index, text, sender, readers): Promise<OpenConversation> {
      const idPrefix = newIdPrefix()
      const names = readers.map((_, i) => `r${run}-${index}-${i}` as UserId)
      /** cseq of message k is k + this. */
      let cseqsBefore = 0
      const changed = new Map<number, (seq: number) => void>()
      /** Highest seq of the conversation that this session was told of. */
      let seen = 0

      const session = await Chat4AllSession.open(
        { port: portOf(target, index), token: await tokenOf(`s${run}-${index}`) },
        {
          ...IGNORED,
          sent(cseq, bytes, idAt, at) {
            seen = Math.max(seen, at)
            if (cseq <= cseqsBefore) return changed.get(cseq)?.(at)
            const k = cseq - cseqsBefore
            sender.acknowledged(k, at, isMessageId(idPrefix, k, bytes, idAt))
          },
          delivered(at) {
            seen = Math.max(seen, at)
          },
          other(frame) {
            if (frame.t === 'error' || frame.t === 'busy') {
              const detail = frame.t === 'error' ? frame.detail : `retry after ${frame.retry_after} ms`
              sender.refused((frame.cseq ?? 0) - cseqsBefore, `${errorCodeOfWire(frame.code)} ${detail}`)
            }
          },
          chunkRead: () => sender.chunkRead(),
          closed: (reason) => sender.closed(reason),
        },
      )
      const { info } = await session.ask(
        {
          t: 'create',
          cseq: ++cseqsBefore as Cseq,
          type: readers.length === 1 ? 'private' : 'group',
          members: names.slice(0, MEMBERS_CHANGED_MAX),
          message_id: messageIdOf(newIdPrefix(), 0),
        },
        isCreated,
      )
      let base: number = info.head
      for (let from = MEMBERS_CHANGED_MAX; from < names.length; from += MEMBERS_CHANGED_MAX) {
        const cseq = ++cseqsBefore
        const seqOfChange = new Promise<number>((resolve) => changed.set(cseq, resolve))
        session.write({
          t: 'members',
          cseq: cseq as Cseq,
          conversation: info.conversation,
          message_id: messageIdOf(newIdPrefix(), 0),
          add: names.slice(from, from + MEMBERS_CHANGED_MAX),
          remove: [],
        })
        base = await seqOfChange
      }
      const opened = await openMany(names.length, async (i) => {
        // Not the sender's edge, where there are several: what is measured goes all the way.
        const access = { port: portOf(target, index + 1 + i), token: await tokenOf(names[i]!) }
        if (options.receipts !== true) return Chat4AllSession.open(access, readerEvents(readers[i]!, base))
        return openReceiptingReader(access, info.conversation, readerEvents(readers[i]!, base))
      })
      const template = new SendTemplate(info.conversation, idPrefix, text)
      return {
        base,
        readers: opened,
        sender: {
          queue: (k) => session.queue(template.patch(cseqsBefore + k, k, seen)),
          flush: () => session.flush(),
          close: () => session.close(),
        },
      }
    },

    async prepareIdle(count) {
      idleTokens = await openMany(count, (index) => tokenOf(idleName(index)))
    },

    async openIdle(index, joined, closed): Promise<Closable> {
      const events = { ...IGNORED, closed }
      const token = idleTokens[index] ?? (await tokenOf(idleName(index)))
      const session = await Chat4AllSession.open({ port: portOf(target, index), token }, events)
      if (joined) {
        await session.ask(
          {
            t: 'create',
            cseq: 1 as Cseq,
            type: 'private',
            members: [idleName(index ^ 1)],
            message_id: messageIdOf(newIdPrefix(), 0),
          },
          isCreated,
        )
      }
      return session
    },
  }
}

/** A reader that tells the server what has been delivered to it. */
async function openReceiptingReader(
  access: SessionOptions,
  conversation: ConversationId,
  events: SessionEvents,
): Promise<Chat4AllSession> {
  let last = seq(0)
  let timer: NodeJS.Timeout | undefined
  const session: Chat4AllSession = await Chat4AllSession.open(access, {
    ...events,
    delivered(at, bytes, from, to, idAt) {
      last = seq(at)
      timer ??= setTimeout(tell, RECEIPT_EVERY_MS)
      events.delivered(at, bytes, from, to, idAt)
    },
    closed(reason) {
      clearTimeout(timer)
      events.closed(reason)
    },
  })
  const tell = (): void => {
    timer = undefined
    session.write({ t: 'receipt', conversation, delivered: last, read: seq(0) })
  }
  return session
}

/** A reader sees only what comes after the conversation was set up. */
function readerEvents(reader: ReaderEvents, base: number): SessionEvents {
  return {
    ...IGNORED,
    delivered(at, bytes, from, to) {
      if (at > base) reader.delivered(at, bytes, from, to)
    },
    closed: (reason) => reader.closed(reason),
  }
}
