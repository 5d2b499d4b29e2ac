import { createInterface, type Interface } from 'node:readline'
import { Chat4AllError, type Client, type ClientEvents, type ConnectionState, type Message } from '@chat4all/sdk/node'
import { explanation } from '../commands/user-command.js'
import { LiveLines } from '../terminal/live-lines.js'
import { MARKS, messageText, timeText } from '../terminal/message-text.js'
import { columnsOf, printable } from '../terminal/printable.js'
import { Styles } from '../terminal/styles.js'
import type { TailOutput } from './tail.js'

export interface ChatScreenOptions {
  readonly marksRead: boolean
  /** Called when the user closes the input. */
  readonly stop: () => void
}

/** An own message on the screen. */
interface Followed {
  /** Under what the client knows it: what another device or an earlier run sent, by its seq only. */
  readonly name: string | number
  mark: string
}

/** Own lines whose ticks may still change. */
const FOLLOWED_MAX = 500

/** A conversation on a terminal: lines with ticks that change, and an input line whose lines are sent. */
export class ChatScreen implements TailOutput {
  private readonly client: Client
  private readonly conversation: string
  private readonly options: ChatScreenOptions
  private readonly styles = new Styles(true)
  private readonly input: Interface
  private readonly lines: LiveLines
  private readonly stops: (() => void)[]
  private readonly followed = new Map<string, Followed>()

  constructor(client: Client, conversation: string, options: ChatScreenOptions) {
    this.client = client
    this.conversation = conversation
    this.options = options
    const { stdin, stdout } = process
    this.input = createInterface({ input: stdin, output: stdout, prompt: '> ' })
    const { input } = this
    this.lines = new LiveLines(stdout, {
      get cursorRow() {
        return input.getCursorPos().rows
      },
      draw: () => input.prompt(true),
    })
    this.input.on('line', (text) => this.send(text))
    this.input.on('SIGINT', options.stop)
    this.input.on('close', options.stop)
    const typed = () => this.input.line.length > 0 && client.setTyping(conversation, true)
    const resized = () => this.lines.resized()
    stdin.on('keypress', typed)
    stdout.on('resize', resized)
    this.stops = [
      () => stdin.off('keypress', typed),
      () => stdout.off('resize', resized),
      client.on('typing', (typing) => this.typing(typing)),
      client.on('failed', ({ messageId, error }) => this.failed(messageId, error)),
      client.on('sent', ({ messageId }) => this.remark(messageId)),
    ]
    this.input.prompt()
  }

  private send(text: string): void {
    // Where the line that was typed stands, the message will.
    const { stdout } = process
    const rows = Math.max(1, Math.ceil(columnsOf(this.input.getPrompt() + text) / stdout.columns))
    stdout.write(`\x1b[${rows}A`)
    if (text.trim() === '') return this.input.prompt()
    try {
      const { messageId, createdAt } = this.client.send(this.conversation, text)
      this.show(this.client.user!, text, createdAt, { messageId, name: messageId })
    } catch (error) {
      if (!(error instanceof Chat4AllError)) throw error
      this.note(explanation(error))
    }
  }

  private show(from: string, text: string, time: number, own?: { messageId: string; name: string | number }): void {
    const { styles } = this
    const line = ` ${styles.dim(timeText(time, Date.now()))}  ${styles.bold(from)}  ${printable(text)}`
    if (own === undefined) return this.lines.print(`  ${line}`)
    const { messageId, name } = own
    const mark = this.markOf(name)
    if (this.followed.size >= FOLLOWED_MAX) this.followed.delete(this.followed.keys().next().value!)
    this.followed.set(messageId, { name, mark })
    this.lines.print(line, messageId, mark)
  }

  message(message: Message): void {
    const { messageId, from, time, own, seq } = message
    // What was typed here is on the screen already.
    if (this.followed.has(messageId)) return this.remark(messageId)
    if (own) return this.show(from, messageText(message), time, { messageId, name: seq })
    this.show(from, messageText(message), time)
    if (this.options.marksRead) this.client.markRead(this.conversation, seq)
  }

  private markOf(name: string | number): string {
    const status = this.client.messageStatus(this.conversation, name)
    const state = status?.state ?? 'sending'
    const mark = MARKS[state]
    return state === 'read' ? this.styles.read(mark) : state === 'failed' ? this.styles.fault(mark) : mark
  }

  private remark(messageId: string): void {
    const followed = this.followed.get(messageId)
    if (followed === undefined) return
    const mark = this.markOf(followed.name)
    if (mark === followed.mark) return
    followed.mark = mark
    this.lines.mark(messageId, mark)
  }

  receipts(): void {
    for (const messageId of this.followed.keys()) this.remark(messageId)
  }

  private failed(messageId: string, error: Chat4AllError): void {
    this.remark(messageId)
    this.note(explanation(error))
  }

  private typing({ conversation }: ClientEvents['typing']): void {
    if (conversation !== this.conversation) return
    const users = this.client.conversation(conversation)?.typing ?? []
    this.input.setPrompt(users.length === 0 ? '> ' : `${users.join(', ')} … > `)
    this.input.prompt(true)
  }

  gap({ after, first }: ClientEvents['gap']): void {
    this.note(`messages ${after + 1} to ${first - 1} have expired`)
  }

  removed(): void {
    this.note('you are no longer a member')
  }

  state(state: ConnectionState): void {
    if (state.status === 'offline' && state.reason !== undefined) this.note(explanation(state.reason))
    if (state.status === 'online') this.note('connected again')
  }

  private note(text: string): void {
    this.lines.print(this.styles.dim(`-- ${text}`))
  }

  close(): void {
    for (const stop of this.stops) stop()
    this.input.off('close', this.options.stop)
    this.input.close()
    process.stdout.write('\n')
  }
}
