import { alertmanager } from './alertmanager.js'
import { cassandra } from './cassandra.js'
import { consul } from './consul.js'
import type { Engine } from './engine.js'
import { kafka } from './kafka.js'
import { nomad } from './nomad.js'
import { prometheus } from './prometheus.js'
import { redis } from './redis.js'
import { s3 } from './s3.js'
import { toxiproxy } from './toxiproxy.js'

/** Every engine, those that come fastest first: a test run installs in this order while other tests run. */
export const ALL: readonly Engine[] = [redis, kafka, cassandra, toxiproxy, s3, consul, nomad, prometheus, alertmanager]
