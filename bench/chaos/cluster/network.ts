import { reservedPort } from './reserved-port.js'

/**
 * The network between components: every way (who dials → whom) leads through a proxy of its own in toxiproxy, so that
 * each can be cut or slowed by itself, in both directions or in one.
 */

/** `cut`: nothing passes; `requests-lost`: only answers pass; `answers-lost`: only requests do; `slow`: with delay. */
export const DISTURBANCES = ['cut', 'requests-lost', 'answers-lost', 'slow'] as const
export type Disturbance = (typeof DISTURBANCES)[number]

const SLOW_MS = 150
const SLOW_JITTER_MS = 100

interface Toxic {
  readonly type: string
  readonly stream: 'upstream' | 'downstream'
  readonly attributes: Readonly<Record<string, number>>
}

/** A time-out of 0 swallows all data until it is taken away; then the connection ends, as TCP's would sooner or later. */
const SWALLOW = { type: 'timeout', attributes: { timeout: 0 } } as const

const TOXICS: Readonly<Record<Disturbance, readonly Toxic[]>> = {
  cut: [
    { ...SWALLOW, stream: 'upstream' },
    { ...SWALLOW, stream: 'downstream' },
  ],
  'requests-lost': [{ ...SWALLOW, stream: 'upstream' }],
  'answers-lost': [{ ...SWALLOW, stream: 'downstream' }],
  slow: [{ type: 'latency', stream: 'downstream', attributes: { latency: SLOW_MS, jitter: SLOW_JITTER_MS } }],
}

interface Way {
  readonly from: string
  readonly to: string
  readonly proxy: string
  toxics: string[]
}

export class Network {
  private readonly url: string
  private readonly prefix: string
  private readonly ways: Way[] = []

  /** `prefix`: the proxies of one run are told from those of others by it. */
  constructor(url: string, prefix: string) {
    this.url = url
    this.prefix = prefix
  }

  /** Makes a way from one component to another that listens at `target`; resolves with the address to dial instead. */
  async open(from: string, to: string, target: string): Promise<string> {
    const proxy = `${this.prefix}.${from}.${to}.${this.ways.length}`
    const made = (await this.call('POST', '/proxies', {
      name: proxy,
      listen: `127.0.0.1:${await reservedPort()}`,
      upstream: target,
      enabled: true,
    })) as { listen: string }
    this.ways.push({ from, to, proxy, toxics: [] })
    return made.listen
  }

  has(from: string, to: string): boolean {
    return this.ways.some((way) => way.from === from && way.to === to)
  }

  async disturb(from: string, to: string, disturbance: Disturbance): Promise<void> {
    await Promise.all(
      this.between(from, to).map(async (way) => {
        for (const toxic of TOXICS[disturbance]) {
          const name = `${toxic.type}-${toxic.stream}`
          if (way.toxics.includes(name)) continue
          way.toxics.push(name)
          await this.call('POST', `/proxies/${way.proxy}/toxics`, { ...toxic, name, toxicity: 1 })
        }
      }),
    )
  }

  /** Takes every disturbance away. */
  async heal(from: string, to: string): Promise<void> {
    await Promise.all(
      this.between(from, to).map(async (way) => {
        for (const name of way.toxics.splice(0)) {
          await this.call('DELETE', `/proxies/${way.proxy}/toxics/${name}`)
        }
      }),
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.ways.splice(0).map(({ proxy }) => this.call('DELETE', `/proxies/${proxy}`).catch(() => {})))
  }

  private between(from: string, to: string): Way[] {
    return this.ways.filter((way) => way.from === from && way.to === to)
  }

  private async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`toxiproxy: ${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}
