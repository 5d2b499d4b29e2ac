import type { MessageView, NodeLogs, SlotTable } from '@chat4all/storage'
import { World } from '../world/world.js'
import { type SimulatedStore, simulatedStore } from './index.js'
import type { Done } from './node-logs.js'

/** The simulated store behind the ports of storage, on a world of its own that runs as soon as something is asked. */
export interface StorePorts {
  readonly logs: NodeLogs
  readonly slots: SlotTable
  readonly view: MessageView
}

/** For the contract suites of storage: what the simulator tells its clusters is what every adapter promises. */
export function storePorts(seed: number): StorePorts {
  const world = new World(seed)
  const { logs, slots, view }: SimulatedStore = simulatedStore(world)
  let scheduled = false
  const pump = () => {
    if (scheduled) return
    scheduled = true
    // All that one turn asks for is under way together, as it would be with a real store.
    setImmediate(() => {
      scheduled = false
      world.runUntilIdle()
    })
  }
  const ask = <T>(begin: (done: Done<T>) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      begin((outcome) => (outcome === undefined ? reject(new Error('the outcome is unknown')) : resolve(outcome)))
      pump()
    })
  const nothing = async (begin: (done: Done<true>) => void): Promise<void> => void (await ask(begin))
  const close = async (): Promise<void> => {}

  return {
    logs: {
      open: (log) => nothing((done) => logs.open(log, done)),
      append: (log, offset, entry) => nothing((done) => logs.append(log, offset, entry, done)),
      isSealed: (log) => ask((done) => logs.isSealed(log, done)),
      seal: (log) => nothing((done) => logs.seal(log, done)),
      read: (log, from, limit) => ask((done) => logs.read(log, from, limit, done)),
      writeBack: (log, offset, entry) => nothing((done) => logs.writeBack(log, offset, entry, done)),
      decideEnd: (log, end) => ask((done) => logs.decideEnd(log, end, done)),
      endOf: async (log) => logs.endOf(log),
      cursors: (log) => ask((done) => logs.cursors(log, done)),
      saveCursor: (log, which, cursor) => nothing((done) => logs.saveCursor(log, which, cursor, done)),
      dropBelow: (log, below) => nothing((done) => logs.dropBelow(log, below, done)),
      list: () => ask((done) => logs.list(done)),
      close,
    },
    slots: {
      read: () => ask((done) => slots.read(done)),
      claim: (moves) => ask((done) => slots.claim(moves, done)),
      close,
    },
    view: {
      apply: (changes) => nothing((done) => view.apply(changes, done)),
      load: async (conversation) =>
        (await ask<{ stored: Awaited<ReturnType<MessageView['load']>> }>((done) => view.load(conversation, done)))
          .stored,
      messages: (conversation, range) => ask((done) => view.messages(conversation, range, done)),
      find: async (conversation, messageId) =>
        (
          await ask<{ seq: Awaited<ReturnType<MessageView['find']>> }>((done) =>
            view.find(conversation, messageId, done),
          )
        ).seq,
      receipts: (conversation, seq, users) => ask((done) => view.receipts(conversation, seq, users, done)),
      conversationsOf: (app, user, left = false) => ask((done) => view.conversationsOf(app, user, left, done)),
      sweep: (now, limit) => ask((done) => view.sweep(now, limit, done)),
      close,
    },
  }
}
