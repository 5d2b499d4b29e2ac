/** What a command is about: a whole engine, or one of its processes (counted from 1). */
export interface Target {
  readonly engine: string
  readonly index?: number
}

export interface Known {
  readonly name: string
  /** Names of its processes, in order. */
  readonly instances: readonly string[]
}

/** Reads `redis cassandra 2 redis-17103`: an engine, an engine and which of its processes, or a process by its name. */
export function readTargets(words: readonly string[], known: readonly Known[]): Target[] {
  const targets: Target[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    const engine = known.find(({ name }) => name === word)
    const owner = known.find(({ instances }) => instances.includes(word))
    const next = words[at + 1]
    if (engine !== undefined && next !== undefined && /^\d+$/.test(next)) {
      const index = Number(next)
      if (index < 1 || index > engine.instances.length) {
        throw new Error(`${word} has processes 1 to ${engine.instances.length}, not ${next}`)
      }
      targets.push({ engine: word, index })
      at++
    } else if (engine !== undefined) targets.push({ engine: word })
    else if (owner !== undefined) targets.push({ engine: owner.name, index: owner.instances.indexOf(word) + 1 })
    else throw new Error(`no engine is called ${word}`)
  }
  return targets
}
