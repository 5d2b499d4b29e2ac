import { Chat4AllError } from '@chat4all/protocol'
import { eventsAnswer, eventsQuery } from '@chat4all/protocol/rest'
import { endpoint } from '../endpoint.js'
import { StreamedResponse } from '../http/streamed-response.js'

export const getEvents = endpoint({
  method: 'get',
  path: '/v1/events',
  name: 'streamEvents',
  tag: 'Events',
  summary: 'Follow what happens to a user: server-sent events, or long polling',
  description:
    'For clients without WebSocket; the order and the promise are the same: of each conversation every message, in order, ' +
    'without a gap, at least once. A stream begins with the user’s conversations, then `ready`; from there on events ' +
    'have ids. Come back with the last one (Last-Event-ID, which browsers send by themselves) and nothing is missed. ' +
    'With `wait`: one page of events as JSON. The stream ends with the token.',
  access: 'token',
  query: eventsQuery,
  answers: {
    200: {
      description: 'With `wait` a page; else events, for as long as the stream lasts.',
      schema: eventsAnswer,
      streams: true,
    },
  },
  refusals: ['FORBIDDEN', 'DRAINING'],
  async handle({ identity, query, header }, { eventStreams }) {
    const { app, user, expires } = identity
    if (user === undefined) throw new Chat4AllError('FORBIDDEN', 'A stream is one user’s: it needs a token of a user.')
    if (eventStreams === undefined) throw new Chat4AllError('UNAVAILABLE', 'This server has no event streams.')
    const as = { app, user, expires }
    const release = eventStreams.admit(as)
    try {
      const resume = await eventStreams.resume(as, query.after ?? header('last-event-id') ?? undefined)
      if (query.wait !== undefined) {
        const page = await eventStreams.page(as, resume, query.wait * 1000)
        release()
        return { status: 200, body: page }
      }
      const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
      const stream = new StreamedResponse({ status: 200, headers }, (sink) =>
        eventStreams.stream(as, resume, sink, release),
      )
      return { status: 200, stream }
    } catch (error) {
      release()
      throw error
    }
  },
})
