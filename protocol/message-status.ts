/**
 * What becomes of a message on its way to one receiver, from reports that may come twice, late and in any order: of
 * every order and repetition the same state is made, because reports are only ever joined, never applied.
 */

/** From least to most: who has it knows more than who says that it could not be delivered. */
export const MESSAGE_STATES = ['sent', 'failed', 'delivered', 'read'] as const
export type MessageState = (typeof MESSAGE_STATES)[number]

/** When each state was first reported; a state that was never reported is left out. */
export type StateTimes = Readonly<Partial<Record<MessageState, number>>>

/** Joins what two lists of reports say: commutative, associative, and idempotent. The earliest report of a state counts. */
export function joinStates(a: StateTimes, b: StateTimes): StateTimes {
  const joined: Partial<Record<MessageState, number>> = { ...a }
  for (const state of MESSAGE_STATES) {
    const [mine, other] = [a[state], b[state]]
    if (other !== undefined) joined[state] = mine === undefined ? other : Math.min(mine, other)
  }
  return joined
}

/** The state that the reports amount to; undefined: there are none. */
export function stateOf(times: StateTimes): MessageState | undefined {
  return MESSAGE_STATES.findLast((state) => times[state] !== undefined)
}

/** What all receivers together amount to: the least that any of them has. Without receivers the message is sent. */
export function stateOfAll(receivers: readonly StateTimes[]): MessageState {
  const states = receivers.map((times) => stateOf(times) ?? 'sent')
  return MESSAGE_STATES.find((state) => states.includes(state)) ?? 'sent'
}
