import { DIRECTIONS, type Direction } from '../schema/channels.js'
import { PROTOCOL_VERSION, SOCKET_PATH } from '../schema/client-frames.js'
import { NAMED_SCHEMAS, withReferences } from './named-schemas.js'

/** How a shape lies on the wire is told by extensions, for which AsyncAPI has no word. */
const ON_THE_WIRE = [
  'Frames are MessagePack. A frame is an array: its `x-code`, then its fields in the order of `x-fields`.',
  'Named shapes within it are arrays of their fields in the order of `x-fields`; a shape of a `oneOf` has its `x-tag` first.',
  'An enum travels as its index, binary (`contentEncoding: base16`) as bin.',
  'Bounds of text and of content count bytes (`x-bytes-max`).',
  'Absent fields are nil, or left out at the end of the array; fields that are not known are to be passed over.',
].join(' ')

const CONTENT_TYPE = 'application/vnd.msgpack'

const CHANNELS = {
  client: {
    address: SOCKET_PATH,
    title: 'A session of a user, over WebSocket',
    description: `Between a client and an edge. A binary WebSocket message holds one or more frames. ${ON_THE_WIRE}`,
  },
  link: {
    address: null,
    title: 'A link inside of a cluster, over TCP',
    description: `Between an edge and a shard-node. Packets of frames with their length (uint32) in front. ${ON_THE_WIRE}`,
  },
}

/** The AsyncAPI 3.0 document of both channels. */
export function asyncApi(): object {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Chat4All frames',
      version: `${PROTOCOL_VERSION}.0.0`,
      description:
        'The realtime protocol of Chat4All. Readable: frames.md beside this file. Test vectors: protocol/vectors/.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: CONTENT_TYPE,
    channels: Object.fromEntries(
      Object.entries(CHANNELS).map(([name, channel]) => [
        name,
        {
          ...channel,
          messages: Object.fromEntries(
            framesOf(name).map(({ id, type }) => [type.name, { $ref: `#/components/messages/${id}` }]),
          ),
        },
      ]),
    ),
    // An edge tells its side of the client's channel, a shard-node its side of the link.
    operations: Object.fromEntries(DIRECTIONS.map((direction) => [camelCase(direction.name), operation(direction)])),
    components: {
      messages: Object.fromEntries(
        Object.keys(CHANNELS)
          .flatMap(framesOf)
          .map(({ id, type }) => [
            id,
            {
              name: type.name,
              title: type.name,
              summary: type.about,
              contentType: CONTENT_TYPE,
              payload: { ...withReferences(type.schema, '#/components/schemas/'), 'x-code': type.code },
            },
          ]),
      ),
      schemas: Object.fromEntries(
        [...NAMED_SCHEMAS].map(([schema, name]) => [name, withReferences(schema, '#/components/schemas/')]),
      ),
    },
  }
}

function framesOf(channel: string) {
  return DIRECTIONS.filter((direction) => direction.channel === channel).flatMap(({ frames }) =>
    frames.map((type) => ({ id: `${channel}-${type.name}`, type })),
  )
}

function operation({ name, channel, frames }: Direction): object {
  const receives = name === 'client-to-edge' || name === 'edge-to-node'
  return {
    action: receives ? 'receive' : 'send',
    channel: { $ref: `#/channels/${channel}` },
    summary: `Frames ${name.replaceAll('-', ' ')}`,
    messages: frames.map((type) => ({ $ref: `#/channels/${channel}/messages/${type.name}` })),
  }
}

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
