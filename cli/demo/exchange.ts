import { Client, type Message, type MessageStatus, requestToken } from '@chat4all/sdk'
import { WebSocket } from '@chat4all/sdk/node'

/** How a program reaches a server as an app. */
export interface AppAccess {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
}

const STEP_MS_MAX = 10_000

const LINES: readonly (readonly ['alice' | 'bob', string])[] = [
  ['alice', 'Hi Bob! This went through a WebSocket, a shard-node and its log before you saw it.'],
  ['bob', 'Got it, once and in order. Is it really on disk?'],
  ['alice', 'Written and synced before my first tick.'],
  ['bob', 'And if the server is killed now?'],
  ['alice', 'Then we reconnect, and nothing is missing.'],
]

/**
 * The main job, shown: two users on real sockets exchange messages. Each line is printed when the sender knows that
 * the other has read it.
 */
export async function runDemoExchange(access: AppAccess, print: (line: string) => void): Promise<void> {
  const people = { alice: await signIn(access, 'alice'), bob: await signIn(access, 'bob') }
  try {
    const { id: conversation } = await people.alice.createPrivate('bob')
    await within(
      STEP_MS_MAX,
      'bob to be told of the conversation',
      untilTrue(people.bob, () => people.bob.conversation(conversation) !== undefined),
    )
    print(`conversation ${conversation} of alice and bob`)
    for (const [author, text] of LINES) {
      const sender = people[author]
      const reader = people[author === 'alice' ? 'bob' : 'alice']
      const sending = sender.send(conversation, text)
      const arrived = messageOf(reader, (message) => message.messageId === sending.messageId)
      const { seq } = await within(STEP_MS_MAX, 'the message to be stored', sending.result)
      await within(STEP_MS_MAX, 'the message to arrive', arrived)
      reader.markRead(conversation, seq)
      const state = (): MessageStatus['state'] | undefined => sender.messageStatus(conversation, seq)?.state
      await within(
        STEP_MS_MAX,
        'the message to be read',
        untilTrue(sender, () => state() === 'read'),
      )
      print(`  #${seq}  ${author.padEnd(5)}  ${text}   ✓ sent  ✓✓ delivered  ✓✓ read`)
    }
  } finally {
    await Promise.all([people.alice.close(), people.bob.close()])
  }
}

async function signIn({ url, clientId, clientSecret }: AppAccess, user: string): Promise<Client> {
  // Before the client asks for it, which would ask again and again where the certificate is not accepted.
  const { accessToken: token } = await requestToken(url, { clientId, clientSecret, user })
  const client = new Client({ url, token, WebSocket, agent: 'chat4all demo', device: 'demo' })
  await within(STEP_MS_MAX, `${user} to connect`, client.connect())
  return client
}

function messageOf(client: Client, wanted: (message: Message) => boolean): Promise<Message> {
  return new Promise((resolve) => {
    const stop = client.on('message', (message) => {
      if (!wanted(message)) return
      stop()
      resolve(message)
    })
  })
}

/** Looks now, and again whenever something in a conversation has changed. */
function untilTrue(client: Client, met: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (met()) return resolve()
    const stop = client.on('conversation', () => {
      if (!met()) return
      stop()
      resolve()
    })
  })
}

async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
