import { test } from 'node:test'
import type { ConversationId } from '@chat4all/protocol'
import fc from 'fast-check'
import { CoreHarness } from '../testing/core-harness.js'
import { ModelServer } from '../testing/model-server.js'

const NAMES = ['a', 'b', 'c'] as const
const name = fc.constantFrom(...NAMES)
/** Weighted so that long stretches of ordinary work lie between faults. */
const command = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ do: 'server-step' } as const) },
  { weight: 12, arbitrary: fc.constant({ do: 'client-step' } as const) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('post' as const), name }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('other' as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(3000) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'connect' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'cut' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'crash' } as const) },
  { weight: 2, arbitrary: fc.constant({ do: 'busy' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'withhold' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'repeat' } as const) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('expire' as const),
      name,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('expire-one' as const), name, seq: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('create' as const), name }) },
)
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

function run(commands: readonly Command[]): CoreHarness {
  const server = new ModelServer()
  const harness = new CoreHarness(server)
  server.create('a')
  for (const step of commands) {
    switch (step.do) {
      case 'server-step':
        server.step()
        break
      case 'client-step':
        harness.step()
        break
      case 'post':
        // To one that is created later, a refusal that got lost would turn into consent: no order follows from that.
        harness.post((server.conversations.has(step.name as ConversationId) ? step.name : 'nowhere') as ConversationId)
        break
      case 'other': {
        const stored = server.conversations.get(step.name as ConversationId)
        if (stored !== undefined) server.post(stored, 'theirs')
        break
      }
      case 'pass':
        harness.pass(step.ms)
        break
      case 'connect':
        harness.connect()
        break
      case 'cut':
        harness.cut()
        break
      case 'crash':
        harness.crash()
        break
      case 'busy':
        server.refuseNext = 'busy'
        break
      case 'withhold':
      case 'repeat':
        server.spoilNext = step.do
        break
      case 'expire': {
        const stored = server.conversations.get(step.name as ConversationId)
        if (stored !== undefined) server.expire(stored, Math.floor(step.share * (stored.head + 1)))
        break
      }
      case 'expire-one': {
        const stored = server.conversations.get(step.name as ConversationId)
        if (stored !== undefined) server.expireOne(stored, step.seq)
        break
      }
      case 'create':
        if (!server.conversations.has(step.name as ConversationId)) server.create(step.name)
        break
    }
  }
  harness.heal()
  return harness
}

test('whatever connections and servers do, every message is told once, in order, and every send is committed once, in order', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300, size: 'max' }), (commands) => run(commands).check()),
    { numRuns: Number(process.env.RUNS ?? 300) },
  )
})
