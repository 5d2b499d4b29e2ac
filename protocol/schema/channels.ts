import { CLIENT_FRAMES, PROTOCOL_VERSION, SERVER_FRAMES } from './client-frames.js'
import { EDGE_LINK_FRAMES, LINK_VERSION, NODE_LINK_FRAMES } from './link-frames.js'
import type { AnyFrameType } from './shapes.js'

/** The two channels and their four directions, for everything that goes through all frames: reference, vectors, tests. */

export interface Direction {
  /** Who speaks to whom; also the name of a file of vectors. */
  readonly name: 'client-to-edge' | 'edge-to-client' | 'edge-to-node' | 'node-to-edge'
  readonly channel: 'client' | 'link'
  readonly version: number
  readonly frames: readonly AnyFrameType[]
}

export const DIRECTIONS: readonly Direction[] = [
  { name: 'client-to-edge', channel: 'client', version: PROTOCOL_VERSION, frames: CLIENT_FRAMES },
  { name: 'edge-to-client', channel: 'client', version: PROTOCOL_VERSION, frames: SERVER_FRAMES },
  { name: 'edge-to-node', channel: 'link', version: LINK_VERSION, frames: EDGE_LINK_FRAMES },
  { name: 'node-to-edge', channel: 'link', version: LINK_VERSION, frames: NODE_LINK_FRAMES },
]
